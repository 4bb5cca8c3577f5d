using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using BoxerMpi.Control;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Rendezvous;

/// <summary>A plain descriptor.</summary>
internal sealed unsafe class LinuxSocket : NetSocket
{
    // struct sockaddr_in6; sockaddr_in is shorter.
    private const int AddressBytes = 28;
    private const int Address4Bytes = 16;

    // The kernel cuts it to net.core.somaxconn; a burst of a thousand ranks fits the usual 4096.
    private const int Backlog = 4096;

    // Packets of the other end, which start with 64 or more, have more than that left.
    private const int LeastHopsBeyond = 4;

    private readonly bool _isSix;
    private readonly SocketError _problem;
    private int _descriptor;

    public LinuxSocket(AddressFamily family)
    {
        _isSix = family == AddressFamily.InterNetworkV6;
        _descriptor = OpenSocket(_isSix ? Internet6 : Internet4, StreamSocket | NonBlocking | CloseOnExec, 0);

        // Mostly out of descriptors: told by value to whoever binds or connects it, as any other failure.
        if (_descriptor < 0)
            _problem = ErrorOf(Marshal.GetLastPInvokeError());
        else
            Set(LevelTcp, NoDelay, 1);
    }

    private LinuxSocket(int descriptor, bool isSix, IPEndPoint remote)
    {
        (_descriptor, _isSix) = (descriptor, isSix);
        Remote = remote;
        Set(LevelTcp, NoDelay, 1);
    }

    public override int Descriptor => _descriptor;

    public override IPEndPoint? Local
    {
        get
        {
            byte* address = stackalloc byte[AddressBytes];
            uint length = AddressBytes;
            return GetLocalName(_descriptor, address, &length) == 0 ? Read(address) : null;
        }
    }

    public override SocketError BindShared(IPEndPoint local)
    {
        Set(LevelSocket, ReuseAddress, 1);
        Set(LevelSocket, ReusePort, 1);
        return BindTo(local);
    }

    public override SocketError BindReusing(IPEndPoint local)
    {
        Set(LevelSocket, ReuseAddress, 1);
        return BindTo(local);
    }

    public override SocketError Connect(IPEndPoint remote, int hops = 0)
    {
        Remote = remote;
        if (_problem != SocketError.Success)
            return _problem;
        int level = _isSix ? LevelIp6 : LevelIp;
        int option = _isSix ? HopLimit : TimeToLive;
        if (hops > 0)
        {
            // The router where the packet ends says so, which would end the attempt: what it quotes has a lower count than this.
            Set(level, _isSix ? LeastHopLimit : LeastTimeToLive, hops + LeastHopsBeyond);
            Set(level, option, hops);
        }

        byte* address = stackalloc byte[AddressBytes];
        uint length = Write(remote, address);
        int result = Transport.LinuxNative.Connect(_descriptor, address, length);
        int error = result == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (hops > 0)
            Set(level, option, -1); // back to the host's default
        return error == 0 ? SocketError.Success : ErrorOf(error);
    }

    public override SocketError FinishConnect()
    {
        int value = 0;
        uint length = sizeof(int);
        return GetOption(_descriptor, LevelSocket, PendingError, &value, &length) == 0 && value == 0 ? SocketError.Success : ErrorOf(value);
    }

    public override NetSocket? Accept(out SocketError error)
    {
        byte* address = stackalloc byte[AddressBytes];
        uint length = AddressBytes;
        int accepted = Transport.LinuxNative.Accept(_descriptor, address, &length, NonBlocking | CloseOnExec);
        error = accepted >= 0 ? SocketError.Success : ErrorOf(Marshal.GetLastPInvokeError());
        return accepted >= 0 ? new LinuxSocket(accepted, _isSix, Read(address)) : null;
    }

    public override int Receive(Span<byte> buffer, out SocketError error)
    {
        fixed (byte* bytes = buffer)
            return Result(Transport.LinuxNative.Receive(_descriptor, bytes, buffer.Length, DontWait), out error);
    }

    public override int Send(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        fixed (byte* first = bytes)
            return Result(Transport.LinuxNative.Send(_descriptor, first, bytes.Length, DontWait | NoSignal), out error);
    }

    public override void CloseSend() => _ = Shutdown(_descriptor, ShutdownWrite);

    public override Socket ToManaged()
    {
        int descriptor = _descriptor;
        _descriptor = -1;
        return new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    public override void Abort()
    {
        // struct linger { int l_onoff; int l_linger; }
        int* atOnce = stackalloc int[] { 1, 0 };
        if (_descriptor >= 0)
            _ = SetOption(_descriptor, LevelSocket, LingerTime, atOnce, 2 * sizeof(int));
        Dispose();
    }

    public override void Dispose()
    {
        if (_descriptor < 0)
            return;
        _ = Close(_descriptor);
        _descriptor = -1;
    }

    protected override SocketError StartListening(IPEndPoint endPoint, bool isBesideOwn)
    {
        if (endPoint.Address.Equals(IPAddress.IPv6Any))
            Set(LevelIp6, OnlyIp6, 0);

        // A port of one's own, connections in TIME_WAIT or not; a chosen one must not be shared with a listener of another process.
        if (endPoint.Port != 0)
            Set(LevelSocket, ReuseAddress, 1);
        if (isBesideOwn)
            Set(LevelSocket, ReusePort, 1);
        SocketError error = BindTo(endPoint);
        if (error != SocketError.Success)
            return error;

        // From here on the connections of this process may use it too.
        Set(LevelSocket, ReuseAddress, 1);
        Set(LevelSocket, ReusePort, 1);

        // An answer that a NAT does not let out occupies the two endpoints: 3 s instead of a minute. Whoever calls says so again.
        Set(LevelTcp, ConnectRetries, 1);
        return Transport.LinuxNative.Listen(_descriptor, Backlog) == 0 ? SocketError.Success : ErrorOf(Marshal.GetLastPInvokeError());
    }

    private static int Result(nint count, out SocketError error)
    {
        error = count >= 0 ? SocketError.Success : ErrorOf(Marshal.GetLastPInvokeError());
        return count >= 0 ? (int)count : 0;
    }

    private static SocketError ErrorOf(int error) => error switch
    {
        WouldBlock or Interrupted => SocketError.WouldBlock,
        InProgress => SocketError.InProgress,
        NetworkUnreachable => SocketError.NetworkUnreachable,
        ConnectionReset or BrokenPipe => SocketError.ConnectionReset,
        ConnectionAborted => SocketError.ConnectionAborted,
        ConnectionRefused => SocketError.ConnectionRefused,
        HostUnreachable => SocketError.HostUnreachable,
        AddressNotAvailable => SocketError.AddressNotAvailable,
        AddressInUse => SocketError.AddressAlreadyInUse,
        TimedOut => SocketError.TimedOut,
        AccessDenied or NotPermitted => SocketError.AccessDenied,
        TooManyFiles or TooManyFilesOfAll => SocketError.TooManyOpenSockets,
        _ => SocketError.SocketError,
    };

    private SocketError BindTo(IPEndPoint local)
    {
        if (_problem != SocketError.Success)
            return _problem;
        byte* address = stackalloc byte[AddressBytes];
        uint length = Write(local, address);
        return Bind(_descriptor, address, length) == 0 ? SocketError.Success : ErrorOf(Marshal.GetLastPInvokeError());
    }

    private void Set(int level, int option, int value) => _ = SetOption(_descriptor, level, option, &value, sizeof(int));

    private uint Write(IPEndPoint endPoint, byte* target)
    {
        Span<byte> bytes = new(target, AddressBytes);
        bytes.Clear();
        *(ushort*)target = (ushort)(_isSix ? Internet6 : Internet4);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)endPoint.Port);
        if (!_isSix)
        {
            endPoint.Address.TryWriteBytes(bytes[4..], out _);
            return Address4Bytes;
        }

        IPAddress six = endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? endPoint.Address : endPoint.Address.MapToIPv6();
        six.TryWriteBytes(bytes[8..], out _);
        if (six.IsIPv6LinkLocal)
            *(uint*)(target + 24) = (uint)six.ScopeId;
        return AddressBytes;
    }

    private static IPEndPoint Read(byte* source)
    {
        Span<byte> bytes = new(source, AddressBytes);
        int port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (*(ushort*)source == Internet4)
            return new IPEndPoint(new IPAddress(bytes.Slice(4, 4)), port);
        IPAddress six = new(bytes.Slice(8, 16));
        if (six.IsIPv6LinkLocal)
            six.ScopeId = *(uint*)(source + 24);
        return Addresses.Normalise(new IPEndPoint(six, port));
    }
}
