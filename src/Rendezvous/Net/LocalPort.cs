using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>The one port of a rank: it listens there, and connects from there to the coordinator and to all peers.</summary>
/// <remarks>
/// So the endpoint that the coordinator observes is the one at which others reach this rank, through NATs as well: a NAT that
/// keeps one external endpoint for an inside port uses the same towards everybody.
/// </remarks>
internal sealed class LocalPort(JoinOptions options, Action<NetSocket> onListener, Func<NetSocket, bool> makeRoom) : IDisposable
{
    private NetSocket? _listener;

    /// <summary>Where this rank listens.</summary>
    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Any, 0);

    /// <summary>Whether connections come from this port; not where the platform cannot, or another process is in the way.</summary>
    public bool IsShared { get; private set; } = NetSocket.SharesPorts;

    /// <summary>Listens where the other ranks can come from, and no wider.</summary>
    /// <param name="seed">The coordinator's address.</param>
    /// <exception cref="RendezvousException">The port is taken.</exception>
    public void Open(IPEndPoint seed)
    {
        IPAddress address = options.ListenAddress ?? (IPAddress.IsLoopback(seed.Address)
            ? seed.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback
            : seed.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
        if (_listener is not null && EndPoint.Address.Equals(address))
            return;

        // A second time when the coordinator has several addresses: nobody knows the first port yet.
        NetSocket? before = _listener;
        _listener = Listen(address);
        EndPoint = _listener.Local!;
        onListener(_listener);
        before?.Dispose();
    }

    /// <summary>A socket that connects from this port, or from any where that is not possible.</summary>
    /// <param name="remote">To whom.</param>
    /// <param name="local">Another local endpoint to connect from.</param>
    public NetSocket CreateFor(IPEndPoint remote, IPEndPoint? local = null)
    {
        NetSocket socket = Create(remote.AddressFamily);
        if (local is not null)
        {
            // If it cannot be had any more, the socket connects from elsewhere, the NAT turns it away, and this attempt has failed.
            socket.BindShared(local);
            return socket;
        }

        if (!IsShared)
            return socket;
        if (socket.BindShared(new IPEndPoint(From(remote), EndPoint.Port)) is SocketError.Success or SocketError.TooManyOpenSockets)
            return socket;
        IsShared = false;
        socket.Dispose();
        return Create(remote.AddressFamily);
    }

    public void Dispose() => _listener?.Dispose();

    /// <summary>The local address to connect from.</summary>
    public IPAddress From(IPEndPoint remote)
    {
        if (IPAddress.IsLoopback(remote.Address) && EndPoint.AddressFamily == remote.AddressFamily && IPAddress.IsLoopback(EndPoint.Address))
            return EndPoint.Address;
        return remote.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
    }

    /// <summary>Strangers give way to a socket of this rank.</summary>
    private NetSocket Create(AddressFamily family)
    {
        NetSocket socket = NetSocket.Create(family);
        if (!makeRoom(socket) || socket.Descriptor >= 0)
            return socket;
        socket.Dispose();
        return NetSocket.Create(family);
    }

    private NetSocket Listen(IPAddress address)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return NetSocket.Listen(new IPEndPoint(address, options.ListenPort + (options.ListenPort == 0 ? 0 : i)), "links");
            }
            catch (RendezvousException error) when (error.Reason == RendezvousFailure.PortTaken && options.ListenPortCount > 1)
            {
                if (i + 1 < options.ListenPortCount)
                    continue;
                string range = string.Create(CultureInfo.InvariantCulture, $"{options.ListenPort}-{options.ListenPort + i}");
                throw new RendezvousException(
                    RendezvousFailure.PortTaken, error.Coordinator, $"All ports {range} on {address}, wanted for links, are taken; choose a wider range.", error);
            }
        }
    }
}
