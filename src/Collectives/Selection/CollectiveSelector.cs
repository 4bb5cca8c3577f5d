namespace BoxerMpi.Collectives;

/// <summary>Chooses the algorithm of a call: the first that the call and the topology's links allow, of a list by size and ranks.</summary>
/// <remarks>
/// All ranks must choose alike, so only what all know counts: not the lengths of calls with counts, where those differ by rank.
/// Thresholds were measured on two cores over TCP (docs/collectives.md, "Which when").
/// </remarks>
internal sealed class CollectiveSelector(Topology topology, CollectiveOptions options)
{
    private const int ListedLinks = 6;
    private const long KiB = 1024;

    private readonly Dictionary<(CollectiveAlgorithm Algorithm, int Root, bool Commutative), bool> _fits = [];

    /// <summary>From here on cores are shared so much that a message costs more than a round.</summary>
    private bool IsCrowded => options.RanksPerCore >= 3;

    private int Size => topology.Size;

    /// <summary>The algorithm for a call.</summary>
    /// <exception cref="InvalidOperationException">The one that options or environment ask for cannot serve it.</exception>
    public CollectiveAlgorithm Select(in PlanKey call)
    {
        if (options.AlgorithmOf(call.Collective) is { } asked)
            return Asked(CollectiveAlgorithms.Find(call.Collective, asked)!, call);
        foreach (string name in Preferences(call))
        {
            // The forms with counts share the preferences, but not every algorithm has such a form.
            if (CollectiveAlgorithms.Find(call.Collective, name) is { } algorithm && Allows(algorithm, call))
                return algorithm;
        }

        foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(call.Collective))
        {
            if (Allows(algorithm, call))
                return algorithm;
        }

        throw new InvalidOperationException($"No algorithm of {call.Collective} serves {topology.Spec} of {Size} ranks.");
    }

    /// <summary>Whether the call and the links allow an algorithm.</summary>
    public bool Allows(CollectiveAlgorithm algorithm, in PlanKey call)
    {
        if (algorithm.Refusal(Size, call.Commutative) is not null || (MustFoldInOrder(call) && !algorithm.FoldsInOrder))
            return false;
        (CollectiveAlgorithm, int, bool) key = (algorithm, call.Root, call.Commutative);
        if (!_fits.TryGetValue(key, out bool fits))
        {
            fits = algorithm.MissingLinks(topology, call.Root, call.Commutative, listed: 0, countAll: false).Count == 0;
            _fits.Add(key, fits);
        }

        return fits;
    }

    private bool MustFoldInOrder(in PlanKey call) =>
        options.Deterministic && call.Collective is (Collective.Reduce or Collective.AllReduce or Collective.ReduceScatterBlock
            or Collective.ReduceScatter or Collective.Scan or Collective.ExclusiveScan);

    private CollectiveAlgorithm Asked(CollectiveAlgorithm algorithm, in PlanKey call)
    {
        if (Allows(algorithm, call))
            return algorithm;
        string head = $"{call.Collective} was told to use '{algorithm.Name}', which";
        if (algorithm.Refusal(Size, call.Commutative) is { } refusal)
            throw new InvalidOperationException($"{head} {refusal}.");
        if (MustFoldInOrder(call) && !algorithm.FoldsInOrder)
            throw new InvalidOperationException($"{head} does not fold in the order of the ranks, as deterministic results need.");

        (List<(int A, int B)> links, int count) = algorithm.MissingLinks(topology, call.Root, call.Commutative, ListedLinks, countAll: true);
        string listed = string.Join(", ", links.ConvertAll(link => $"{link.A}-{link.B}"));
        throw new InvalidOperationException(
            $"{head} needs {count} links that {topology.Spec} lacks: {listed}{(count > links.Count ? ", …" : "")}. " +
            "Use another algorithm, or a topology with these links.");
    }

    private string[] Preferences(in PlanKey call)
    {
        // What one rank contributes to AllGatherV or gets of ReduceScatter differs, the sum does not.
        long bytes = call.Collective switch
        {
            Collective.AllGatherV => call.ReceiveLayout!.Total * call.ElementSize / Size,
            Collective.ReduceScatter => call.SendLayout!.Total * call.ElementSize / Size,
            _ => call.Bytes,
        };
        bool isGrid = topology.Kind == TopologyKind.Grid;
        switch (call.Collective)
        {
            case Collective.Barrier:
                return options.RanksPerCore >= 2 ? ["flat", "grid", "tree"] : ["dissemination", "grid", "tree"];

            case Collective.Broadcast:
                if (bytes < (IsCrowded ? 1024 : 128) * KiB || Size < 4)
                    return ["binomial", "grid", "tree"];
                return IsCrowded ? ["segmented", "scatter-allgather"] : ["scatter-allgather", "segmented"];

            case Collective.Reduce:
                return bytes < (IsCrowded ? 512 : 64) * KiB || !call.Commutative
                    ? ["binomial", "grid", "tree", "linear", "ordered-tree"]
                    : ["scatter-gather", "binomial", "grid", "tree"];

            case Collective.AllReduce:
                if (bytes >= (IsCrowded ? 256 : 16) * KiB)
                    return ["halving-doubling", "grid", "ring", "tree", "ordered-tree"];
                return IsCrowded ? ["binomial", "tree", "ordered-tree"] : ["recursive-doubling", "binomial", "tree", "ordered-tree"];

            case Collective.Gather:
            case Collective.Scatter:
                return bytes <= 2 * KiB && Size > 32 ? ["binomial", "linear", "grid", "tree"] : ["linear", "binomial", "grid", "tree"];

            case Collective.GatherV:
            case Collective.ScatterV:
                return ["linear", "grid", "tree"];

            case Collective.AllGather:
            case Collective.AllGatherV:
                if (isGrid)
                    return ["grid"];
                if (topology.Kind == TopologyKind.Ring && bytes >= 4 * KiB)
                    return ["ring"];
                if (Size <= 4)
                    return ["linear", "tree"];
                if (IsCrowded && bytes <= 2 * KiB)
                    return ["tree", "recursive-doubling", "bruck"];
                return bytes <= 64 * KiB ? ["recursive-doubling", "bruck", "tree"] : ["recursive-doubling", "ring", "tree"];

            case Collective.AllToAll:
                return bytes <= (IsCrowded ? 1024 : 256) && Size >= 8 ? ["bruck", "grid", "linear", "routed"] : ["linear", "grid", "routed"];

            case Collective.AllToAllV:
                return ["linear", "grid", "routed"];

            case Collective.NeighbourAllGather:
            case Collective.NeighbourAllGatherV:
            case Collective.NeighbourAllToAll:
            case Collective.NeighbourAllToAllV:
                return ["linear"];

            case Collective.Scan:
            case Collective.ExclusiveScan:
                return ["distance-doubling", "recursive-doubling", "ordered-tree"];

            default:
                if (IsCrowded && bytes <= 8 * KiB)
                    return ["tree", "halving", "linear", "ordered-tree"];
                return bytes * Size < 512 * KiB ? ["halving", "linear", "tree", "ordered-tree"] : ["halving", "pairwise", "linear", "tree", "ordered-tree"];
        }
    }
}
