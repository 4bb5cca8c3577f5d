using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Ranks that the coordinator has lost while their processes run on: stopped, cut off, or running elsewhere.</summary>
internal sealed partial class JobSupervisor
{
    // A rank behind the barrier that ends a job waits for its goodbyes to be heard; its result is whole, so it gets all of that time.
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(20);

    // Since when each rank of the coordinator is lost.
    private readonly TimeSpan?[] _lostSince;

    /// <summary>Ranks that are lost and have not come back; those whose processes have ended are judged by that.</summary>
    private List<int> LostRanks()
    {
        List<int> lost = [];
        for (int rank = 0; rank < _lostSince.Length; rank++)
        {
            if (!IsLost(rank))
                _lostSince[rank] = null;
            else if ((_lostSince[rank] ??= _clock.Elapsed) + LostPatience(rank) <= _clock.Elapsed || IsLostForSure(rank))
                lost.Add(rank);
        }

        return lost;
    }

    /// <summary>When the next lost rank counts as failed, unless it ends or comes back before.</summary>
    private TimeSpan? LostDue()
    {
        TimeSpan? due = null;
        for (int rank = 0; rank < _lostSince.Length; rank++)
        {
            if (_lostSince[rank] is { } since && IsLost(rank) && (due is null || since + LostPatience(rank) < due))
                due = since + LostPatience(rank);
        }

        return due;
    }

    private bool IsLost(int rank) => (rank >= _ranks.Length || _ranks[rank].IsRunning) && _seat.Of(rank).Stage switch
    {
        RankStage.Failed => rank < _ranks.Length || !_seat.IsComplete,
        RankStage.Vacated => !_plan.MayBeReplaced,
        _ => false,
    };

    /// <summary>When something else has failed already: a rank that is neither ending nor done is rather the cause of that.</summary>
    private bool IsLostForSure(int rank) => _phase == Phase.Settling && !_seat.Of(rank).HasClosed && !_seat.IsComplete;

    /// <summary>Time for the process to end: the coordinator may hear first of it.</summary>
    private TimeSpan LostPatience(int rank) =>
        _seat.IsComplete ? LeavePatience : _seat.Of(rank).HasClosed ? LastWords : SettleConsequence;

    private Failure LossOf(int rank)
    {
        string process = rank < _ranks.Length && _ranks[rank].Process is { Id: { } id } here && ProcessTable.IsStopped(id)
            ? $"; its process ({here.Name}) is stopped"
            : "";
        return Verdict.OfLost(rank, _seat.Of(rank), process);
    }
}
