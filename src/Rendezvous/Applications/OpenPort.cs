using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>A port of an application of this host that other ranks' applications may connect to. On the reactor's thread only.</summary>
internal sealed class OpenPort(ApplicationPorts ports, int port, Action<int, Socket> onHandedOver)
{
    private static readonly TimeSpan ReflectionLimit = TimeSpan.FromSeconds(2);

    private readonly List<(int Peer, ApplicationSignal Asked)> _waiting = [];
    private readonly HashSet<KeptOpening> _kept = [];

    // Keeps the NAT's mapping of the port; asked for once.
    private Reflection? _reflection;
    private IPEndPoint? _external;

    /// <summary>Opens the NAT for what is asked for, and answers.</summary>
    public void OnAsked(int peer, ApplicationSignal asked)
    {
        if (WhyNot() is { } reason)
        {
            ports.Refuse(peer, asked, reason);
            return;
        }

        MemberInfo self = ports.Links.World!.Members[ports.Links.World.Rank];
        if (asked.EndPoint is null || self.Nat == NatKind.None)
        {
            IPAddress address = self.Nat == NatKind.None ? self.EndPoints[0].Address : self.Local.Address;
            if (asked.EndPoint is not null)
                OpenFor(peer, asked);
            Answer(peer, asked, new IPEndPoint(address, port));
        }
        else if (_external is not null && _reflection is { IsOpen: true })
        {
            OpenFor(peer, asked);
            Answer(peer, asked, _external);
        }
        else
        {
            _waiting.Add((peer, asked));
            if (_waiting.Count == 1)
                Reflect();
        }
    }

    public void Stop()
    {
        _waiting.Clear();
        _reflection?.Stop();
        foreach (KeptOpening kept in _kept.ToArray())
            kept.Stop();
    }

    /// <summary>Whether the application listens, and lets this process use its port.</summary>
    private string? WhyNot()
    {
        if (!NetSocket.SharesPorts)
            return null;
        IPEndPoint any = Any();
        using NetSocket alone = ports.Links.Port.Create(any.AddressFamily);
        SocketError error = alone.BindReusing(any);
        if (error == SocketError.TooManyOpenSockets)
            return $"rank {ports.Links.World!.Rank} cannot look at port {port}: {DescriptorLimit.Shortage}";
        if (error == SocketError.Success)
            return $"nobody listens on port {port} of rank {ports.Links.World!.Rank}";
        using NetSocket shared = ports.Links.Port.Create(any.AddressFamily);
        return shared.BindShared(any) == SocketError.Success
            ? null
            : $"the listener on port {port} of rank {ports.Links.World!.Rank} does not share it ({new SocketException((int)error).Message}): "
                + "it needs the option SO_REUSEPORT, and the user of the rank's process";
    }

    private void Reflect()
    {
        _external = null;
        _reflection?.Stop();
        NetSocket socket = ports.Links.Port.Create(Any().AddressFamily);
        if (ports.Links.SeedAddress is not { } seed || socket.BindShared(Any()) != SocketError.Success)
        {
            socket.Dispose();
            RefuseWaiting();
            return;
        }

        _reflection = new Reflection(ports.Links.Reactor, socket, seed, ReflectionLimit, (reflection, observed) =>
        {
            _external = observed;
            if (observed is null)
            {
                reflection.Stop();
                RefuseWaiting();
                return;
            }

            foreach ((int peer, ApplicationSignal asked) in _waiting)
            {
                OpenFor(peer, asked);
                Answer(peer, asked, observed);
            }

            _waiting.Clear();
        });
    }

    private void RefuseWaiting()
    {
        foreach ((int peer, ApplicationSignal asked) in _waiting)
            ports.Refuse(peer, asked, $"rank {ports.Links.World!.Rank} could not learn the external endpoint of port {port} from the coordinator");
        _waiting.Clear();
    }

    /// <summary>Sends what makes the NAT let the other end in. Whether it does, the connection shows.</summary>
    private void OpenFor(int peer, ApplicationSignal asked)
    {
        NetSocket socket = ports.Links.Port.Create(Any().AddressFamily);
        if (socket.BindShared(Any()) == SocketError.Success
            && socket.Connect(asked.EndPoint!, asked.Hops) is SocketError.Success or SocketError.InProgress
            && asked.Opening == Opening.Kept)
        {
            _kept.Add(new KeptOpening(ports.Links, peer, socket, onHandedOver, _kept));
            return;
        }

        // Closed before the other end comes: else its connection would be taken by this socket, not by the listener.
        socket.Dispose();
    }

    private void Answer(int peer, ApplicationSignal asked, IPEndPoint endPoint) =>
        ports.Send(peer, new ApplicationSignal(ApplicationSignalKind.Ready, asked.Id, port, endPoint));

    private IPEndPoint Any() => new(
        ports.Links.ListenEndPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port);

    /// <summary>An opening that becomes the connection, and then goes to the application.</summary>
    private sealed class KeptOpening : IReadinessTarget
    {
        private readonly Links _links;
        private readonly int _peer;
        private readonly Action<int, Socket> _onHandedOver;
        private readonly HashSet<KeptOpening> _all;
        private readonly NetSocket _socket;
        private readonly ReactorTimer _deadline;

        public KeptOpening(Links links, int peer, NetSocket socket, Action<int, Socket> onHandedOver, HashSet<KeptOpening> all)
        {
            (_links, _peer, _socket, _onHandedOver, _all) = (links, peer, socket, onHandedOver, all);
            _deadline = links.Reactor.After(links.Options.PunchAttemptTimeout, Stop);
            links.Reactor.Watch(socket, this, write: true);
        }

        public void OnReady(bool readable, bool writable)
        {
            if (_socket.FinishConnect() != SocketError.Success)
            {
                Stop();
                return;
            }

            Release();
            Socket connected = _socket.ToManaged();
            try
            {
                _onHandedOver(_peer, connected);
            }
            catch (Exception error) when (error is MpiException or InvalidOperationException or IOException or SocketException)
            {
                _links.Log($"The application's connection from rank {_peer} was not taken: {error.Message}");
                connected.Dispose();
            }
        }

        public void Stop()
        {
            Release();
            _socket.Dispose();
        }

        private void Release()
        {
            _deadline.Stop();
            _links.Reactor.Unwatch(_socket);
            _all.Remove(this);
        }
    }
}
