using System.Net;
using System.Net.Sockets;
using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>Every way to connect two engines.</summary>
public enum TransportKind
{
    /// <summary>Rings in memory.</summary>
    Memory,

    /// <summary>TCP by system calls, epoll.</summary>
    Tcp,

    /// <summary>TCP by managed sockets, with this platform's poller.</summary>
    ManagedTcp,

    /// <summary>TCP by managed sockets, polled by select: what other platforms use.</summary>
    ManagedTcpSelect,
}

internal static class Transports
{
    public static TheoryData<TransportKind> All => [.. Enum.GetValues<TransportKind>()];

    public static (Channel First, Channel Second) Connect(this TransportKind kind)
    {
        if (kind == TransportKind.Memory)
            return MemoryChannel.CreatePair();
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket first = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        first.Connect(listener.LocalEndPoint!);
        Socket second = listener.Accept();
        return kind == TransportKind.Tcp
            ? (new TcpChannel(first), new TcpChannel(second))
            : (new ManagedTcpChannel(first), new ManagedTcpChannel(second));
    }

    public static Station NewStation(this TransportKind kind) => new(kind == TransportKind.ManagedTcpSelect ? new SelectPoller() : null);
}
