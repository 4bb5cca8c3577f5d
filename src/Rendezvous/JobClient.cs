using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Wire;

namespace BoxerMpi.Rendezvous;

/// <summary>A rank's end of the rendezvous: it joins a job, waits for its gate, and sets up links to the other ranks.</summary>
/// <remarks>
/// One thread of its own does everything (<see cref="Reactor"/>); what callers get are tasks that it completes. Events are raised
/// on that thread; handlers do not wait.
/// </remarks>
internal sealed partial class JobClient : IAsyncDisposable
{
    // What is said last may take that long to arrive.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);

    private readonly JoinOptions _options;
    private readonly Reactor _reactor;
    private readonly Links _links;
    private readonly TaskCompletionSource<JobClient> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<AbortInfo> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<WireUp> _wireUps = [];
    private AcceptedMessage? _accepted;
    private Topology? _topology;
    private TimeSpan? _deadline;
    private long _startedAt;
    private MemberInfo[] _members = [];
    private Action<int, Socket>? _onLink;
    private bool _isConnected;
    private WireUpReport? _report;

    private JobClient(JoinOptions options)
    {
        _options = options;
        _reactor = new Reactor(options.Time, "boxer control", OnFault, () => _closed.TrySetResult());
        _links = new Links(_reactor, options) { SignalThrough = SendSignal };
    }

    public int Rank => _accepted!.Rank;

    public int Size => _accepted!.Size;

    public string JobId => _options.JobId;

    /// <summary>The links that the job wants set up.</summary>
    public Topology Topology => _topology!;

    public OffTopologyPolicy OffTopology => _accepted!.OffTopology;

    /// <summary>This member's external endpoint as the coordinator saw it.</summary>
    public IPEndPoint ObservedEndPoint => _accepted!.Observed;

    /// <summary>Where this member accepts links.</summary>
    public IPEndPoint ListenEndPoint => _links.ListenEndPoint;

    /// <summary>All members, in order of their ranks.</summary>
    public IReadOnlyList<MemberInfo> Members => _members;

    /// <summary>How long all ranks may still run: the least that any had, agreed at the start; <see langword="null"/> without limit.</summary>
    public TimeSpan? RemainingTime => _deadline - _options.Time.GetElapsedTime(_startedAt);

    /// <summary>The job's free settings.</summary>
    public IReadOnlyDictionary<string, string> Options => _accepted!.Options;

    /// <summary>Whether the control connection is up; a running job goes on without it.</summary>
    public bool IsConnected => Volatile.Read(ref _isConnected);

    /// <summary>The abort, once there is one.</summary>
    public Task<AbortInfo> AbortedTask => _aborted.Task;

    /// <summary>Somebody has aborted the job.</summary>
    public event Action<AbortInfo>? Aborted;

    /// <summary>A rank has failed, and why.</summary>
    public event Action<int, string>? MemberLost;

    /// <summary>The coordinator is gone, and why; the job goes on.</summary>
    public event Action<string>? SeedLost;

    /// <summary>The coordinator is back.</summary>
    public event Action? SeedFound;

    /// <summary>Sets up exactly this rank's links of a topology.</summary>
    /// <param name="topology">The same on all ranks.</param>
    /// <param name="onLink">
    /// Takes the socket of each pair, once, connected and with no delay set; called on the rendezvous' thread and expected to be
    /// short. Links that other ranks ask for later come the same way.
    /// </param>
    /// <param name="options">Limits and times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LinkException">A link did not come up.</exception>
    /// <exception cref="PeerFailedException">A neighbour is lost.</exception>
    /// <exception cref="JobAbortedException">The job was aborted meanwhile.</exception>
    public Task<WireUpReport> WireUpAsync(
        Topology topology, Action<int, Socket> onLink, WireUpOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(onLink);
        if (topology.Size != Size)
            throw new ArgumentException($"The topology is one of {topology.Size} ranks, the job has {Size}.", nameof(topology));
        if (Interlocked.CompareExchange(ref _onLink, onLink, null) is { } other && other != onLink)
            throw new InvalidOperationException("Links are handed to one receiver only; it has been named already.");
        WireUp wireUp = new(_links, Rank, topology, options ?? new WireUpOptions());
        Do(() =>
        {
            _wireUps.Add(wireUp);
            _links.Register(onLink);
            wireUp.Start(OnWiredUp);
        });
        CancelOn(wireUp.Done, () => wireUp.Fail(new OperationCanceledException(cancellationToken)), cancellationToken);
        return wireUp.Done;
    }

    /// <summary>Sets up the link to a rank that the topology has none to; both ends may do so at the same time.</summary>
    /// <remarks>When it completes, the socket has been handed to the receiver named in <see cref="WireUpAsync"/>.</remarks>
    /// <exception cref="LinkException">The link did not come up.</exception>
    public Task ConnectAsync(int peer, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (peer < 0 || peer >= Size || peer == Rank)
            throw new ArgumentOutOfRangeException(nameof(peer), peer, $"Rank {Rank} of {Size} cannot have a link to it.");
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkWait wait = new(error =>
        {
            if (error is null)
                done.TrySetResult();
            else
                done.TrySetException(error);
        });
        Do(() => _links.Pair(peer).Want(wait, timeout, onDemand: true));
        CancelOn(
            done.Task,
            () =>
            {
                if (done.TrySetCanceled(cancellationToken))
                    _links.Pair(peer).Forget(wait);
            },
            cancellationToken);
        return done.Task;
    }

    /// <summary>Ends the job on all ranks; completes when the coordinator has passed it on, or cannot be reached.</summary>
    /// <returns><see langword="false"/> when there is no coordinator to tell.</returns>
    public Task<bool> AbortAsync(int code, string message) => AbortAsync(new AbortInfo(Rank, code, message));

    /// <summary>Ends the job on all ranks because of an error, which may only tell of another rank's end.</summary>
    /// <inheritdoc cref="AbortAsync(int, string)"/>
    public Task<bool> AbortAsync(int code, string message, Exception error) => AbortAsync(AbortInfo.Of(Rank, code, message, error));

    private Task<bool> AbortAsync(AbortInfo abort)
    {
        TaskCompletionSource<bool> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_reactor.Post(() => Abort(abort, told)))
            told.SetResult(false);
        return told.Task;
    }

    /// <summary>Leaves the job in order. A rank that ends without it counts as failed.</summary>
    /// <param name="traffic">What it sent and received, for reports.</param>
    public Task LeaveAsync(Traffic? traffic = null)
    {
        TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_reactor.Post(() => Leave(traffic, left)))
            left.SetResult();
        return left.Task;
    }

    /// <summary>Ends all that the client does; links that were handed over are not touched.</summary>
    public ValueTask DisposeAsync()
    {
        _reactor.Post(() => Close(new ObjectDisposedException(nameof(JobClient), "This rank has ended its links.")));
        return new ValueTask(_closed.Task);
    }

    /// <summary>Has something done on the reactor's thread.</summary>
    /// <exception cref="ObjectDisposedException">It has ended.</exception>
    private void Do(Action action) => ObjectDisposedException.ThrowIf(!_reactor.Post(action), this);

    private void CancelOn(Task task, Action cancel, CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled)
            return;
        CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(_ => _reactor.Post(cancel), null);
        _ = task.ContinueWith(
            (_, state) => ((CancellationTokenRegistration)state!).Unregister(),
            registration,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void OnWiredUp(WireUp wireUp, WireUpReport? report)
    {
        _wireUps.Remove(wireUp);
        if (report is null)
            return;
        _report = report;
        _connection?.Post(report.Encode());
    }

    private bool SendSignal(SignalMessage signal) => IsConnected && _connection!.Post(signal.Encode());
}
