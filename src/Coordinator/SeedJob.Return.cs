using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    /// <summary>A rank of a job that this coordinator has not seen start: it has its rank and its links already.</summary>
    private void Return(SeedConnection connection, JoinMessage join)
    {
        MemberPlace place = _places[join.RequestedRank];
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
        _returning.Begin(rank);
        foreach (MemberPlace place in _places.Where(place => place.State == MemberState.Joined))
        {
            place.Connection?.Reject(_returning.RunsAlready.Reason, _returning.RunsAlready.Text);
            Vacate(place, "the job runs already");
        }

        Publish(null, MembershipChange.Started);
        _started.TrySetResult();
    }

    private (RendezvousFailure Reason, string Text)? ReturnRefusal(JoinMessage join) => _returning.Refusal(
        join,
        _started.Task.IsCompleted,
        isGone: (uint)join.RequestedRank < (uint)Spec.Size
            && _places[join.RequestedRank] is { State: MemberState.Left or MemberState.Failed, Info: null });

    private void LookAfterReturning(long now)
    {
        if (!_returning.IsOver(now))
            return;
        foreach (MemberPlace place in _places.Where(place => place.State == MemberState.Absent))
        {
            _joined++;
            End(place, MemberState.Left, "it has not come back to the coordinator that was started again; it may have ended meanwhile");
        }
    }
}
