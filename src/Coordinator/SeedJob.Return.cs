using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

// A coordinator that was started again learns of its job from the ranks as they come back.
internal sealed partial class SeedJob
{
    // When the first rank came back; protected by the job's lock.
    private long? _returningSince;

    /// <summary>A rank of a job that this coordinator has not seen start: it has its rank and its links already.</summary>
    private void Return(SeedConnection connection, JoinMessage join)
    {
        Place place = _places[join.RequestedRank];
        place.Info = Register(connection, join, place.Rank);
        place.State = MemberState.Started;
        place.Connection = connection;
        place.JoinedAfter = Now;
        place.HasReturned = true;
        connection.Rank = place.Rank;
        _joined++;
        connection.PostAccepted(Describe(place.Rank, connection.Channel.Remote), Spec.Token);
        Publish(place, MembershipChange.Returned);
    }

    private bool IsFirstToReturn(JoinMessage join) =>
        join.Resumed && (uint)join.RequestedRank < (uint)Spec.Size && !_started.Task.IsCompleted && _closed is null && _abort is null;

    /// <summary>The first rank that comes back tells that the job runs: whoever gathers for its start came too late.</summary>
    private void BeginReturning(int rank)
    {
        _returningSince = _time.GetTimestamp();
        _options.Log?.Invoke($"Job '{Spec.JobId}' runs already: rank {rank} is back, the others may come within {_options.ReturnWindow.TotalSeconds:0.#} s.");
        foreach (Place place in _places.Where(place => place.State == MemberState.Joined))
        {
            place.Connection?.Reject(RendezvousFailure.JobFull, RunsAlready);
            Vacate(place, "the job runs already");
        }

        Publish(null, MembershipChange.Started);
        _started.TrySetResult();
    }

    private string RunsAlready => $"Job '{Spec.JobId}' ran before this coordinator was started; only its own ranks may come back to it.";

    /// <summary>Why somebody whom this coordinator does not know cannot come back, or cannot join because others came back.</summary>
    private (RendezvousFailure Reason, string Text)? ReturnRefusal(JoinMessage join)
    {
        if (!join.Resumed)
            return _returningSince is null ? null : (RendezvousFailure.JobFull, RunsAlready);
        if (_returningSince is null && _started.Task.IsCompleted)
            return (RendezvousFailure.WrongJob, $"A rank comes back to job '{Spec.JobId}', but this job of that name has started without it.");
        if (join.RequestedRank < 0)
            return (RendezvousFailure.WrongJob, $"Whoever comes back to job '{Spec.JobId}' has to say as which rank.");
        return join.RequestedRank < Spec.Size && _places[join.RequestedRank] is { State: MemberState.Left or MemberState.Failed, Info: null }
            ? (RendezvousFailure.JobFull, $"Rank {join.RequestedRank} comes back to job '{Spec.JobId}' too late; it counts as gone.")
            : null;
    }

    private void LookAfterReturning(long now)
    {
        if (_returningSince is not { } since || _time.GetElapsedTime(since, now) < _options.ReturnWindow)
            return;
        foreach (Place place in _places.Where(place => place.State == MemberState.Absent))
        {
            _joined++;
            End(place, MemberState.Left, "it has not come back to the coordinator that was started again; it may have ended meanwhile");
        }
    }
}
