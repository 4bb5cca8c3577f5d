using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>Connects, receives and sends on sockets that become links.</summary>
internal abstract class LinkIo
{
    /// <summary>The one of this process.</summary>
    /// <remarks>
    /// A socket that was ever used asynchronously stays registered with the runtime's event loop, which then wakes a thread for
    /// every message that arrives: so links on Linux are set up without it.
    /// </remarks>
    public static LinkIo Shared { get; } = OperatingSystem.IsLinux() ? new EpollLinkIo() : new ManagedLinkIo();

    /// <summary>Connects a new socket.</summary>
    /// <exception cref="SocketException">It was refused, or cannot be reached.</exception>
    public abstract ValueTask<Socket> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken);

    /// <summary>Receives at least one byte; 0 at the end of the stream.</summary>
    public abstract ValueTask<int> ReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends at least one byte.</summary>
    public abstract ValueTask<int> SendAsync(Socket socket, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);

    private sealed class ManagedLinkIo : LinkIo
    {
        public override async ValueTask<Socket> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
        {
            Socket socket = new(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        public override ValueTask<int> ReceiveAsync(Socket socket, Memory<byte> buffer, CancellationToken cancellationToken) =>
            socket.ReceiveAsync(buffer, cancellationToken);

        public override ValueTask<int> SendAsync(Socket socket, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
            socket.SendAsync(buffer, cancellationToken);
    }
}
