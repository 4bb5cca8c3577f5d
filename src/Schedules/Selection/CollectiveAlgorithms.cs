namespace BoxerMpi.Schedules;

/// <summary>All algorithms, by collective.</summary>
internal static class CollectiveAlgorithms
{
    private static readonly CollectiveAlgorithm[][] ByCollective = Group(
    [
        new(Collective.Barrier, "flat", BarrierFlat.Build),
        new(Collective.Barrier, "dissemination", BarrierDissemination.Build),
        new(Collective.Barrier, "grid", BarrierGrid.Build),
        new(Collective.Barrier, "tree", BarrierTree.Build) { FollowsTopology = true },

        new(Collective.Broadcast, "flat", BroadcastFlat.Build),
        new(Collective.Broadcast, "binomial", BroadcastBinomial.Build),
        new(Collective.Broadcast, "scatter-allgather", BroadcastScatterAllGather.Build),
        new(Collective.Broadcast, "chain", BroadcastChain.Build),
        new(Collective.Broadcast, "grid", BroadcastGrid.Build),
        new(Collective.Broadcast, "tree", BroadcastTree.Build) { FollowsTopology = true },
        new(Collective.Broadcast, "segmented", BroadcastSegmented.Build) { FollowsTopology = true },

        new(Collective.Reduce, "linear", ReduceLinear.Build) { FoldsInOrder = true },
        new(Collective.Reduce, "binomial", ReduceBinomial.Build),
        new(Collective.Reduce, "scatter-gather", ReduceScatterGather.Build) { NeedsCommutativity = true },
        new(Collective.Reduce, "grid", ReduceGrid.Build),
        new(Collective.Reduce, "tree", ReduceTree.Build) { NeedsCommutativity = true, FollowsTopology = true },
        new(Collective.Reduce, "ordered-tree", ReduceOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.AllReduce, "flat", AllReduceFlat.Build) { FoldsInOrder = true },
        new(Collective.AllReduce, "binomial", AllReduceBinomial.Build),
        new(Collective.AllReduce, "recursive-doubling", AllReduceRecursiveDoubling.Build),
        new(Collective.AllReduce, "halving-doubling", AllReduceHalvingDoubling.Build),
        new(Collective.AllReduce, "ring", AllReduceRing.Build) { NeedsCommutativity = true },
        new(Collective.AllReduce, "grid", AllReduceGrid.Build) { NeedsCommutativity = true },
        new(Collective.AllReduce, "tree", AllReduceTree.Build) { NeedsCommutativity = true, FollowsTopology = true },
        new(Collective.AllReduce, "ordered-tree", AllReduceOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.Gather, "linear", GatherLinear.Build),
        new(Collective.Gather, "binomial", GatherBinomial.Build),
        new(Collective.Gather, "grid", GatherGrid.Build),
        new(Collective.Gather, "tree", GatherTree.Build) { FollowsTopology = true },

        new(Collective.GatherV, "linear", GatherLinear.Build),
        new(Collective.GatherV, "grid", GatherGrid.Build) { BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length },
        new(Collective.GatherV, "tree", GatherTree.Build)
        {
            FollowsTopology = true, BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length,
        },

        new(Collective.Scatter, "linear", ScatterLinear.Build),
        new(Collective.Scatter, "binomial", ScatterBinomial.Build),
        new(Collective.Scatter, "grid", ScatterGrid.Build),
        new(Collective.Scatter, "tree", ScatterTree.Build) { FollowsTopology = true },

        new(Collective.ScatterV, "linear", ScatterLinear.Build),
        new(Collective.ScatterV, "grid", ScatterGrid.Build) { BuildCounts = CountsFromRoot.Build, CountsLength = CountsFromRoot.Length },
        new(Collective.ScatterV, "tree", ScatterTree.Build)
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

        new(Collective.AllGatherV, "linear", AllGatherLinear.Build),
        new(Collective.AllGatherV, "recursive-doubling", AllGatherRecursiveDoubling.Build),
        new(Collective.AllGatherV, "bruck", AllGatherBruck.Build),
        new(Collective.AllGatherV, "ring", AllGatherRing.Build),
        new(Collective.AllGatherV, "neighbour", AllGatherNeighbour.Build),
        new(Collective.AllGatherV, "grid", AllGatherGrid.Build),
        new(Collective.AllGatherV, "tree", AllGatherTree.Build) { FollowsTopology = true },

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

        new(Collective.ReduceScatter, "linear", ReduceScatterLinear.Build) { FoldsInOrder = true },
        new(Collective.ReduceScatter, "halving", ReduceScatterHalving.Build) { NeedsCommutativity = true },
        new(Collective.ReduceScatter, "pairwise", ReduceScatterPairwise.Build) { NeedsCommutativity = true },
        new(Collective.ReduceScatter, "grid", ReduceScatterGrid.Build) { NeedsCommutativity = true },
        new(Collective.ReduceScatter, "tree", ReduceScatterTree.Build) { NeedsCommutativity = true, FollowsTopology = true },
        new(Collective.ReduceScatter, "ordered-tree", ReduceScatterOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.Scan, "linear", ScanLinear.Build) { FoldsInOrder = true },
        new(Collective.Scan, "distance-doubling", ScanDistanceDoubling.Build),
        new(Collective.Scan, "recursive-doubling", ScanRecursiveDoubling.Build),
        new(Collective.Scan, "grid", ScanGrid.Build),
        new(Collective.Scan, "ordered-tree", ScanOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        new(Collective.ExclusiveScan, "linear", ScanLinear.Build) { FoldsInOrder = true },
        new(Collective.ExclusiveScan, "distance-doubling", ScanDistanceDoubling.Build),
        new(Collective.ExclusiveScan, "recursive-doubling", ScanRecursiveDoubling.Build),
        new(Collective.ExclusiveScan, "grid", ScanGrid.Build),
        new(Collective.ExclusiveScan, "ordered-tree", ScanOrderedTree.Build) { FollowsTopology = true, FoldsInOrder = true },

        // Neighbours are the program's own choice: where a link lacks, the off-topology policy says what happens.
        new(Collective.NeighbourAllGather, "linear", NeighbourAllGatherLinear.Build) { FollowsTopology = true },
        new(Collective.NeighbourAllGatherV, "linear", NeighbourAllGatherLinear.Build) { FollowsTopology = true },
        new(Collective.NeighbourAllToAll, "linear", NeighbourAllToAllLinear.Build) { FollowsTopology = true },
        new(Collective.NeighbourAllToAllV, "linear", NeighbourAllToAllLinear.Build) { FollowsTopology = true },
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

    private static CollectiveAlgorithm[][] Group(CollectiveAlgorithm[] algorithms)
    {
        CollectiveAlgorithm[][] groups = new CollectiveAlgorithm[Enum.GetValues<Collective>().Length][];
        for (int i = 0; i < groups.Length; i++)
            groups[i] = Array.FindAll(algorithms, algorithm => (int)algorithm.Collective == i);
        return groups;
    }
}
