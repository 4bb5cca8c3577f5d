using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.NatLab.Tests.Support;

/// <summary>Sockets made in the namespace of the calling thread.</summary>
internal static class Probe
{
    /// <summary>A SYN without an answer within this time is one without an answer: the way takes microseconds.</summary>
    private const int SilenceMicroseconds = 400_000;

    private const int DeadlineMicroseconds = 20_000_000;

    public static Socket Listen(IPAddress address, int port = 0)
    {
        Socket socket = Bound(new IPEndPoint(address, port));
        socket.Listen();
        return socket;
    }

    /// <summary>Connects from a port that other sockets use too.</summary>
    public static Socket Connect(IPEndPoint to, int fromPort)
    {
        Socket socket = Bound(new IPEndPoint(IPAddress.Any, fromPort));
        socket.Connect(to);
        return socket;
    }

    public static Socket Accept(Socket listener)
    {
        Assert.True(listener.Poll(DeadlineMicroseconds, SelectMode.SelectRead), "No connection came.");
        return listener.Accept();
    }

    /// <summary>What becomes of a call; a timeout when there is no answer.</summary>
    public static SocketError Try(IPEndPoint to, IPAddress from)
    {
        using Socket socket = Begin(to, new IPEndPoint(from, 0));
        return socket.Poll(SilenceMicroseconds, SelectMode.SelectWrite)
            ? (SocketError)(int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!
            : SocketError.TimedOut;
    }

    /// <summary>Sends a SYN from a port that other sockets use too, and does not wait for the answer.</summary>
    public static Socket Begin(IPEndPoint to, int fromPort) => Begin(to, new IPEndPoint(IPAddress.Any, fromPort));

    private static Socket Begin(IPEndPoint to, IPEndPoint from)
    {
        Socket socket = Bound(from);
        socket.Blocking = false;
        try
        {
            socket.Connect(to);
        }
        catch (SocketException pending) when (pending.SocketErrorCode == SocketError.WouldBlock)
        {
            // On its way.
        }

        return socket;
    }

    public static Socket Datagrams(IPAddress address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }

    public static void ReceiveAll(Socket socket, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            Assert.True(socket.Poll(DeadlineMicroseconds, SelectMode.SelectRead), "Nothing came.");
            int count = socket.Receive(buffer);
            Assert.True(count > 0, "The connection ended.");
            buffer = buffer[count..];
        }
    }

    /// <summary>ReuseAddress sets SO_REUSEPORT as well: one port for many connections.</summary>
    private static Socket Bound(IPEndPoint local)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(local);
        return socket;
    }
}
