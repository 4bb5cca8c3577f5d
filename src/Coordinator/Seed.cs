using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Coordinator;

/// <summary>The coordinator that ranks join: it gives out ranks, opens each job's gate and carries news between its members.</summary>
/// <remarks>
/// One seed serves many jobs. Each connection has one reader; what it sends is queued and leaves asynchronously, so that no
/// member waits for another. One timer looks after silence: of strangers, members and the seed itself.
/// </remarks>
internal sealed class Seed : IAsyncDisposable
{
    private readonly SeedOptions _options;
    private readonly Socket[] _listeners;
    private readonly ConcurrentDictionary<string, SeedJob> _jobs = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;
    private readonly Task _accepting;
    private bool _isDisposed;

    // Protects _followers and their attachment to jobs; taken before a job's lock.
    private readonly Lock _followersGate = new();
    private readonly List<Subscription> _followers = [];

    // Protects _connections, _halfOpen and the allowances.
    private readonly Lock _gate = new();
    private readonly HashSet<SeedConnection> _connections = [];
    private readonly LinkedList<SeedConnection> _halfOpen = new();
    private readonly StrangerAllowance _allowance = new();
    private readonly StrangerAllowance _allowanceBeforeStart = new();

    private Seed(SeedOptions options, Socket[] listeners, ReadOnlySpan<JobSpec> jobs)
    {
        _options = options;
        _listeners = listeners;
        EndPoints = [.. listeners.Select(listener => (IPEndPoint)listener.LocalEndPoint!)];
        foreach (JobSpec spec in jobs)
            AddJob(spec);
        Heartbeat = new Heartbeat(options.Time, options.HeartbeatInterval, options.HeartbeatTimeout);
        TimeSpan period = Shortest(options.JoinDeadline / 4, options.RelayDeadline / 4, Heartbeat.Period, TimeSpan.FromSeconds(1));
        if (options.RejoinGrace > TimeSpan.Zero)
            period = Shortest(period, options.RejoinGrace / 4);
        _timer = options.Time.CreateTimer(static state => ((Seed)state!).LookAfterSilence(), this, period, period);
        _accepting = Task.WhenAll(listeners.Select(AcceptAsync));
    }

    /// <summary>Where it listens in the first place, with the real port.</summary>
    public IPEndPoint EndPoint => EndPoints[0];

    /// <summary>Everywhere it listens.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; }

    /// <summary>Connections that have not proven a token yet.</summary>
    public int HalfOpenConnections
    {
        get
        {
            lock (_gate)
                return _halfOpen.Count;
        }
    }

    internal SeedOptions Options => _options;

    /// <summary>Of every connection that has proven the token.</summary>
    internal Heartbeat Heartbeat { get; }

    /// <param name="options">Where and how.</param>
    /// <param name="jobs">
    /// Jobs that are known before the first joiner is heard: ranks that come back to a coordinator that was started again
    /// must not be told that there is no such job.
    /// </param>
    /// <exception cref="RendezvousException">A port is taken.</exception>
    /// <exception cref="ArgumentException">A specification is not sound.</exception>
    /// <exception cref="FormatException">A topology is not understood.</exception>
    public static Seed Start(SeedOptions options, params ReadOnlySpan<JobSpec> jobs)
    {
        ArgumentNullException.ThrowIfNull(options);
        DescriptorLimit.Raise();
        IReadOnlyList<IPEndPoint> extra = options.ExtraListen
            ?? (IPAddress.IsLoopback(options.Listen.Address) ? [] : [new IPEndPoint(options.Listen.Address, 0)]);
        List<Socket> listeners = [];
        try
        {
            foreach (IPEndPoint endPoint in (IEnumerable<IPEndPoint>)[options.Listen, .. extra])
                listeners.Add(Addresses.Listen(endPoint, "the coordinator"));
            return new Seed(options, [.. listeners], jobs);
        }
        catch
        {
            listeners.ForEach(listener => listener.Dispose());
            throw;
        }
    }

    /// <summary>Makes a job known; its ranks may join from now on.</summary>
    /// <exception cref="ArgumentException">The coordinator has a job of that id, or the specification is not sound.</exception>
    /// <exception cref="FormatException">The topology is not understood.</exception>
    public SeedJob AddJob(JobSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        SeedJob job = new(this, spec);
        lock (_followersGate)
        {
            if (!_jobs.TryAdd(spec.JobId, job))
                throw new ArgumentException($"The coordinator has a job '{spec.JobId}' already; give this one another id.", nameof(spec));
            foreach (Subscription follower in _followers)
                job.Attach(follower, endsWithJob: false);
        }

        return job;
    }

    /// <summary>Forgets a job; connections of its members are closed.</summary>
    public void RemoveJob(SeedJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (_jobs.TryRemove(new KeyValuePair<string, SeedJob>(job.Spec.JobId, job)))
            job.Close("the coordinator has removed the job");
    }

    /// <summary>Follows the membership of all jobs, those that come later included: the present state first.</summary>
    public Subscription Subscribe()
    {
        lock (_followersGate)
        {
            SeedJob[] jobs = [.. _jobs.Values];
            Subscription follower = new(_options.FollowerQueueLimit + jobs.Sum(job => job.MaximumSnapshot));
            foreach (SeedJob job in jobs)
                job.Attach(follower, endsWithJob: false);
            _followers.Add(follower);
            return follower;
        }
    }

    public void Unsubscribe(Subscription follower)
    {
        lock (_followersGate)
            _followers.Remove(follower);
        follower.Complete();
    }

    /// <summary>The jobs that it serves now.</summary>
    public IReadOnlyCollection<SeedJob> Jobs => [.. _jobs.Values];

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;

        // First the jobs: their members have not failed because the coordinator ends.
        foreach (SeedJob job in _jobs.Values)
            job.Close("the coordinator stops");
        await _stopping.CancelAsync().ConfigureAwait(false);
        foreach (Socket listener in _listeners)
            listener.Dispose();
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_followersGate)
        {
            foreach (Subscription follower in _followers)
                follower.Complete();
        }

        SeedConnection[] connections;
        lock (_gate)
            connections = [.. _connections];
        foreach (SeedConnection connection in connections)
            connection.Close("the coordinator stops");
        await Task.WhenAll(connections.Select(connection => connection.Completion)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    internal SeedJob? FindJob(string jobId) => _jobs.GetValueOrDefault(jobId);

    /// <summary>The connection has proven the token, or has ended.</summary>
    internal void NoLongerHalfOpen(SeedConnection connection)
    {
        lock (_gate)
        {
            if (connection.HalfOpenNode.List is not null)
                _halfOpen.Remove(connection.HalfOpenNode);
        }
    }

    /// <summary>The connection has been told to end: it is closed if the other side does not do so in time.</summary>
    internal void ExpectEnd(SeedConnection connection)
    {
        lock (_gate)
        {
            if (connection.HalfOpenNode.List is not null || !_connections.Contains(connection))
                return;
            connection.Since = _options.Time.GetTimestamp();
            _halfOpen.AddLast(connection.HalfOpenNode);
        }
    }

    internal void Ended(SeedConnection connection)
    {
        lock (_gate)
        {
            _connections.Remove(connection);
            if (connection.HalfOpenNode.List is not null)
                _halfOpen.Remove(connection.HalfOpenNode);
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                // Out of descriptors, or a connection that was reset in the queue: the listener itself is sound.
                _options.Log?.Invoke($"Accepting failed: {error.Message}");
                if (error.SocketErrorCode == SocketError.TooManyOpenSockets)
                    ShedOldest(Math.Max(0, HalfOpenConnections - 1));
                await Task.Delay(TimeSpan.FromMilliseconds(20), _options.Time, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            Welcome(socket, (IPEndPoint)listener.LocalEndPoint!);
        }
    }

    private void Welcome(Socket socket, IPEndPoint arrivedAt)
    {
        SeedConnection connection;
        try
        {
            connection = new SeedConnection(this, socket, ReflectorsFor(arrivedAt));
        }
        catch (SocketException error)
        {
            _options.Log?.Invoke($"A connection was gone before it was looked at: {error.Message}");
            socket.Dispose();
            return;
        }

        int descriptor = (int)socket.Handle;
        int missing = MissingMembers;
        int allowed;
        lock (_gate)
        {
            _connections.Add(connection);
            _halfOpen.AddLast(connection.HalfOpenNode);
            allowed = Math.Min(
                _options.HalfOpenLimit,
                Math.Min(
                    _allowance.Of(descriptor, _halfOpen.Count),
                    _allowanceBeforeStart.Of(descriptor, _halfOpen.Count, _options.PlannedDescriptors, missing)));
        }

        while (ShedOldest(allowed))
        {
        }

        connection.Start(_stopping.Token);
    }

    /// <summary>Members that are still to come: a descriptor is kept for each.</summary>
    private int MissingMembers
    {
        get
        {
            int missing = 0;
            foreach ((_, SeedJob job) in _jobs)
                missing += job.MissingMembers;
            return missing;
        }
    }

    /// <summary>A joiner proves its token within a round trip: what is oldest is a stranger, or tries again.</summary>
    /// <returns>Whether there were more than are allowed.</returns>
    private bool ShedOldest(int allowed)
    {
        SeedConnection oldest;
        int others;
        lock (_gate)
        {
            if (_halfOpen.Count <= allowed)
                return false;
            oldest = _halfOpen.First!.Value;
            _halfOpen.RemoveFirst();
            others = _halfOpen.Count;
        }

        oldest.Close($"{others} newer connections wait to prove their token");
        return true;
    }

    /// <summary>The other endpoints, those at another address first: a NAT is seen from as different a place as can be.</summary>
    private IPEndPoint[] ReflectorsFor(IPEndPoint arrivedAt) =>
        EndPoints.Count == 1 ? [] : [.. EndPoints.Where(other => !other.Equals(arrivedAt)).OrderBy(other => other.Address.Equals(arrivedAt.Address))];

    private void LookAfterSilence()
    {
        long now = _options.Time.GetTimestamp();
        List<SeedConnection>? late = null;
        lock (_gate)
        {
            // In order of arrival: behind the first that is in time all are.
            for (LinkedListNode<SeedConnection>? node = _halfOpen.First; node is not null; node = node.Next)
            {
                if (_options.Time.GetElapsedTime(node.Value.Since, now) < _options.JoinDeadline)
                    break;
                (late ??= []).Add(node.Value);
            }
        }

        foreach (SeedConnection connection in late ?? [])
            connection.Close($"it was silent for {_options.JoinDeadline.TotalSeconds:0.#} s instead of proving the token");
        foreach (SeedJob job in _jobs.Values)
            job.LookAfterSilence(now);
    }

    private static TimeSpan Shortest(params ReadOnlySpan<TimeSpan> spans)
    {
        TimeSpan shortest = spans[0];
        foreach (TimeSpan span in spans)
        {
            if (span < shortest)
                shortest = span;
        }

        return shortest;
    }
}
