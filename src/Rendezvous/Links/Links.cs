using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>Sets up this rank's links: connects, accepts, proves, and hands each pair's one socket over. On the reactor's thread only.</summary>
internal sealed class Links : IReadinessTarget
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LingerLimit = TimeSpan.FromSeconds(2);

    // Both in order of arrival.
    private readonly LinkedList<LinkConnection> _strangers = new();
    private readonly LinkedList<Lingering> _lingering = new();
    private readonly StrangerAllowance _allowance = new();
    private readonly List<Pair> _readyPairs = [];
    private readonly List<Socket> _readySockets = [];
    private Pair?[] _pairs = [];
    private NetSocket? _listener;
    private Action<int, Socket>? _onLink;
    private Exception? _failure;

    public Links(Reactor reactor, JoinOptions options)
    {
        Reactor = reactor;
        Options = options.Links.Log is null ? options.Links with { Log = options.Log } : options.Links;
        Ports = new LocalPorts(options, Listen, MakeRoom);
        Applications = new ApplicationPorts(this);
    }

    public Reactor Reactor { get; }

    public LinkOptions Options { get; }

    /// <summary>Where this rank may come to listen while it joins.</summary>
    public LocalPorts Ports { get; }

    /// <summary>Where this rank listens and connects from, once it has joined.</summary>
    public LocalPort Port => Ports.Chosen!;

    /// <summary>Connections of applications, which use the same coordinator, thread and members.</summary>
    public ApplicationPorts Applications { get; }

    public IPEndPoint ListenEndPoint => Port.EndPoint;

    /// <summary>The job once its gate is open.</summary>
    public LinkWorld? World { get; private set; }

    /// <summary>The coordinator while there is a connection to it.</summary>
    public IPEndPoint? SeedAddress { get; set; }

    /// <summary>Passes something to another rank through the coordinator; <see langword="false"/> when it is not there.</summary>
    public Func<SignalMessage, bool>? SignalThrough { get; set; }

    /// <summary>The gate is open: links can be proven from now on.</summary>
    public void Open(LinkWorld world)
    {
        World = world;
        _pairs = new Pair?[world.Members.Count];
        LinkConnection[] early = new LinkConnection[_strangers.Count];
        _strangers.CopyTo(early, 0);
        foreach (LinkConnection stranger in early)
            stranger.OnWorld();
    }

    /// <summary>Names the one who takes the links; those that are up already are handed over at once.</summary>
    public void Register(Action<int, Socket> onLink)
    {
        _onLink = onLink;
        for (int i = 0; i < _readyPairs.Count; i++)
            HandOver(_readyPairs[i], _readySockets[i], onLink);
        _readyPairs.Clear();
        _readySockets.Clear();
    }

    /// <summary>This end of a pair.</summary>
    public Pair Pair(int peer)
    {
        if (_pairs[peer] is { } known)
            return known;
        Pair pair = new(this, World!.Members[World.Rank], World.Members[peer]);
        _pairs[peer] = pair;
        if (_failure is not null)
            pair.Fail(_failure);
        return pair;
    }

    /// <summary>No link to this rank will come up any more; links that are up are not touched.</summary>
    public void Lose(int rank, Exception reason)
    {
        Pair(rank).Fail(reason);
        Applications.Fail(rank, reason);
    }

    /// <summary>No more links will come up at all.</summary>
    public void FailAll(Exception reason)
    {
        _failure ??= reason;
        foreach (Pair? pair in _pairs)
            pair?.Fail(reason);
        Applications.Fail(null, reason);
    }

    public void OnSignal(SignalMessage signal)
    {
        LinkWorld world = World!;
        if (signal.Rank < 0 || signal.Rank >= world.Members.Count || signal.Rank == world.Rank)
            throw new WireFormatException($"A signal came from rank {signal.Rank}.");
        try
        {
            if (ApplicationSignal.IsOne(signal.Payload.Span))
                Applications.OnSignal(signal.Rank, signal.Payload.Span);
            else
                Pair(signal.Rank).OnSignal(LinkSignal.Decode(signal.Payload.Span));
        }
        catch (WireFormatException error)
        {
            // The other rank's mistake, not the coordinator's.
            Log($"Ignored a signal from rank {signal.Rank}: {error.Message}");
        }
    }

    public void OnSignalLost(int rank)
    {
        if (rank >= 0 && rank < _pairs.Length)
            _pairs[rank]?.OnSignalLost();
        Applications.Fail(rank, reason: null);
    }

    public bool Signal(int peer, LinkSignal signal) => SignalThrough?.Invoke(new SignalMessage(peer, signal.Encode())) ?? false;

    /// <summary>Ends all that is on its way; links that were handed over are not touched.</summary>
    public void Dispose(Exception reason)
    {
        if (_listener is not null)
            Reactor.Unwatch(_listener);
        _listener = null;
        Ports.Dispose();
        FailAll(reason);
        Applications.Dispose(reason);
        LinkConnection[] strangers = new LinkConnection[_strangers.Count];
        _strangers.CopyTo(strangers, 0);
        foreach (LinkConnection stranger in strangers)
            stranger.Drop();
        Lingering[] lingering = new Lingering[_lingering.Count];
        _lingering.CopyTo(lingering, 0);
        foreach (Lingering one in lingering)
            one.End();
        foreach (Socket socket in _readySockets)
            socket.Dispose();
        _readySockets.Clear();
        _readyPairs.Clear();
    }

    public void Log(string line) => Options.Log?.Invoke(line);

    public void LogUnwanted(int peer, Exception? error)
    {
        if (error is not null && _failure is null)
            Log($"The link that rank {peer} asked for did not come up: {error.Message}");
    }

    /// <summary>The connection has proven itself, or is over.</summary>
    public void NoLongerStranger(LinkConnection connection)
    {
        if (connection.StrangerNode.List is not null)
            _strangers.Remove(connection.StrangerNode);
    }

    /// <summary>Closes a connection so that what was sent last is not lost to a reset.</summary>
    public void Linger(FrameConnection connection)
    {
        if (_strangers.Count + _lingering.Count < Options.StrangerLimit)
            _lingering.AddLast(new Lingering(this, connection).Node);
        else
            connection.Dispose();
    }

    /// <summary>The link of a pair is up.</summary>
    public void Deliver(Pair pair, Socket socket)
    {
        if (_onLink is not null)
        {
            HandOver(pair, socket, _onLink);
            return;
        }

        _readyPairs.Add(pair);
        _readySockets.Add(socket);
    }

    /// <summary>A stranger is at the door.</summary>
    public void OnReady(bool readable, bool writable)
    {
        while (_listener is not null)
        {
            NetSocket? accepted = _listener.Accept(out SocketError error);
            if (accepted is not null)
            {
                Welcome(accepted);
                continue;
            }

            if (error is not (SocketError.WouldBlock or SocketError.ConnectionAborted or SocketError.ConnectionReset))
            {
                // Out of descriptors: the listener itself is sound.
                if (error == SocketError.TooManyOpenSockets && DropOldest())
                    continue;
                Log($"Accepting a link failed: {new SocketException((int)error).Message}");
                NetSocket listener = _listener;
                Reactor.Unwatch(listener);
                Reactor.After(AcceptPause, () =>
                {
                    if (ReferenceEquals(listener, _listener))
                        Reactor.Watch(listener, this, write: false);
                });
            }

            return;
        }
    }

    private void Listen(NetSocket listener)
    {
        _listener = listener;
        Reactor.Watch(listener, this, write: false);
    }

    private void Welcome(NetSocket accepted)
    {
        _strangers.AddLast(new LinkConnection(this, accepted).StrangerNode);
        MakeRoom(accepted);
    }

    /// <summary>Who came first gives way: a rank proves the token within a round trip, or tries again.</summary>
    /// <param name="newest">A socket that was opened just now, or for which there was no descriptor.</param>
    /// <returns>Whether somebody has given way.</returns>
    private bool MakeRoom(NetSocket newest)
    {
        if (newest.Descriptor < 0)
            return DropOldest();
        int allowed = Math.Min(Options.StrangerLimit, _allowance.Of(newest.Descriptor, _strangers.Count + _lingering.Count));
        bool isDropped = false;
        while (_strangers.Count + _lingering.Count > allowed && DropOldest())
            isDropped = true;
        return isDropped;
    }

    /// <returns>Whether there was one; those that are refused already go first.</returns>
    private bool DropOldest()
    {
        if (_lingering.First is { } refused)
        {
            refused.Value.End();
            return true;
        }

        if (_strangers.First is not { } first)
            return false;
        Log($"Closed the connection from {first.Value.Remote}: {_strangers.Count - 1} newer ones wait to prove the token.");
        first.Value.Drop();
        return true;
    }

    private void HandOver(Pair pair, Socket socket, Action<int, Socket> onLink)
    {
        Exception? refused = null;
        try
        {
            onLink(pair.Peer, socket);
        }
        catch (Exception error) when (error is MpiException or InvalidOperationException or ObjectDisposedException or IOException or SocketException)
        {
            Log($"The link to rank {pair.Peer} was not taken: {error.Message}");
            socket.Dispose();
            refused = error;
        }

        pair.HandedOver(refused);
    }

    /// <summary>A connection that is read until the other end closes it, for a short time.</summary>
    private sealed class Lingering : IFrameTarget
    {
        private readonly Links _links;
        private readonly FrameConnection _connection;
        private readonly ReactorTimer _deadline;

        public Lingering(Links links, FrameConnection connection)
        {
            (_links, _connection) = (links, connection);
            _deadline = links.Reactor.After(LingerLimit, End);
            connection.Target = this;
            Node = new LinkedListNode<Lingering>(this);
            connection.CloseSend();
        }

        /// <summary>Its place among the others.</summary>
        public LinkedListNode<Lingering> Node { get; }

        public void OnFrame(FrameConnection connection, ControlKind kind, ReadOnlySpan<byte> payload)
        {
            // Said before it knew.
        }

        public void OnClosed(FrameConnection connection, string reason, bool malformed) => End();

        public void End()
        {
            _deadline.Stop();
            _connection.Dispose();
            if (Node.List is not null)
                _links._lingering.Remove(Node);
        }
    }
}

/// <summary>What links need to know of the job once its gate is open.</summary>
internal sealed record LinkWorld(string JobId, byte[] Token, uint Epoch, int Rank, IReadOnlyList<MemberInfo> Members, bool RelayAllowed);
