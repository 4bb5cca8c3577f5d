using System.Diagnostics;
using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Wire;

namespace BoxerMpi.Coordinator;

/// <summary>One job at the coordinator: its ranks, its gate and its end.</summary>
internal sealed partial class SeedJob
{
    private readonly Seed _seed;
    private readonly SeedOptions _options;
    private readonly TimeProvider _time;
    private readonly long _added;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _allLinked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _allLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<AbortInfo> _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Protects all below. Frames are posted under it, so that every member sees the news in one order;
    // posting never waits. Taken before a channel's lock and the seed's.
    private readonly Lock _gate = new();
    private readonly MemberPlace[] _places;
    private readonly MemberDirectory _directory;
    private readonly JobFollowers _followers;
    private readonly RelayDesk _relays;
    private readonly ReturnWindow _returning;
    private ITimer? _gateTimer;
    private int _joined;
    private int _linked;
    private int _ended;
    private int _nextFree;
    private AbortInfo? _abort;
    private string? _closed;
    private bool _gateFailed;

    internal SeedJob(Seed seed, JobSpec spec)
    {
        _seed = seed;
        _options = seed.Options;
        _time = _options.Time;
        _added = _time.GetTimestamp();
        Spec = spec;
        _directory = new MemberDirectory(_gate);
        _followers = new JobFollowers(spec, _options, _gate);
        _relays = new RelayDesk(spec, _options, _gate);
        _returning = new ReturnWindow(spec, _options, _gate);
        _nextFree = spec.FirstFreeRank;
        _places = new MemberPlace[spec.Size];
        for (int rank = 0; rank < _places.Length; rank++)
            _places[rank] = new MemberPlace(rank);

        // A topology that cannot be is an error here, not at each rank.
        if (spec.Topology.Length > 0)
            _ = Topology.Parse(spec.Topology, spec.Size);

        // The joiner reads this frame before the seed has proven anything, so it has the small cap.
        if (spec.Options.Count > Limits.OptionsPerJob || Describe(0, new IPEndPoint(IPAddress.IPv6Any, 0)).Encode().Finish().Length > Limits.MemberFrameBytes)
            throw new ArgumentException($"The job's options take more than {Limits.MemberFrameBytes / 1024} KiB; pass large settings in files.", nameof(spec));
        _ = _started.Task.ContinueWith(
            static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    public JobSpec Spec { get; }

    /// <summary>Completes when all ranks have joined; fails with a <see cref="RendezvousException"/> when the gate's time runs out.</summary>
    public Task Started => _started.Task;

    /// <summary>Completes when every rank has reported its links.</summary>
    public Task AllLinked => _allLinked.Task;

    /// <summary>Completes when every rank of a started job has left or failed, or the job has been closed.</summary>
    public Task AllLeft => _allLeft.Task;

    /// <summary>Completes when somebody aborts the job.</summary>
    public Task<AbortInfo> Aborted => _aborted.Task;

    /// <summary>The members that are there now, in order of their ranks.</summary>
    public IReadOnlyList<MemberInfo> Members
    {
        get
        {
            lock (_gate)
                return [.. _places.Where(place => place.Info is not null).Select(place => place.Info!)];
        }
    }

    /// <summary>The state and times of every rank.</summary>
    public IReadOnlyList<MemberStatus> Statuses
    {
        get
        {
            lock (_gate)
                return [.. _places.Select(place => place.ToStatus())];
        }
    }

    /// <summary>How many ranks have joined, have all their links, and have left or failed.</summary>
    public (int Joined, int Linked, int Ended) Progress
    {
        get
        {
            lock (_gate)
                return (_joined, _linked, _ended);
        }
    }

    /// <summary>Ranks that have not joined yet.</summary>
    internal int MissingMembers
    {
        get
        {
            lock (_gate)
                return Spec.Size - _joined;
        }
    }

    /// <summary>Most events that the present state takes to tell.</summary>
    internal int MaximumSnapshot
    {
        get
        {
            lock (_gate)
                return (3 * Spec.Size) + 2 + _relays.Pairs.Count;
        }
    }

    /// <summary>How long the coordinator has heard nothing of a member that is connected; a member in good health says something each interval.</summary>
    public TimeSpan SilenceOf(int rank)
    {
        lock (_gate)
        {
            return _places[rank].Connection is { } connection ? _time.GetElapsedTime(connection.Channel.LastReceived) : TimeSpan.Zero;
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(_added);

    /// <summary>Ends the job on all its ranks.</summary>
    public void Abort(int code, string reason) => Abort(new AbortInfo(-1, code, reason));

    internal AcceptedMessage Describe(int rank, IPEndPoint observed) => new()
    {
        Rank = rank,
        Size = Spec.Size,
        Epoch = Spec.Epoch,
        Observed = observed,
        Topology = Spec.Topology,
        OffTopology = Spec.OffTopology,
        HeartbeatInterval = _options.HeartbeatInterval,
        HeartbeatTimeout = _options.HeartbeatTimeout,
        RelayAllowed = Spec.Relay,
        Options = Spec.Options,
    };

    internal void Leave(SeedConnection connection, Traffic? traffic)
    {
        lock (_gate)
        {
            if (PlaceOf(connection) is not { } place)
                return;
            place.Connection = null;
            place.Traffic = traffic;
            if (place.State == MemberState.Joined)
            {
                place.HasClosed = true;
                Vacate(place, "it left before the start");
            }
            else
            {
                End(place, MemberState.Left, "");
            }
        }
    }

    internal void Linked(SeedConnection connection, WireUpReport report)
    {
        lock (_gate)
        {
            if (PlaceOf(connection) is not { State: MemberState.Started } place)
                return;
            place.State = MemberState.Linked;
            place.LinkedAfter = Now;
            place.WireUp = report;
            Publish(place, MembershipChange.Linked, number: report.Count);
            if (++_linked == Spec.Size)
                _allLinked.TrySetResult();
        }
    }

    internal void AbortBy(SeedConnection connection, AbortInfo abort)
    {
        int rank;
        lock (_gate)
        {
            if (PlaceOf(connection) is not { } place)
                return;
            rank = place.Rank;
        }

        Abort(abort with { Rank = rank });
    }

    /// <param name="connection">A member's.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="byMember">Whether the member's own end was closed, as when its process ends.</param>
    internal void ConnectionEnded(SeedConnection connection, string reason, bool byMember)
    {
        lock (_gate)
        {
            if (PlaceOf(connection) is not { } place)
                return;
            place.Connection = null;
            if (_closed is not null)
                return;
            place.HasClosed = byMember;
            if (place.State == MemberState.Joined)
            {
                Vacate(place, reason);
            }
            else if (_options.RejoinGrace > TimeSpan.Zero)
            {
                place.DisconnectedSince = _time.GetTimestamp();
                place.FailureReason = reason;
            }
            else
            {
                End(place, MemberState.Failed, reason);
            }
        }
    }

    internal void LookAfterSilence(long now)
    {
        lock (_gate)
        {
            foreach (MemberPlace place in _places)
            {
                if (place.Connection is not null)
                    _seed.Heartbeat.Look(place.Connection, now);
                else if (place.DisconnectedSince is { } since && _time.GetElapsedTime(since, now) >= _options.RejoinGrace)
                    End(place, MemberState.Failed, place.FailureReason ?? "its control connection broke");
            }

            foreach (SeedConnection connection in _followers.Connections)
                _seed.Heartbeat.Look(connection, now);
            foreach (SeedConnection connection in _attending)
                _seed.Heartbeat.Look(connection, now);
            _relays.LookAfter(now);
            LookAfterReturning(now);
        }
    }

    internal void Close(string reason)
    {
        lock (_gate)
        {
            if (_closed is not null)
                return;
            _closed = reason;
            _gateTimer?.Dispose();
            foreach (MemberPlace place in _places)
                place.Connection?.Close(reason);
            foreach (SeedConnection connection in _attending)
                connection.Close(reason);
            _relays.Break(reason);
            _followers.Clear();
        }

        _started.TrySetException(new RendezvousException(RendezvousFailure.ConnectionLost, "", $"The job was closed before its start: {reason}."));
        _allLeft.TrySetResult();
    }

    private void Abort(AbortInfo abort)
    {
        lock (_gate)
        {
            if (_abort is not null || _closed is not null)
                return;
            _abort = abort;
            ReadOnlyMemory<byte> frame = ShortMessages.Encode(abort);
            foreach (MemberPlace place in _places)
                place.Connection?.Post(frame);
            Publish(null, MembershipChange.Aborted, abort.Message, abort.Code, abort.Rank);
        }

        _options.Log?.Invoke($"Job '{Spec.JobId}' was aborted by {(abort.Rank < 0 ? "its launcher" : $"rank {abort.Rank}")} with code {abort.Code}: {abort.Message}");
        _aborted.TrySetResult(abort);
    }

    private MemberPlace? PlaceOf(SeedConnection connection)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        int rank = connection.Rank;
        return rank >= 0 && ReferenceEquals(_places[rank].Connection, connection) ? _places[rank] : null;
    }

    /// <summary>Before the start: the rank is free for the next joiner.</summary>
    private void Vacate(MemberPlace place, string reason)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        MemberInfo info = place.Info!;
        _directory.Remove(info);
        _options.Log?.Invoke($"Rank {place.Rank} of job '{Spec.JobId}' ({info.Observed}) is free again: {reason}");
        _joined--;
        _nextFree = Math.Max(Spec.FirstFreeRank, Math.Min(_nextFree, place.Rank));
        Publish(place, MembershipChange.Vacated, reason, number: place.HasClosed ? 1 : 0);
        place.Clear();
        if (_joined == 0)
        {
            _gateTimer?.Dispose();
            _gateTimer = null;
        }
    }

    /// <summary>After the start: the rank has left or failed, for good.</summary>
    private void End(MemberPlace place, MemberState state, string reason)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        place.State = state;
        place.EndedAfter = Now;
        place.DisconnectedSince = null;
        place.FailureReason = state == MemberState.Failed ? reason : null;
        _ended++;
        if (state == MemberState.Failed)
        {
            _options.Log?.Invoke($"Rank {place.Rank} of job '{Spec.JobId}' ({place.Info!.Observed}) has failed: {reason}");

            _relays.Break($"rank {place.Rank} has failed", place.Rank);

            // An aborted job ends anyway: no news of each member to each other.
            if (_abort is null)
            {
                ReadOnlyMemory<byte> frame = ShortMessages.EncodeLost(place.Rank, reason);
                foreach (MemberPlace other in _places)
                    other.Connection?.Post(frame);
            }
        }

        Publish(place, state == MemberState.Failed ? MembershipChange.Failed : MembershipChange.Left, reason, number: place.HasClosed ? 1 : 0);
        if (_ended < Spec.Size)
            return;
        _followers.End();
        _allLeft.TrySetResult();
    }
}
