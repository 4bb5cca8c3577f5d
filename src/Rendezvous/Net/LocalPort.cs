using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>The one port of a rank: it listens there, and connects from there to the coordinator and to all peers.</summary>
/// <remarks>
/// So the endpoint that the coordinator observes is the one at which others reach this rank, through NATs as well: a NAT that
/// keeps one external endpoint for an inside port uses the same towards everybody.
/// </remarks>
internal sealed class LocalPort(NetSocket listener, Func<NetSocket, bool> makeRoom) : IDisposable
{
    /// <summary>Takes the connections that come in.</summary>
    public NetSocket Listener => listener;

    /// <summary>Where this rank listens.</summary>
    public IPEndPoint EndPoint { get; } = listener.Local!;

    /// <summary>Whether connections come from this port; not where the platform cannot, or another process is in the way.</summary>
    public bool IsShared { get; private set; } = NetSocket.SharesPorts;

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

    public void Dispose() => listener.Dispose();

    /// <summary>The local address to connect from.</summary>
    public IPAddress From(IPEndPoint remote)
    {
        if (IPAddress.IsLoopback(remote.Address) && EndPoint.AddressFamily == remote.AddressFamily && IPAddress.IsLoopback(EndPoint.Address))
            return EndPoint.Address;
        return remote.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
    }

    /// <summary>A socket of this rank that is bound to nothing; strangers give way to it.</summary>
    public NetSocket Create(AddressFamily family)
    {
        NetSocket socket = NetSocket.Create(family);
        if (!makeRoom(socket) || socket.Descriptor >= 0)
            return socket;
        socket.Dispose();
        return NetSocket.Create(family);
    }
}

/// <summary>
/// The ports that a rank may come to have: one for each address on which it would listen, while it is not clear at which of its addresses the
/// coordinator answers. Then one stays.
/// </summary>
internal sealed class LocalPorts(JoinOptions options, Action<NetSocket> onListener, Func<NetSocket, bool> makeRoom) : IDisposable
{
    private readonly Dictionary<IPAddress, LocalPort> _open = [];

    /// <summary>The one that stays; <see langword="null"/> before the coordinator has taken this rank.</summary>
    public LocalPort? Chosen { get; private set; }

    /// <summary>A port where the other ranks can come from when the coordinator is at this address, and no wider.</summary>
    /// <exception cref="RendezvousException">The port is taken.</exception>
    public LocalPort Open(IPEndPoint seed)
    {
        // Others know it: a coordinator that is found again elsewhere does not change it.
        if (Chosen is not null)
            return Chosen;
        IPAddress address = options.ListenAddress ?? (IPAddress.IsLoopback(seed.Address)
            ? seed.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback
            : seed.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
        if (!_open.TryGetValue(address, out LocalPort? port))
            _open[address] = port = new LocalPort(Listen(address), makeRoom);
        return port;
    }

    /// <summary>This one is the rank's from now on; the others are closed.</summary>
    public void Choose(LocalPort port)
    {
        if (Chosen is not null)
            return;
        Chosen = port;
        foreach (LocalPort other in _open.Values)
        {
            if (!ReferenceEquals(other, port))
                other.Dispose();
        }

        _open.Clear();
        onListener(port.Listener);
    }

    public void Dispose()
    {
        Chosen?.Dispose();
        foreach (LocalPort port in _open.Values)
            port.Dispose();
        _open.Clear();
    }

    private NetSocket Listen(IPAddress address)
    {
        // The same port at another address, which nothing but this rank can have.
        bool isBesideOwn = _open.Count > 0 && options.ListenPort != 0 && options.ListenPortCount == 1;
        for (int i = 0; ; i++)
        {
            try
            {
                IPEndPoint endPoint = new(address, options.ListenPort + (options.ListenPort == 0 ? 0 : i));
                return NetSocket.Listen(endPoint, "links", isBesideOwn);
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
