using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    // All three are protected by the job's lock.
    private readonly Dictionary<(int Lower, int Higher), RelayedPair> _relayedPairs = [];
    private readonly Dictionary<(int Lower, int Higher), RelayedLink> _waitingRelays = [];
    private readonly HashSet<RelayedLink> _relays = [];

    /// <summary>The pairs of ranks that talk, or have talked, through the coordinator.</summary>
    public IReadOnlyList<RelayedPair> Relayed
    {
        get
        {
            lock (_gate)
                return [.. _relayedPairs.Values.OrderBy(pair => pair.Lower).ThenBy(pair => pair.Higher)];
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

            (int Lower, int Higher) key = (Math.Min(relay.From, relay.To), Math.Max(relay.From, relay.To));
            bool higher = relay.From == key.Higher;
            if (_waitingRelays.Remove(key, out RelayedLink? waiting) && waiting[higher] is not null)
            {
                // The same end once more: it has given up the first connection, whatever has become of it.
                waiting.Break($"rank {relay.From} has come again");
                waiting = null;
            }

            isWhole = waiting is not null;
            link = waiting ?? new RelayedLink(PairOf(key), Forget) { Since = _time.GetTimestamp() };
            link[higher] = connection;
            _relays.Add(link);
            if (!isWhole)
                _waitingRelays[key] = link;
            else
                Publish(_places[key.Lower], MembershipChange.Relayed, number: key.Higher);
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
        if (!_rankOfMember.TryGetValue(relay.MemberId, out int rank) || rank != relay.From || relay.Epoch != Spec.Epoch)
            return $"Whoever asks for a relay from rank {relay.From} of epoch {relay.Epoch} of job '{Spec.JobId}' is not that rank.";
        if (relay.To < 0 || relay.To >= Spec.Size || relay.To == relay.From)
            return $"Rank {relay.From} asked for a relay to rank {relay.To}, which is none of the other ranks 0 to {Spec.Size - 1}.";
        foreach (int end in (ReadOnlySpan<int>)[relay.From, relay.To])
        {
            if (_places[end].State is not (MemberState.Started or MemberState.Linked))
                return $"Rank {end} is not there: the relay from rank {relay.From} to rank {relay.To} of job '{Spec.JobId}' makes no sense now.";
        }

        // The second end of a pair is not another pair.
        (int Lower, int Higher) key = (Math.Min(relay.From, relay.To), Math.Max(relay.From, relay.To));
        return _relays.Count < Spec.RelayPairs || _waitingRelays.ContainsKey(key)
            ? null
            : $"Job '{Spec.JobId}' relays for {Spec.RelayPairs} {(Spec.RelayPairs == 1 ? "pair" : "pairs")} already, its limit (its setting {nameof(JobSpec.RelayPairs)}).";
    }

    private RelayedPair PairOf((int Lower, int Higher) key)
    {
        if (!_relayedPairs.TryGetValue(key, out RelayedPair? pair))
            _relayedPairs[key] = pair = new RelayedPair(key.Lower, key.Higher);
        return pair;
    }

    private void Forget(RelayedLink link)
    {
        lock (_gate)
        {
            _relays.Remove(link);
            (int Lower, int Higher) key = (link.Pair.Lower, link.Pair.Higher);
            if (_waitingRelays.GetValueOrDefault(key) == link)
                _waitingRelays.Remove(key);
        }
    }

    private void BreakRelays(string reason, int rank = -1)
    {
        foreach (RelayedLink link in _relays.Where(link => rank < 0 || link.Pair.Lower == rank || link.Pair.Higher == rank).ToArray())
            link.Break(reason);
    }

    private void LookAfterRelays(long now)
    {
        foreach (RelayedLink link in _waitingRelays.Values.Where(link => _time.GetElapsedTime(link.Since, now) >= _options.RelayDeadline).ToArray())
        {
            bool higher = link[true] is not null;
            (int here, int missing) = higher ? (link.Pair.Higher, link.Pair.Lower) : (link.Pair.Lower, link.Pair.Higher);
            link[higher]!.Reject(
                RendezvousFailure.RelayRefused,
                $"Rank {missing} did not come to its relayed link with rank {here} within {_options.RelayDeadline.TotalSeconds:0.#} s; see what it says.");
            link.GiveUp();
            Forget(link);
        }
    }
}
