using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>Joins a coordinator, for the first time or again: tries until it answers or the time is over; a rejection is final.</summary>
internal sealed class SeedApproach : ISeedDialogueOwner
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReflectionLimit = TimeSpan.FromSeconds(2);

    // Its links are there: a rank that comes back needs no kind of NAT, and does not wait long to tell it.
    private static readonly TimeSpan ResumedReflectionLimit = TimeSpan.FromSeconds(0.5);

    private readonly Reactor _reactor;
    private readonly JoinOptions _options;
    private readonly LocalPort _port;
    private readonly int _rank;
    private readonly bool _resumed;
    private readonly Action<FrameConnection, AcceptedMessage> _onOpen;
    private readonly Action<Exception> _onFailed;
    private readonly ReactorTimer _deadline;
    private readonly long _start;
    private IPEndPoint[] _addresses = [];
    private SeedDialogue? _dialogue;
    private Reflection? _reflection;
    private ReactorTimer? _retry;
    private TimeSpan _pause = FirstPause;
    private int _attempts;
    private Exception? _last;
    private bool _isOver;

    /// <param name="reactor">Whose thread it runs on.</param>
    /// <param name="options">Who joins, and where.</param>
    /// <param name="port">The port that it listens on and connects from.</param>
    /// <param name="rank">The rank to have, or -1.</param>
    /// <param name="resumed">The job has started for this member already.</param>
    /// <param name="timeout">How long to try.</param>
    /// <param name="onOpen">Takes the connection.</param>
    /// <param name="onFailed">Takes the reason.</param>
    public SeedApproach(
        Reactor reactor, JoinOptions options, LocalPort port, int rank, bool resumed, TimeSpan timeout,
        Action<FrameConnection, AcceptedMessage> onOpen, Action<Exception> onFailed)
    {
        (_reactor, _options, _port, _rank, _resumed, _onOpen, _onFailed) = (reactor, options, port, rank, resumed, onOpen, onFailed);
        _start = reactor.Now;
        _deadline = reactor.After(timeout, TimeOut);
        Resolve();
    }

    /// <summary>Ends it without a word.</summary>
    public void Stop()
    {
        _isOver = true;
        _deadline.Stop();
        _retry?.Stop();
        _dialogue?.Stop();
        _reflection?.Stop();
    }

    public void OnChallenged(SeedDialogue dialogue, ChallengeMessage challenge)
    {
        // Behind a NAT: a second look from elsewhere tells whether others see the same. A coordinator that was started again has to learn it anew.
        if (!_port.IsShared || challenge.Reflectors.Count == 0 || challenge.Observed.Equals(dialogue.Local))
            Ask(dialogue, null);
        else
            Reflect(dialogue, challenge.Reflectors, 0);
    }

    public void OnTaken(SeedDialogue dialogue, FrameConnection connection, AcceptedMessage? accepted)
    {
        _dialogue = null;
        Stop();
        _onOpen(connection, accepted!);
    }

    public void OnFailed(SeedDialogue dialogue, Exception error)
    {
        _dialogue = null;
        if (error is RendezvousException)
        {
            Fail(error);
            return;
        }

        _last = error;
        _retry = _reactor.After(_pause * (0.5 + Random.Shared.NextDouble()), Attempt);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }

    private void Resolve()
    {
        if (_options.Seed is IPEndPoint known)
        {
            _addresses = [known];
            Attempt();
            return;
        }

        // The one thing that is not done on the reactor's thread: looking up a name may take long.
        DnsEndPoint name = (DnsEndPoint)_options.Seed;
        _ = Dns.GetHostAddressesAsync(name.Host).ContinueWith(
            looking => _reactor.Post(() => OnResolved(looking, name.Port)),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void OnResolved(Task<IPAddress[]> looking, int port)
    {
        if (_isOver)
            return;
        Exception? error = looking.Exception?.InnerException;
        if (error is null && looking.Result.Length > 0)
        {
            _addresses = Array.ConvertAll(looking.Result, address => new IPEndPoint(address, port));
            Attempt();
        }
        else
        {
            Fail(ControlHandshake.UnknownHost(_options.Seed, error ?? new SocketException((int)SocketError.NoData)));
        }
    }

    private void Attempt()
    {
        IPEndPoint remote = _addresses[_attempts++ % _addresses.Length];
        try
        {
            _port.Open(remote);
        }
        catch (RendezvousException error)
        {
            Fail(error);
            return;
        }

        _dialogue = new SeedDialogue(_reactor, _options.Seed, _options.JobId, _options.Token, this);
        _dialogue.Start(_port.CreateFor(remote), remote);
    }

    private void Reflect(SeedDialogue dialogue, IReadOnlyList<IPEndPoint> reflectors, int index)
    {
        IPEndPoint reflector = reflectors[index];
        if (reflector.Address.Equals(IPAddress.Any) || reflector.Address.Equals(IPAddress.IPv6Any))
            reflector = new IPEndPoint(dialogue.Remote.Address, reflector.Port);
        _reflection = new Reflection(_reactor, _port.CreateFor(reflector), reflector, _resumed ? ResumedReflectionLimit : ReflectionLimit, (reflection, observed) =>
        {
            reflection.Stop();
            if (_isOver)
                return;
            if (observed is null && !_resumed && index + 1 < reflectors.Count)
                Reflect(dialogue, reflectors, index + 1);
            else
                Ask(dialogue, observed);
        });
    }

    private void Ask(SeedDialogue dialogue, IPEndPoint? secondObserved)
    {
        int port = _port.EndPoint.Port;
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

    private void TimeOut() => Fail(ControlHandshake.Unreachable(_options.Seed, _attempts, _reactor.Since(_start), _last));

    private void Fail(Exception error)
    {
        if (_isOver)
            return;
        Stop();
        _onFailed(error);
    }
}
