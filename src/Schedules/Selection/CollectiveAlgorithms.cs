namespace BoxerMpi.Schedules;

/// <summary>All algorithms, by collective.</summary>
internal static class CollectiveAlgorithms
{
    private static readonly CollectiveAlgorithm[][] ByCollective = Group(
    [
        new(Collective.Barrier, "flat", TreeAlgorithms.BarrierFlat),
        new(Collective.Barrier, "dissemination", BarrierDissemination.Build),
        new(Collective.Barrier, "grid", BarrierGrid.Build),
        new(Collective.Barrier, "tree", TreeAlgorithms.BarrierTree) { FollowsTopology = true },

        new(Collective.Broadcast, "flat", TreeAlgorithms.BroadcastFlat),
        new(Collective.Broadcast, "binomial", TreeAlgorithms.BroadcastBinomial),
        new(Collective.Broadcast, "scatter-allgather", BroadcastScatterAllGather.Build),
        new(Collective.Broadcast, "chain", TreeAlgorithms.BroadcastChain),
        new(Collective.Broadcast, "grid", TreeAlgorithms.BroadcastGrid),
        new(Collective.Broadcast, "tree", TreeAlgorithms.BroadcastTree) { FollowsTopology = true },
        new(Collective.Broadcast, "segmented", TreeAlgorithms.BroadcastSegmented) { FollowsTopology = true },

        new(Collective.Reduce, "linear", ReduceLinear.Build) { FoldsInOrder = true },
        new(Collective.Reduce, "binomial", ReduceBinomial.Build),
        new(Collective.Reduce, "scatter-gather", ReduceScatterGather.Build) { NeedsCommutativity = true },
        new(Collective.Reduce, "grid", ReduceGrid.Build),
        new(Collective.Reduce, "tree", TreeAlgorithms.ReduceTree) { NeedsCommutativity = true, FollowsTopology = true },
        new(Collective.Reduce, "ordered-tree", ReduceOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.AllReduce, "flat", TreeAlgorithms.AllReduceFlat) { FoldsInOrder = true },
        new(Collective.AllReduce, "binomial", TreeAlgorithms.AllReduceBinomial),
        new(Collective.AllReduce, "recursive-doubling", AllReduceRecursiveDoubling.Build),
        new(Collective.AllReduce, "halving-doubling", AllReduceHalvingDoubling.Build),
        new(Collective.AllReduce, "ring", AllReduceRing.Build) { NeedsCommutativity = true },
        new(Collective.AllReduce, "grid", AllReduceGrid.Build) { NeedsCommutativity = true },
        new(Collective.AllReduce, "tree", TreeAlgorithms.AllReduceTree) { NeedsCommutativity = true, FollowsTopology = true },
        new(Collective.AllReduce, "ordered-tree", AllReduceOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.Gather, "linear", TreeAlgorithms.GatherLinear),
        new(Collective.Gather, "binomial", TreeAlgorithms.GatherBinomial),
        new(Collective.Gather, "grid", TreeAlgorithms.GatherGrid),
        new(Collective.Gather, "tree", TreeAlgorithms.GatherTree) { FollowsTopology = true },

        new(Collective.GatherV, "linear", TreeAlgorithms.GatherLinear),
        new(Collective.GatherV, "grid", TreeAlgorithms.GatherGrid)
        {
            BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length,
        },
        new(Collective.GatherV, "tree", TreeAlgorithms.GatherTree)
        {
            FollowsTopology = true, BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length,
        },

        new(Collective.Scatter, "linear", TreeAlgorithms.ScatterLinear),
        new(Collective.Scatter, "binomial", TreeAlgorithms.ScatterBinomial),
        new(Collective.Scatter, "grid", TreeAlgorithms.ScatterGrid),
        new(Collective.Scatter, "tree", TreeAlgorithms.ScatterTree) { FollowsTopology = true },

        new(Collective.ScatterV, "linear", TreeAlgorithms.ScatterLinear),
        new(Collective.ScatterV, "grid", TreeAlgorithms.ScatterGrid)
        {
            BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length,
        },
        new(Collective.ScatterV, "tree", TreeAlgorithms.ScatterTree)
        {
            FollowsTopology = true, BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length,
        },

        new(Collective.AllGather, "linear", AllGatherLinear.Build),
        new(Collective.AllGather, "recursive-doubling", AllGatherRecursiveDoubling.Build),
        new(Collective.AllGather, "bruck", AllGatherBruck.Build),
        new(Collective.AllGather, "ring", AllGatherRing.Build),
        new(Collective.AllGather, "neighbour", AllGatherNeighbour.Build),
        new(Collective.AllGather, "grid", AllGatherGrid.Build),
        new(Collective.AllGather, "tree", AllGatherTree.Build) { FollowsTopology = true },

        new(Collective.AllToAll, "linear", AllToAllLinear.Build),
        new(Collective.AllToAll, "pairwise", AllToAllPairwise.Build),
        new(Collective.AllToAll, "bruck", AllToAllBruck.Build),
        new(Collective.AllToAll, "bruck-4", (in call) => AllToAllBruck.Build(call, radix: 4)),
        new(Collective.AllToAll, "bruck-8", (in call) => AllToAllBruck.Build(call, radix: 8)),
        new(Collective.AllToAll, "hypercube", AllToAllHypercube.Build),
        new(Collective.AllToAll, "grid", AllToAllGrid.Build),
        new(Collective.AllToAll, "grid-3", AllToAllGrid3.Build),
        new(Collective.AllToAll, "routed", AllToAllRouted.Build) { FollowsTopology = true },

        new(Collective.AllToAllV, "linear", AllToAllLinear.Build),
        new(Collective.AllToAllV, "pairwise", AllToAllPairwise.Build),
        new(Collective.AllToAllV, "grid", AllToAllGrid.Build)
        {
            BuildCounts = AllToAllGrid.BuildCounts, CountsLength = AllToAllGrid.CountsLength,
        },
        new(Collective.AllToAllV, "grid-3", AllToAllGrid3.Build)
        {
            BuildCounts = AllToAllGrid3.BuildCounts, CountsLength = AllToAllGrid3.CountsLength,
        },
        new(Collective.AllToAllV, "routed", AllToAllRouted.Build)
        {
            FollowsTopology = true, BuildCounts = AllToAllRouted.BuildCounts, CountsLength = AllToAllRouted.CountsLength,
        },

        new(Collective.ReduceScatterBlock, "linear", ReduceScatterLinear.Build) { FoldsInOrder = true },
        new(Collective.ReduceScatterBlock, "halving", ReduceScatterHalving.Build) { NeedsCommutativity = true },
        new(Collective.ReduceScatterBlock, "pairwise", ReduceScatterPairwise.Build) { NeedsCommutativity = true },
        new(Collective.ReduceScatterBlock, "grid", ReduceScatterGrid.Build) { NeedsCommutativity = true },
        new(Collective.ReduceScatterBlock, "tree", ReduceScatterTree.Build) { NeedsCommutativity = true, FollowsTopology = true },
        new(Collective.ReduceScatterBlock, "ordered-tree", ReduceScatterOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.Scan, "linear", ScanLinear.Build) { FoldsInOrder = true },
        new(Collective.Scan, "distance-doubling", ScanDistanceDoubling.Build),
        new(Collective.Scan, "recursive-doubling", ScanRecursiveDoubling.Build),
        new(Collective.Scan, "grid", ScanGrid.Build),
        new(Collective.Scan, "ordered-tree", ScanOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        // Neighbours are the program's own choice: where a link lacks, the off-topology policy says what happens.
        new(Collective.NeighbourAllGather, "linear", NeighbourAllGatherLinear.Build) { FollowsTopology = true },
        new(Collective.NeighbourAllToAll, "linear", NeighbourAllToAllLinear.Build) { FollowsTopology = true },
    ]);

    /// <summary>The algorithms of a collective.</summary>
    public static ReadOnlySpan<CollectiveAlgorithm> Of(Collective collective) => ByCollective[(int)collective];

    public static CollectiveAlgorithm? Find(Collective collective, string name) =>
        Array.Find(ByCollective[(int)collective], algorithm => algorithm.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The collective of a name, in any case and with or without underscores; null if there is none.</summary>
    public static Collective? CollectiveOf(string name)
    {
        // ALLTOALL and ALL_TO_ALL are the same to whoever types them.
        string asked = name.Replace("_", "", StringComparison.Ordinal);
        foreach (Collective collective in Enum.GetValues<Collective>())
        {
            if (collective.ToString().Equals(asked, StringComparison.OrdinalIgnoreCase))
                return collective;
        }

        return null;
    }

    /// <summary>The names of a collective's algorithms, for messages.</summary>
    public static string Names(Collective collective) =>
        string.Join(", ", Array.ConvertAll(ByCollective[(int)collective], algorithm => algorithm.Name));

    /// <summary>The collective whose algorithms serve this one as well: they look at blocks of whatever lengths.</summary>
    private static Collective ListedAs(Collective collective) => collective switch
    {
        Collective.AllGatherV => Collective.AllGather,
        Collective.ReduceScatter => Collective.ReduceScatterBlock,
        Collective.ExclusiveScan => Collective.Scan,
        Collective.NeighbourAllGatherV => Collective.NeighbourAllGather,
        Collective.NeighbourAllToAllV => Collective.NeighbourAllToAll,
        _ => collective,
    };

    private static CollectiveAlgorithm[][] Group(CollectiveAlgorithm[] algorithms) =>
    [
        .. Enum.GetValues<Collective>().Select(collective => algorithms
            .Where(algorithm => algorithm.Collective == ListedAs(collective))
            .Select(algorithm => algorithm.For(collective)).ToArray()),
    ];
}
