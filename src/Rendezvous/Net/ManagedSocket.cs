using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>A managed socket in non-blocking mode, for platforms other than Linux: simple, and without a shared port.</summary>
internal sealed class ManagedSocket : NetSocket
{
    private readonly Socket? _socket;
    private readonly SocketError _problem;

    public ManagedSocket(AddressFamily family)
    {
        try
        {
            _socket = Prepared(new Socket(family, SocketType.Stream, ProtocolType.Tcp));
        }
        catch (SocketException error)
        {
            // Mostly out of descriptors: told by value to whoever listens or connects with it, as any other failure.
            _problem = error.SocketErrorCode;
        }
    }

    private ManagedSocket(Socket socket) => _socket = Prepared(socket);

    /// <summary>It is there, unless the system had none.</summary>
    public Socket Socket => _socket!;

    public override int Descriptor => _socket is null ? -1 : 0;

    public override IPEndPoint? Local => _socket?.LocalEndPoint is IPEndPoint local ? Addresses.Normalise(local) : null;

    public override SocketError BindShared(IPEndPoint local) => SocketError.OperationNotSupported;

    public override SocketError BindReusing(IPEndPoint local) => SocketError.OperationNotSupported;

    public override SocketError Connect(IPEndPoint remote, int hops = 0)
    {
        Remote = remote;
        if (_socket is null)
            return _problem;
        try
        {
            _socket.Connect(remote);
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.WouldBlock ? SocketError.InProgress : error.SocketErrorCode;
        }
    }

    public override SocketError FinishConnect() => (SocketError)(int)Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;

    public override NetSocket? Accept(out SocketError error)
    {
        try
        {
            error = SocketError.Success;
            Socket accepted = Socket.Accept();
            return new ManagedSocket(accepted) { Remote = Addresses.Normalise((IPEndPoint)accepted.RemoteEndPoint!) };
        }
        catch (SocketException failure)
        {
            error = failure.SocketErrorCode;
            return null;
        }
    }

    public override int Receive(Span<byte> buffer, out SocketError error) => Socket.Receive(buffer, SocketFlags.None, out error);

    public override int Send(ReadOnlySpan<byte> bytes, out SocketError error) => Socket.Send(bytes, SocketFlags.None, out error);

    public override void CloseSend() => Transport.SocketOptions.CloseSend(Socket);

    public override Socket ToManaged() => Socket;

    public override void Abort() => _socket?.Close(timeout: 0);

    public override void Dispose() => _socket?.Dispose();

    protected override SocketError StartListening(IPEndPoint endPoint, bool isBesideOwn)
    {
        if (_socket is null)
            return _problem;
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                _socket.DualMode = true;
            _socket.Bind(endPoint);
            _socket.Listen(4096);
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
    }

    private static Socket Prepared(Socket socket)
    {
        socket.Blocking = false;
        socket.NoDelay = true;
        return socket;
    }
}
