using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>A way for a socket of an application to a port of another rank: what to bind it to and where to connect it.</summary>
/// <remarks>
/// The socket gets SO_REUSEADDR and SO_REUSEPORT, is bound to <see cref="Local"/> and connects to <see cref="Remote"/> within
/// <see cref="ConnectLimit"/>. When that fails, <see cref="NextAsync"/> opens another way, with another local port: a listener whose
/// answer does not get out keeps the two endpoints occupied. Disposed when the application is connected, or gives up.
/// </remarks>
internal sealed class ApplicationPath : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortagePause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ShortestLimit = TimeSpan.FromMilliseconds(300);

    // Nothing comes after these: time for a SYN that is sent again after a second.
    private static readonly TimeSpan ShortestLastLimit = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan LongestLimit = TimeSpan.FromSeconds(2);

    // Plain at first; with packets that do not reach the other NAT, where it answers strangers with a reset; the opening socket
    // kept and handed over, where a NAT watches sequence numbers. The application's listener is the best place to arrive at.
    private static readonly OpeningStep?[] Openings =
    [
        new(Opening.Doomed, 0), new(Opening.Doomed, 2), new(Opening.Doomed, 3), new(Opening.Doomed, 4),
        new(Opening.Kept, 0), new(Opening.Kept, 2), new(Opening.Kept, 3), new(Opening.Kept, 4),
    ];

    private readonly ApplicationPorts _ports;
    private readonly MemberInfo _self;
    private readonly MemberInfo _member;
    private readonly TimeSpan _timeout;
    private readonly OpeningStep?[] _steps;
    private TaskCompletionSource<ApplicationPath> _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReactorTimer? _deadline;
    private ReactorTimer? _answerDeadline;
    private Reflection? _reflection;
    private NetSocket? _held;
    private LinkException? _failure;
    private string _lastProblem = "no answer";
    private long _start;
    private long _askedAt;
    private TimeSpan _roundTrip = TimeSpan.MaxValue;
    private int _step = -1;
    private int _asked;

    /// <param name="ports">Of this rank.</param>
    /// <param name="self">This rank.</param>
    /// <param name="member">The rank to connect to.</param>
    /// <param name="port">The port that the application listens on there.</param>
    /// <param name="timeout">For all attempts together.</param>
    public ApplicationPath(ApplicationPorts ports, MemberInfo self, MemberInfo member, int port, TimeSpan timeout)
    {
        (_ports, _self, _member, _timeout) = (ports, self, member, timeout);
        Port = port;

        // No opening: to a host that has no NAT in front of it, and inside one NAT before it is tried around it.
        if (member.Nat == NatKind.None)
            _steps = [null];
        else if (self.Nat != NatKind.None && self.Observed.Address.Equals(member.Observed.Address))
            _steps = [null, .. Openings];
        else
            _steps = Openings;
    }

    /// <summary>The rank to connect to.</summary>
    public int Peer => _member.Rank;

    /// <summary>The port that the application listens on there.</summary>
    public int Port { get; }

    /// <summary>What the application's socket is bound to; port 0 where any will do.</summary>
    public IPEndPoint Local { get; private set; } = new(IPAddress.Any, 0);

    /// <summary>Where it connects to.</summary>
    public IPEndPoint Remote { get; private set; } = new(IPAddress.Any, 0);

    /// <summary>How long this attempt should get.</summary>
    public TimeSpan ConnectLimit { get; private set; }

    /// <summary>Whether the connection will not come to the listener, but be handed to the other rank.</summary>
    public bool IsHandedOver => _step >= 0 && _step < _steps.Length && _steps[_step] is { Opening: Opening.Kept };

    /// <summary>Ways opened so far, this one included.</summary>
    public int Attempts { get; private set; }

    /// <summary>Completes with this object when a way is open.</summary>
    public Task<ApplicationPath> Opened => _waiting.Task;

    /// <summary>The attempt has failed: opens another way, after which the endpoints are others.</summary>
    /// <param name="problem">What the application saw.</param>
    /// <exception cref="LinkException">There is no other way, or the time is over.</exception>
    public Task<ApplicationPath> NextAsync(string problem)
    {
        TaskCompletionSource<ApplicationPath> waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = _ports.Links.Reactor.Post(() =>
        {
            _waiting.TrySetCanceled();
            _waiting = waiting;
            _lastProblem = problem;
            if (_failure is null)
                NextStep();
            else
                waiting.TrySetException(_failure);
        });
        ObjectDisposedException.ThrowIf(!posted, this);
        return waiting.Task;
    }

    /// <summary>Closes what held the NAT open; the application's connection is not touched.</summary>
    public void Dispose() => _ports.Links.Reactor.Post(() => Fail(LinkStage.Punch, "was given up. ", ""));

    /// <summary>Looks for the first way.</summary>
    public void Start()
    {
        _start = _ports.Links.Reactor.Now;
        _deadline = _ports.Links.Reactor.After(_timeout, () => Fail(LinkStage.Punch, $"{Tries}; the last one: {_lastProblem}. ", "Allow more time."));
        if (_member.Nat != NatKind.None && (_self.Nat == NatKind.Symmetric || _member.Nat == NatKind.Symmetric))
        {
            Fail(
                LinkStage.Punch,
                "is possible: a NAT with another outer port for each destination cannot be opened for a chosen one. ",
                "Run the listening application where no NAT, or another kind of NAT, is in front of it.");
            return;
        }

        NextStep();
    }

    /// <summary>The caller does not wait any more.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (_waiting.TrySetCanceled(cancellationToken))
            Fail(LinkStage.Punch, "was given up. ", "");
    }

    /// <summary>The other end has done its part.</summary>
    public void OnReady(IPEndPoint remote)
    {
        _answerDeadline?.Stop();
        TimeSpan took = _ports.Links.Reactor.Since(_askedAt);
        if (took < _roundTrip)
            _roundTrip = took;
        TimeSpan limit = _roundTrip * 4;
        TimeSpan least = IsHandedOver ? ShortestLastLimit : ShortestLimit;
        ConnectLimit = limit < least ? least : limit > LongestLimit ? LongestLimit : limit;
        Remote = remote;
        _waiting.TrySetResult(this);
    }

    /// <summary>The other end does not want it.</summary>
    public void OnRefused(string why) => Fail(LinkStage.Resolve, $"is allowed: {why}. ", "Open the port there, and see whether the application listens on it.");

    /// <summary>The other end is gone, or was not reached.</summary>
    public void OnLost(Exception? reason) => Fail(
        LinkStage.Resolve, $"{Tries}: {reason?.Message ?? $"the coordinator could not pass the request on; rank {Peer} is not there."} ", "See why it ended.", reason);

    private string Tries => $"after {Attempts} attempt{(Attempts == 1 ? "" : "s")} in {_ports.Links.Reactor.Since(_start).TotalSeconds:F1} s";

    private void NextStep()
    {
        CloseStep();
        if (_ports.Failure is { } over)
        {
            OnLost(over);
            return;
        }

        if (++_step == _steps.Length)
        {
            Fail(LinkStage.Punch, $"{Tries}; the last one: {_lastProblem}. ", "See whether a firewall stands between them.");
            return;
        }

        Attempts++;
        if (_steps[_step] is null)
            Ask(null);
        else
            TakePort();
    }

    /// <summary>A fresh local port, and its external endpoint.</summary>
    private void TakePort()
    {
        Links links = _ports.Links;
        AddressFamily family = links.ListenEndPoint.AddressFamily;
        NetSocket socket = links.Port.Create(family);
        if (socket.Descriptor < 0)
        {
            socket.Dispose();
            _lastProblem = DescriptorLimit.Shortage;
            _answerDeadline = links.Reactor.After(ShortagePause, TakePort);
            return;
        }

        SocketError error = socket.BindShared(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        if (error != SocketError.Success || links.SeedAddress is not { } seed)
        {
            socket.Dispose();
            string problem = error == SocketError.Success ? "the coordinator is not there" : new SocketException((int)error).Message;
            Fail(LinkStage.Resolve, $"{Tries}: no local port could be prepared: {problem}. ", "Try again later.");
            return;
        }

        Local = socket.Local!;
        if (_self.Nat == NatKind.None)
        {
            _held = socket;
            Ask(new IPEndPoint(_self.EndPoints[0].Address, Local.Port));
            return;
        }

        _reflection = new Reflection(links.Reactor, socket, seed, AnswerLimit, (_, observed) =>
        {
            if (observed is not null)
                Ask(observed);
            else
                StepFailed("the coordinator did not tell the external endpoint of a local port");
        });
    }

    private void Ask(IPEndPoint? from)
    {
        _askedAt = _ports.Links.Reactor.Now;
        _asked = _ports.Ask(this, from, _steps[_step]);
        if (_asked == 0)
            Fail(LinkStage.Resolve, $"{Tries}: the coordinator is not there to pass the request on. ", "Try again when it is back.");
        else
            _answerDeadline = _ports.Links.Reactor.After(AnswerLimit, () => StepFailed($"no answer from rank {Peer} within {AnswerLimit.TotalSeconds:0} s"));
    }

    private void StepFailed(string problem)
    {
        _lastProblem = problem;
        NextStep();
    }

    private void CloseStep()
    {
        _ports.Forget(_asked);
        _answerDeadline?.Stop();
        _reflection?.Stop();
        _reflection = null;
        _held?.Dispose();
        _held = null;
    }

    private void Fail(LinkStage stage, string what, string advice, Exception? inner = null)
    {
        if (_failure is not null)
            return;
        CloseStep();
        _deadline?.Stop();
        _failure = new LinkException(
            Peer,
            stage,
            Attempts,
            $"No connection of an application of rank {_self.Rank} ({_self.Observed}, NAT {_self.Nat.Name()}) to port {Port} of rank {Peer} "
                + $"({_member.Observed}, NAT {_member.Nat.Name()}) {what}{advice}".TrimEnd(),
            inner)
        {
            Rank = _self.Rank,
            Elapsed = _ports.Links.Reactor.Since(_start),
            LocalEndPoint = $"{_self.Observed}",
            RemoteEndPoint = $"{_member.Observed.Address}:{Port}",
        };
        _waiting.TrySetException(_failure);
    }
}
