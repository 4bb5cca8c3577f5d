using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    /// <summary>Those who follow it now.</summary>
    internal int FollowerCount
    {
        get
        {
            lock (_gate)
                return _followers.Count;
        }
    }

    /// <summary>Follows the membership: the present state first, then what happens, until the job ends.</summary>
    public Subscription Subscribe()
    {
        Subscription follower = new(_options.FollowerQueueLimit + MaximumSnapshot);
        Attach(follower, endsWithJob: true);
        return follower;
    }

    /// <summary>A follower over the network: its connection is looked after like a member's.</summary>
    internal Subscription Subscribe(SeedConnection connection)
    {
        lock (_gate)
            _followers.Add(connection);
        return Subscribe();
    }

    internal void Unsubscribe(SeedConnection connection, Subscription follower)
    {
        lock (_gate)
            _followers.Remove(connection);
        Unsubscribe(follower);
    }

    public void Unsubscribe(Subscription follower)
    {
        lock (_gate)
            _followers.Remove(follower);
        follower.Complete();
    }

    internal void Attach(Subscription follower, bool endsWithJob)
    {
        lock (_gate)
        {
            foreach (MemberPlace place in _places)
            {
                if (place.Info is not null)
                    follower.Offer(Event(place, place.HasReturned ? MembershipChange.Returned : MembershipChange.Joined) with { At = place.JoinedAfter });
            }

            if (_started.Task.IsCompletedSuccessfully)
                follower.Offer(Event(null, MembershipChange.Started));
            foreach (MemberPlace place in _places)
            {
                if (place.LinkedAfter is { } linked)
                    follower.Offer(Event(place, MembershipChange.Linked, number: place.WireUp!.Count) with { At = linked });
                if (place.EndedAfter is not { } ended)
                    continue;
                MembershipChange change = place.State == MemberState.Failed ? MembershipChange.Failed : MembershipChange.Left;
                follower.Offer(Event(place, change, place.FailureReason ?? "", place.HasClosed ? 1 : 0) with { At = ended });
            }

            foreach (RelayedPair pair in _relays.Pairs)
                follower.Offer(Event(_places[pair.Lower], MembershipChange.Relayed, number: pair.Higher));
            if (_abort is not null)
                follower.Offer(Event(null, MembershipChange.Aborted, _abort.Message, _abort.Code, _abort.Rank));
            if (_closed is null && (_ended < Spec.Size || !endsWithJob))
                _followers.Add(follower, endsWithJob);
            else if (endsWithJob)
                follower.Complete();
        }
    }

    private void Publish(MemberPlace? place, MembershipChange change, string reason = "", int number = 0, int rank = -1)
    {
        if (_followers.Count > 0)
            _followers.Tell(Event(place, change, reason, number, rank));
    }

    private MembershipEvent Event(MemberPlace? place, MembershipChange change, string reason = "", int number = 0, int rank = -1) => new()
    {
        Change = change,
        JobId = Spec.JobId,
        Rank = place?.Rank ?? rank,
        Size = Spec.Size,
        Members = _joined - _ended,
        At = Now,
        MemberId = place?.Info?.Id ?? Guid.Empty,
        Observed = place?.Info?.Observed,
        Nat = place?.Info?.Nat ?? NatKind.None,
        Host = place?.Info?.Host ?? "",
        Reason = reason,
        Number = number,
    };
}
