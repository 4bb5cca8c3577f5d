using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Transport;

/// <summary>What every link's socket is set to, whoever made it.</summary>
internal static class SocketOptions
{
    /// <summary>Size of the kernel's buffer each way: what a 1 MiB message needs to leave in one go.</summary>
    private const int BufferBytes = 1024 * 1024;

    // An idle connection is asked for a sign of life so often, and given up after so many without an answer: within 11 s of the
    // last sign, as are connections with data under way (TcpPath). The kernel of a rank that is stopped or busy answers for it.
    private const int KeepAliveIdleSeconds = 3;
    private const int KeepAliveIntervalSeconds = 2;
    private const int KeepAliveProbes = 4;

    private const int TcpLevel = 6; // IPPROTO_TCP
    private const int CongestionControl = 13; // TCP_CONGESTION

    /// <summary>Sets the options and returns both ends for messages.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="unpaced">Within a machine, do not pace what is sent.</param>
    public static string Prepare(Socket socket, bool unpaced = false)
    {
        socket.NoDelay = true;
        socket.SendBufferSize = BufferBytes;
        socket.ReceiveBufferSize = BufferBytes;
        KeepAlive(socket);
        if (unpaced && OperatingSystem.IsLinux() && socket.RemoteEndPoint is IPEndPoint { Address: { } peer } && IPAddress.IsLoopback(peer))
            SendUnpaced(socket);
        return $"{socket.LocalEndPoint} <-> {socket.RemoteEndPoint}";
    }

    /// <summary>Lets the kernel look whether the other host still answers while nothing is said; it keeps NATs open, too.</summary>
    public static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveIdleSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
    }

    /// <summary>Within a machine there is no path to probe: BBR, where it is the default, paces large messages for nothing.</summary>
    /// <remarks>
    /// Measured with 1 MiB: 0.7 of the time between 2 ranks, 0.6 to 0.85 in collectives of 4 on two cores. With 8 and 16 ranks
    /// all-to-all of 64 KiB took 1.4 of the time: what comes at once wakes each receiver more often. Any process may choose Reno.
    /// </remarks>
    private static void SendUnpaced(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(TcpLevel, CongestionControl, "reno"u8);
        }
        catch (SocketException)
        {
            // A kernel without it: slower, nothing else.
        }
    }

    public static void CloseSend(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The other side has closed already: there is nobody left to tell.
        }
    }
}
