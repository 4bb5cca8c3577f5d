using System.Net.Sockets;
using System.Runtime.InteropServices;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Transport;

/// <summary>A connected TCP socket on Linux, read and written by system calls of the calling thread.</summary>
internal sealed unsafe class TcpChannel : Channel
{
    private readonly Socket _socket;
    private readonly int _descriptor;

    public TcpChannel(Socket socket, bool unpaced = false)
    {
        _socket = socket;
        socket.Blocking = false;
        _descriptor = (int)socket.Handle;
        Description = SocketOptions.Prepare(socket, unpaced);
    }

    public override int Descriptor => _descriptor;

    public override string Description { get; }

    /// <summary>The channel for a connected socket on this platform.</summary>
    /// <param name="socket">The socket; belongs to the channel from now on.</param>
    /// <param name="unpaced">Within a machine, send large messages without pacing: good while cores are not crowded.</param>
    public static Channel Create(Socket socket, bool unpaced = false) =>
        OperatingSystem.IsLinux() ? new TcpChannel(socket, unpaced) : new ManagedTcpChannel(socket);

    public override nint Read(byte* first, nint firstLength, byte* second, nint secondLength)
    {
        IoVector* vectors = stackalloc IoVector[2];
        vectors[0] = new IoVector { Base = first, Length = firstLength };
        vectors[1] = new IoVector { Base = second, Length = secondLength };
        MessageHeader message = new() { Vectors = vectors, VectorCount = 2 };
        nint count;
        do
        {
            count = secondLength == 0
                ? Receive(_descriptor, first, firstLength, DontWait)
                : ReceiveMessage(_descriptor, &message, DontWait);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        return count switch
        {
            > 0 => count,
            0 => EndOfStream,
            _ => Failed("receiving"),
        };
    }

    public override nint Write(IoVector* vectors, int count)
    {
        MessageHeader message = new() { Vectors = vectors, VectorCount = (nuint)count };
        nint written;
        do
        {
            written = count == 1
                ? Send(_descriptor, vectors->Base, vectors->Length, DontWait | NoSignal)
                : SendMessage(_descriptor, &message, DontWait | NoSignal);
        }
        while (written < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        return written >= 0 ? written : Failed("sending");
    }

    public override PathState LookAtPath() => TcpPath.Look(_descriptor);

    public override void CloseSend() => SocketOptions.CloseSend(_socket);

    public override void Dispose() => _socket.Dispose();

    private nint Failed(string doing)
    {
        int error = Marshal.GetLastPInvokeError();
        return error switch
        {
            WouldBlock => 0,
            TimedOut or HostUnreachable or NetworkUnreachable => throw new DeadPathException(
                $"the other end of {Description} does not answer any more ({Marshal.GetPInvokeErrorMessage(error)})"),
            _ => throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} while {doing} on {Description}"),
        };
    }
}
