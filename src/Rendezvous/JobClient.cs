using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>A rank's end of the rendezvous: it has joined a job whose gate is open, and sets up links to the other ranks.</summary>
/// <remarks>Events are raised on the thread that reads the control connection; handlers do not wait.</remarks>
internal sealed partial class JobClient : IAsyncDisposable
{
    private readonly JoinOptions _options;
    private readonly TimeProvider _time;
    private readonly Links _links;
    private readonly AcceptedMessage _accepted;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<AbortInfo> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Protects what changes when the coordinator is lost and found again.
    private readonly Lock _gate = new();
    private ControlChannel _channel;
    private bool _isConnected = true;
    private bool _isLeaving;
    private bool _isDisposed;
    private WireUpReport? _wireUp;
    private Traffic? _traffic;
    private ITimer? _heartbeat;

    private JobClient(JoinOptions options, Links links, ControlChannel channel, AcceptedMessage accepted, MemberInfo[] members)
    {
        _options = options;
        _time = options.Time;
        _links = links;
        _channel = channel;
        _accepted = accepted;
        Members = members;
        Topology = accepted.Topology.Length == 0 ? Topology.Default(accepted.Size) : Topology.Parse(accepted.Topology, accepted.Size);
        links.Open(new LinkWorld(options.JobId, options.Token, accepted.Epoch, accepted.Rank, members));
    }

    public int Rank => _accepted.Rank;

    public int Size => _accepted.Size;

    public string JobId => _options.JobId;

    /// <summary>The links that the job wants set up.</summary>
    public Topology Topology { get; }

    public OffTopologyPolicy OffTopology => _accepted.OffTopology;

    /// <summary>This member's external endpoint as the coordinator saw it.</summary>
    public IPEndPoint ObservedEndPoint => _accepted.Observed;

    /// <summary>Where this member accepts links.</summary>
    public IPEndPoint ListenEndPoint => _links.ListenEndPoint;

    /// <summary>All members, in order of their ranks.</summary>
    public IReadOnlyList<MemberInfo> Members { get; }

    /// <summary>The job's free settings.</summary>
    public IReadOnlyDictionary<string, string> Options => _accepted.Options;

    /// <summary>Whether the control connection is up; a running job goes on without it.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_gate)
                return _isConnected;
        }
    }

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
    /// Takes the socket of each pair, once, connected and with no delay set; called from several threads and expected to be
    /// short. Links that other ranks ask for later come the same way.
    /// </param>
    /// <param name="options">Limits and times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LinkException">A link did not come up.</exception>
    /// <exception cref="PeerFailedException">A neighbour is lost.</exception>
    /// <exception cref="JobAbortedException">The job was aborted meanwhile.</exception>
    public async Task<WireUpReport> WireUpAsync(
        Topology topology, Action<int, Socket> onLink, WireUpOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(onLink);
        if (topology.Size != Size)
            throw new ArgumentException($"The topology is one of {topology.Size} ranks, the job has {Size}.", nameof(topology));
        _links.Register(onLink);
        using WireUp wireUp = new(_links, Rank, topology, options ?? new WireUpOptions(), _time);
        WireUpReport report = await wireUp.RunAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            _wireUp = report;
            _channel.Post(report.Encode());
        }

        return report;
    }

    /// <summary>Sets up the link to a rank that the topology has none to; both ends may do so at the same time.</summary>
    /// <remarks>When it completes, the socket has been handed to the receiver named in <see cref="WireUpAsync"/>.</remarks>
    /// <exception cref="LinkException">The link did not come up.</exception>
    public Task ConnectAsync(int peer, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (peer < 0 || peer >= Size || peer == Rank)
            throw new ArgumentOutOfRangeException(nameof(peer), peer, $"Rank {Rank} of {Size} cannot have a link to it.");
        return _links.EstablishAsync(peer, connect: true, timeout, cancellationToken);
    }

    /// <summary>Ends the job on all ranks; completes when the coordinator has passed it on, or cannot be reached.</summary>
    /// <returns><see langword="false"/> when there is no coordinator to tell.</returns>
    public async Task<bool> AbortAsync(int code, string message)
    {
        lock (_gate)
        {
            if (!_isConnected || !_channel.Post(ShortMessages.Encode(new AbortInfo(Rank, code, message))))
                return false;
        }

        // The coordinator sends it to everybody, this rank included.
        Task first = await Task.WhenAny(_aborted.Task, _ended.Task, Task.Delay(TimeSpan.FromSeconds(5), _time, CancellationToken.None)).ConfigureAwait(false);
        return first == _aborted.Task;
    }

    /// <summary>Leaves the job in order. A rank that ends without it counts as failed.</summary>
    /// <param name="traffic">What it sent and received, for reports.</param>
    public async Task LeaveAsync(Traffic? traffic = null)
    {
        bool tell;
        ControlChannel channel;
        lock (_gate)
        {
            if (_isLeaving)
                return;
            _isLeaving = true;
            _traffic = traffic;
            tell = _isConnected;
            channel = _channel;
        }

        if (tell)
        {
            channel.PostLast(ShortMessages.EncodeLeave(traffic), "this rank leaves");

            // Until the coordinator closes its end, so that nothing is lost on the way.
            await Task.WhenAny(_ended.Task, Task.Delay(TimeSpan.FromSeconds(5), _time, CancellationToken.None)).ConfigureAwait(false);
        }
    }

    /// <summary>Ends all that the client does; links that were handed over are not touched.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        lock (_gate)
            _isLeaving = true;
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_heartbeat is not null)
            await _heartbeat.DisposeAsync().ConfigureAwait(false);
        ControlChannel channel;
        lock (_gate)
            channel = _channel;
        channel.Close("this rank ends");
        await _ended.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _links.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }
}
