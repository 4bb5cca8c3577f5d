using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Follows a job of the coordinator in this process.</summary>
internal sealed class JobSeat : IJobSeat, IAsyncDisposable
{
    private readonly SeedJob _job;
    private readonly Subscription _events;
    private readonly Task _following;

    // Protects _progress and _gateFailure; Changed is raised outside of it.
    private readonly Lock _gate = new();
    private readonly RankProgress[] _progress;
    private readonly TimeSpan _longestPause;
    private AbortNotice? _gateFailure;
    private bool _isComplete;

    /// <param name="job">The job.</param>
    /// <param name="heartbeat">How often members say something when they have nothing to say.</param>
    public JobSeat(SeedJob job, TimeSpan heartbeat)
    {
        _job = job;

        // A member looks twice in an interval: one in good health is heard after one and a half of them. Links notice a cut after two.
        _longestPause = heartbeat * 1.75;
        _progress = new RankProgress[job.Spec.Size];
        Array.Fill(_progress, RankProgress.None);
        _events = job.Subscribe();
        _following = FollowAsync();
        _ = WatchGateAsync();
    }

    public event Action? Changed;

    public AbortNotice? Abort
    {
        get
        {
            // Straight from the coordinator: the events may lag behind it on a busy machine.
            if (_job.Aborted.IsCompletedSuccessfully)
                return AbortNotice.Of(_job.Aborted.Result);

            lock (_gate)
                return _gateFailure;
        }
    }

    /// <summary>Ends when all that happened to the job has been taken in.</summary>
    public Task Followed => _following;

    public int Size => _progress.Length;

    public bool IsComplete
    {
        get
        {
            lock (_gate)
                return _isComplete && !_job.Aborted.IsCompleted;
        }
    }

    public TimeSpan? SilenceOf(int rank)
    {
        TimeSpan silence = _job.SilenceOf(rank);
        return silence > _longestPause ? silence : null;
    }

    public RankProgress Of(int rank)
    {
        lock (_gate)
            return _progress[rank];
    }

    public void End(int code, string reason) => _job.Abort(code, reason);

    public async ValueTask DisposeAsync()
    {
        _job.Unsubscribe(_events);
        await _following;
    }

    private async Task FollowAsync()
    {
        await foreach (MembershipEvent happened in _events.Reader.ReadAllAsync())
        {
            lock (_gate)
                Apply(happened);
            Changed?.Invoke();
        }
    }

    private void Apply(MembershipEvent happened)
    {
        switch (happened.Change)
        {
            case MembershipChange.Started:
                for (int rank = 0; rank < _progress.Length; rank++)
                    _progress[rank] = _progress[rank] with { Stage = RankStage.Started };
                break;
            case MembershipChange.Aborted or MembershipChange.Relayed:
                break;
            default:
                RankProgress before = _progress[happened.Rank];
                _progress[happened.Rank] = happened.Change switch
                {
                    MembershipChange.Joined => new RankProgress(RankStage.Joined, happened.At),
                    MembershipChange.Vacated => Lost(before, RankStage.Vacated, happened),
                    MembershipChange.Linked => before with { Stage = RankStage.Linked, Linked = happened.At },
                    MembershipChange.Left => before with { Stage = RankStage.Left, Ended = happened.At },
                    MembershipChange.Returned => before with { Stage = before.HasLinked ? RankStage.Linked : RankStage.Started },
                    _ => Lost(before, RankStage.Failed, happened),
                };

                // Those that a coordinator, started again, has not seen come back are said to have left, with the reason.
                _isComplete |= happened is { Change: MembershipChange.Left, Reason.Length: 0 };
                break;
        }
    }

    private static RankProgress Lost(RankProgress before, RankStage stage, MembershipEvent happened) =>
        before with { Stage = stage, Ended = happened.At, Reason = happened.Reason, HasClosed = happened.Number == 1 };

    /// <summary>A gate that does not open in time ends the job as an abort by the coordinator does.</summary>
    private async Task WatchGateAsync()
    {
        try
        {
            await _job.Started;
        }
        catch (RendezvousException failure) when (failure.Reason == RendezvousFailure.GateTimeout)
        {
            lock (_gate)
                _gateFailure = new AbortNotice(-1, 1, failure.Message);
            Changed?.Invoke();
        }
        catch (RendezvousException)
        {
            // The job was closed before it started; its processes tell what there is to tell.
        }
    }
}
