using System.Net.Sockets;

namespace BoxerMpi.Transport;

/// <summary>What every link's socket is set to, whoever made it.</summary>
internal static class SocketOptions
{
    /// <summary>Size of the kernel's buffer each way: what a 1 MiB message needs to leave in one go.</summary>
    private const int BufferBytes = 1024 * 1024;

    /// <summary>Sets the options and returns both ends for messages.</summary>
    public static string Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.SendBufferSize = BufferBytes;
        socket.ReceiveBufferSize = BufferBytes;
        return $"{socket.LocalEndPoint} <-> {socket.RemoteEndPoint}";
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
