using System.Diagnostics;

namespace BoxerMpi.Coordinator;

/// <summary>The relayed links of a job: those that wait for their other end, those that are up, and who has ever had one.</summary>
/// <param name="spec">The job.</param>
/// <param name="options">Of its coordinator.</param>
/// <param name="gate">The job's lock, which its caller holds.</param>
internal sealed class RelayDesk(JobSpec spec, SeedOptions options, Lock gate)
{
    private readonly Dictionary<(int Lower, int Higher), RelayedPair> _pairs = [];
    private readonly Dictionary<(int Lower, int Higher), RelayedLink> _waiting = [];
    private readonly HashSet<RelayedLink> _links = [];

    /// <summary>The pairs of ranks that talk, or have talked, through the coordinator.</summary>
    public IReadOnlyCollection<RelayedPair> Pairs
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _pairs.Values;
        }
    }

    /// <summary>Links that are up or wait for their other end.</summary>
    public int Count
    {
        get
        {
            Debug.Assert(gate.IsHeldByCurrentThread);
            return _links.Count;
        }
    }

    /// <summary>Whether the job may relay for two ranks besides those that it relays for; the second end of a link is none.</summary>
    public bool HasRoomFor(int rank, int peer) => Count < spec.RelayPairs || _waiting.ContainsKey(KeyOf(rank, peer));

    /// <summary>Takes a rank's end of the link to a peer.</summary>
    /// <param name="connection">The end.</param>
    /// <param name="rank">Whose.</param>
    /// <param name="peer">The other end's.</param>
    /// <param name="isWhole">Whether the other end was there already.</param>
    public RelayedLink Take(SeedConnection connection, int rank, int peer, out bool isWhole)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        (int Lower, int Higher) key = KeyOf(rank, peer);
        bool higher = rank == key.Higher;
        if (_waiting.Remove(key, out RelayedLink? waiting) && waiting[higher] is not null)
        {
            // The same end once more: it has given up the first connection, whatever has become of it.
            waiting.Break($"rank {rank} has come again");
            waiting = null;
        }

        isWhole = waiting is not null;
        RelayedLink link = waiting ?? new RelayedLink(PairOf(key), Forget) { Since = options.Time.GetTimestamp() };
        link[higher] = connection;
        _links.Add(link);
        if (!isWhole)
            _waiting[key] = link;
        return link;
    }

    /// <summary>Ends the links of a rank, or all.</summary>
    public void Break(string reason, int rank = -1)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        foreach (RelayedLink link in _links.ToArray())
        {
            if (rank < 0 || link.Pair.Lower == rank || link.Pair.Higher == rank)
                link.Break(reason);
        }
    }

    /// <summary>Gives up links whose other end has not come in time.</summary>
    public void LookAfter(long now)
    {
        Debug.Assert(gate.IsHeldByCurrentThread);
        foreach (RelayedLink link in _waiting.Values.ToArray())
        {
            if (options.Time.GetElapsedTime(link.Since, now) < options.RelayDeadline)
                continue;
            bool higher = link[true] is not null;
            (int here, int missing) = higher ? (link.Pair.Higher, link.Pair.Lower) : (link.Pair.Lower, link.Pair.Higher);
            link[higher]!.Reject(
                RendezvousFailure.RelayRefused,
                $"Rank {missing} did not come to its relayed link with rank {here} within {options.RelayDeadline.TotalSeconds:0.#} s; "
                + "see what it says.");
            link.GiveUp();
            Forget(link);
        }
    }

    private static (int Lower, int Higher) KeyOf(int rank, int peer) => (Math.Min(rank, peer), Math.Max(rank, peer));

    private RelayedPair PairOf((int Lower, int Higher) key)
    {
        if (!_pairs.TryGetValue(key, out RelayedPair? pair))
            _pairs[key] = pair = new RelayedPair(key.Lower, key.Higher);
        return pair;
    }

    /// <summary>A link is over; any thread, with the lock or without it.</summary>
    private void Forget(RelayedLink link)
    {
        lock (gate)
        {
            _links.Remove(link);
            (int Lower, int Higher) key = (link.Pair.Lower, link.Pair.Higher);
            if (_waiting.GetValueOrDefault(key) == link)
                _waiting.Remove(key);
        }
    }
}
