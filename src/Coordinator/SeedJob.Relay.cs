using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    /// <summary>The pairs of ranks that talk, or have talked, through the coordinator.</summary>
    public IReadOnlyList<RelayedPair> Relayed
    {
        get
        {
            lock (_gate)
                return [.. _relays.Pairs.OrderBy(pair => pair.Lower).ThenBy(pair => pair.Higher)];
        }
    }

    /// <summary>Relayed links that are up or wait for their other end.</summary>
    internal int RelayCount
    {
        get
        {
            lock (_gate)
                return _relays.Count;
        }
    }

    /// <summary>Takes one end of a relayed link; when it is the second, both are told and bytes pass.</summary>
    /// <returns>The link, or <see langword="null"/> when the end was rejected.</returns>
    internal RelayedLink? Relay(SeedConnection connection, RelayMessage relay)
    {
        RelayedLink link;
        bool isWhole;
        lock (_gate)
        {
            if (RelayRefusal(relay) is { } text)
            {
                connection.Reject(RendezvousFailure.RelayRefused, text);
                return null;
            }

            link = _relays.Take(connection, relay.From, relay.To, out isWhole);
            if (isWhole)
                Publish(_places[link.Pair.Lower], MembershipChange.Relayed, number: link.Pair.Higher);
        }

        _seed.NoLongerHalfOpen(connection);
        connection.Channel.KeepAlive();
        if (isWhole)
        {
            _options.Log?.Invoke($"Ranks {link.Pair.Lower} and {link.Pair.Higher} of job '{Spec.JobId}' are linked through the coordinator.");
            _ = link.JoinAsync();
        }

        return link;
    }

    private string? RelayRefusal(RelayMessage relay)
    {
        if (!Spec.Relay)
            return $"Job '{Spec.JobId}' does not relay; its setting {nameof(JobSpec.Relay)} lets ranks that cannot be linked directly talk through the coordinator.";
        if (_closed is not null || _abort is not null)
            return $"Job '{Spec.JobId}' has ended.";
        if (relay.From < 0 || _directory.RankOf(relay.MemberId) != relay.From || relay.Epoch != Spec.Epoch)
            return $"Whoever asks for a relay from rank {relay.From} of epoch {relay.Epoch} of job '{Spec.JobId}' is not that rank.";
        if (relay.To < 0 || relay.To >= Spec.Size || relay.To == relay.From)
            return $"Rank {relay.From} asked for a relay to rank {relay.To}, which is none of the other ranks 0 to {Spec.Size - 1}.";
        foreach (int end in (ReadOnlySpan<int>)[relay.From, relay.To])
        {
            if (_places[end].State is not (MemberState.Started or MemberState.Linked))
                return $"Rank {end} is not there: the relay from rank {relay.From} to rank {relay.To} of job '{Spec.JobId}' makes no sense now.";
        }

        return _relays.HasRoomFor(relay.From, relay.To)
            ? null
            : $"Job '{Spec.JobId}' relays for {Spec.RelayPairs} {(Spec.RelayPairs == 1 ? "pair" : "pairs")} already, its limit (its setting {nameof(JobSpec.RelayPairs)}).";
    }
}
