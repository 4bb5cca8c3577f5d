using System.Net.Sockets;

namespace BoxerMpi.Transport;

/// <summary>A connected TCP socket through the managed API, for platforms without the Linux system calls.</summary>
internal sealed unsafe class ManagedTcpChannel : Channel
{
    public ManagedTcpChannel(Socket socket)
    {
        Socket = socket;
        socket.Blocking = false;
        Description = SocketOptions.Prepare(socket);
    }

    public Socket Socket { get; }

    public override int Descriptor => (int)Socket.Handle;

    public override string Description { get; }

    public override nint Read(byte* first, nint firstLength, byte* second, nint secondLength)
    {
        nint count = ReadPiece(first, firstLength);
        if (count < firstLength || secondLength == 0)
            return count;

        try
        {
            return count + Math.Max(ReadPiece(second, secondLength), 0);
        }
        catch (IOException)
        {
            // What has come is delivered; the next read finds the connection broken too.
            return count;
        }
    }

    public override nint Write(IoVector* vectors, int count)
    {
        nint total = 0;
        for (int i = 0; i < count; i++)
        {
            int written = Socket.Send(
                new ReadOnlySpan<byte>(vectors[i].Base, checked((int)vectors[i].Length)), SocketFlags.None, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
                throw Broken(error, "sending");
            total += written;
            if (written < vectors[i].Length)
                break;
        }

        return total;
    }

    public override void CloseSend() => SocketOptions.CloseSend(Socket);

    public override void Dispose() => Socket.Dispose();

    private IOException Broken(SocketError error, string doing) =>
        error is SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable
            ? new DeadPathException($"the other end of {Description} does not answer any more ({error})")
            : new IOException($"{error} while {doing} on {Description}");

    private nint ReadPiece(byte* buffer, nint length)
    {
        int count = Socket.Receive(new Span<byte>(buffer, checked((int)length)), SocketFlags.None, out SocketError error);
        return error switch
        {
            SocketError.Success => count == 0 ? EndOfStream : count,
            SocketError.WouldBlock => 0,
            _ => throw Broken(error, "receiving"),
        };
    }
}
