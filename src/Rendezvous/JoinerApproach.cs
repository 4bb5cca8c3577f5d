using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>Joins a coordinator, for the first time or again: tries until it answers or the time is over; a rejection is final.</summary>
/// <remarks>
/// A name may have several addresses. Each is a route of its own, begun a quarter of a second after the one before it or once that has failed;
/// the first on which the coordinator answers is taken, the others end.
/// </remarks>
internal sealed class JoinerApproach : IJoinerRouteOwner
{
    private static readonly TimeSpan ReflectionLimit = TimeSpan.FromSeconds(2);

    // Its links are there: a rank that comes back needs no kind of NAT, and does not wait long to tell it.
    private static readonly TimeSpan ResumedReflectionLimit = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan ShortagePause = TimeSpan.FromMilliseconds(50);

    private readonly Reactor _reactor;
    private readonly JoinOptions _options;
    private readonly LocalPorts _ports;
    private readonly int _rank;
    private readonly bool _resumed;
    private readonly Action<FrameConnection, AcceptedMessage> _onOpen;
    private readonly Action<Exception> _onFailed;
    private readonly ReactorTimer _deadline;
    private readonly long _start;
    private readonly Backoff _lookUpPause = new();
    private JoinerRoute[] _routes = [];
    private int _begun;
    private ReactorTimer? _next;
    private Reflection? _reflection;
    private RendezvousException? _hopeless;
    private bool _isOver;

    /// <param name="reactor">Whose thread it runs on.</param>
    /// <param name="options">Who joins, and where.</param>
    /// <param name="ports">The port that it listens on and connects from, to be chosen at the first time.</param>
    /// <param name="rank">The rank to have, or -1.</param>
    /// <param name="resumed">The job has started for this member already.</param>
    /// <param name="timeout">How long to try.</param>
    /// <param name="onOpen">Takes the connection.</param>
    /// <param name="onFailed">Takes the reason.</param>
    public JoinerApproach(
        Reactor reactor, JoinOptions options, LocalPorts ports, int rank, bool resumed, TimeSpan timeout,
        Action<FrameConnection, AcceptedMessage> onOpen, Action<Exception> onFailed)
    {
        (_reactor, _options, _ports, _rank, _resumed, _onOpen, _onFailed) = (reactor, options, ports, rank, resumed, onOpen, onFailed);
        _start = reactor.Now;
        _deadline = reactor.After(timeout, TimeOut);
        Resolve();
    }

    /// <summary>Ends it without a word.</summary>
    public void Stop()
    {
        _isOver = true;
        _deadline.Stop();
        _next?.Stop();
        _reflection?.Stop();
        foreach (JoinerRoute route in _routes)
            route.Stop();
    }

    public void OnGreeted(JoinerRoute route, JoinerDialogue dialogue, ChallengeMessage challenge)
    {
        _next?.Stop();
        foreach (JoinerRoute other in _routes)
        {
            if (!ReferenceEquals(other, route))
                other.Stop();
        }

        // Behind a NAT: a second look from elsewhere tells whether others see the same. A coordinator that was started again has to learn it anew.
        if (!route.Port!.IsShared || challenge.Reflectors.Count == 0 || challenge.Observed.Equals(dialogue.Local))
            Ask(route, dialogue, null);
        else
            Reflect(route, dialogue, challenge.Reflectors, 0, _reactor.Now);
    }

    public void OnTaken(JoinerRoute route, FrameConnection connection, AcceptedMessage accepted)
    {
        Stop();
        _ports.Choose(route.Port!);
        _onOpen(connection, accepted);
    }

    public void OnAttemptFailed(JoinerRoute route)
    {
        if (!route.IsGreeted)
        {
            Begin();
            return;
        }

        // It answered and was gone: all are candidates again.
        route.Stop();
        _next?.Stop();
        _reflection?.Stop();
        _begun = 0;
        _next = _reactor.After(route.NextPause(), Begin);
    }

    public void OnHopeless(JoinerRoute route, RendezvousException error)
    {
        if (route.IsGreeted || error.Reason is not (RendezvousFailure.ProtocolVersion or RendezvousFailure.Unreachable))
        {
            Fail(error);
            return;
        }

        // Something else has the port there, or this host has no such addresses: another address may be the coordinator's.
        _hopeless ??= error;
        if (Array.Exists(_routes, other => !other.IsHopeless))
            Begin();
        else
            Fail(_hopeless);
    }

    private void Resolve()
    {
        if (_options.Seed is IPEndPoint known)
        {
            Begin([known]);
            return;
        }

        // The one thing that is not done on the reactor's thread: looking up a name may take long.
        _ = _options.Target.ResolveAsync(CancellationToken.None).ContinueWith(
            looking => _reactor.Post(() => OnResolved(looking)),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void OnResolved(Task<IPEndPoint[]> looking)
    {
        Exception? error = looking.Exception?.InnerException;
        if (_isOver)
            return;
        if (error is null)
            Begin(looking.Result);
        else if (error is SocketException passing && !SeedTarget.IsUnknownName(passing))
            _next = _reactor.After(_lookUpPause.Next(), Resolve);
        else
            Fail(ControlHandshake.UnknownHost(_options.Seed, error));
    }

    private void Begin(IPEndPoint[] addresses)
    {
        _routes = Array.ConvertAll(addresses, address => new JoinerRoute(_reactor, _options, _ports, address, this));
        Begin();
    }

    /// <summary>Begins the next route, and sees to the one after it.</summary>
    private void Begin()
    {
        _next?.Stop();
        while (!_isOver && _begun < _routes.Length)
        {
            JoinerRoute route = _routes[_begun++];
            if (route.IsHopeless)
                continue;
            if (_begun < _routes.Length)
                _next = _reactor.After(SeedTarget.Stagger, Begin);
            route.Start();
            return;
        }
    }

    private void Reflect(JoinerRoute route, JoinerDialogue dialogue, IReadOnlyList<IPEndPoint> reflectors, int index, long start)
    {
        IPEndPoint reflector = reflectors[index];
        if (reflector.Address.Equals(IPAddress.Any) || reflector.Address.Equals(IPAddress.IPv6Any))
            reflector = new IPEndPoint(dialogue.Remote.Address, reflector.Port);
        TimeSpan limit = _resumed ? ResumedReflectionLimit : ReflectionLimit;
        NetSocket socket = route.Port!.CreateFor(reflector);
        if (socket.Descriptor < 0 && _reactor.Since(start) < limit)
        {
            // A moment without descriptors is not to decide which NAT this rank counts as being behind.
            socket.Dispose();
            _next = _reactor.After(ShortagePause, () => Reflect(route, dialogue, reflectors, index, start));
            return;
        }

        _reflection = new Reflection(_reactor, socket, reflector, limit, (reflection, observed) =>
        {
            reflection.Stop();
            if (_isOver)
                return;
            if (observed is null && !_resumed && index + 1 < reflectors.Count)
                Reflect(route, dialogue, reflectors, index + 1, _reactor.Now);
            else
                Ask(route, dialogue, observed);
        });
    }

    private void Ask(JoinerRoute route, JoinerDialogue dialogue, IPEndPoint? secondObserved)
    {
        int port = route.Port!.EndPoint.Port;
        IPEndPoint[] advertised = new IPEndPoint[_options.Advertised.Count];
        for (int i = 0; i < advertised.Length; i++)
        {
            IPEndPoint given = _options.Advertised[i];
            advertised[i] = given.Port == 0 ? new IPEndPoint(given.Address, port) : given;
        }

        JoinMessage join = new()
        {
            MemberId = _options.MemberId,
            RequestedRank = _rank,
            Resumed = _resumed,
            ListenPort = (ushort)port,
            Advertised = advertised,
            Local = dialogue.Local,
            SecondObserved = secondObserved,
            Remaining = _options.Deadline - _options.Time.GetUtcNow(),
            Host = Environment.MachineName,
            ProcessId = Environment.ProcessId,
        };
        dialogue.Ask(join.Encode());
    }

    private void TimeOut() =>
        Fail(ControlHandshake.Unreachable(_options.Seed, Array.ConvertAll(_routes, route => route.Outcome), _reactor.Since(_start)));

    private void Fail(Exception error)
    {
        if (_isOver)
            return;
        Stop();
        _onFailed(error);
    }
}
