namespace BoxerMpi.Schedules;

/// <summary>The algorithms that are one walk along a spanning tree: what is done (<see cref="TreeSteps"/>) and along which tree.</summary>
internal static class TreeAlgorithms
{
    /// <summary>Everybody reports to rank 0, which then lets everybody go: 2(P−1) messages in all, the fewest there can be.</summary>
    /// <remarks>Best when ranks share cores, where messages cost more than rounds.</remarks>
    public static Schedule BarrierFlat(in CollectiveCall call) => Barrier(call, SpanningTree.Flat(call.Size, root: 0));

    /// <summary>Reports go up a spanning tree of the topology, leave to go comes down: 2(P−1) messages in twice the tree's depth.</summary>
    public static Schedule BarrierTree(in CollectiveCall call) => Barrier(call, SpanningTree.Over(call.Topology, root: 0));

    /// <summary>The root sends to everybody: one round, P−1 messages from one rank.</summary>
    /// <remarks>Best for two or three ranks.</remarks>
    public static Schedule BroadcastFlat(in CollectiveCall call) => Broadcast(call, SpanningTree.Flat(call.Size, call.Root));

    /// <summary>Binomial-tree broadcast: ⌈log₂ P⌉ hops, each holder sends to one more rank, the farthest first.</summary>
    /// <remarks>Best for short vectors. Thakur, Rabenseifner, Gropp (2005), §3.1.</remarks>
    public static Schedule BroadcastBinomial(in CollectiveCall call) => Broadcast(call, SpanningTree.Binomial(call.Size, call.Root));

    /// <summary>
    /// The root's column gets the vector by a binomial tree, then every row does: ⌈log₂ r⌉+⌈log₂ c⌉ hops over links of the grid.
    /// </summary>
    public static Schedule BroadcastGrid(in CollectiveCall call) => Broadcast(call, SpanningTree.Grid(new(call), call.Size, call.Root));

    /// <summary>Segments go from rank to rank in a chain from the root on: each passes one on while the next arrives.</summary>
    /// <remarks>P−2 + n/segment rounds, n bytes a rank: for very long vectors, and on rings.</remarks>
    public static Schedule BroadcastChain(in CollectiveCall call) => BroadcastSegmented(call, SpanningTree.Chain(call.Size, call.Root));

    /// <summary>Broadcast down a spanning tree of the topology's links.</summary>
    public static Schedule BroadcastTree(in CollectiveCall call) => Broadcast(call, SpanningTree.Over(call.Topology, call.Root));

    /// <summary>Broadcast down a spanning tree of the topology in segments: a rank passes one on while the next arrives.</summary>
    /// <remarks>Best for long vectors on deep trees: depth + n/segment rounds instead of depth times n.</remarks>
    public static Schedule BroadcastSegmented(in CollectiveCall call) =>
        BroadcastSegmented(call, SpanningTree.Over(call.Topology, call.Root));

    /// <summary>Reduction up a spanning tree of the topology's links, for operations that commute.</summary>
    public static Schedule ReduceTree(in CollectiveCall call) => Reduce(call, SpanningTree.Over(call.Topology, call.Root));

    /// <summary>Everybody sends to rank 0, which folds strictly in the order of the ranks and sends the result to everybody.</summary>
    /// <remarks>
    /// 2(P−1) messages in all, the fewest there can be: for short vectors when ranks share cores. The result does not depend on the algorithm.
    /// </remarks>
    public static Schedule AllReduceFlat(in CollectiveCall call) => AllReduce(call, SpanningTree.Flat(call.Size, root: 0));

    /// <summary>Reduction to rank 0 and broadcast over the same binomial tree.</summary>
    /// <remarks>2(P−1) messages in all, 2·⌈log₂ P⌉ hops: for short vectors when many ranks share cores. Keeps rank order.</remarks>
    public static Schedule AllReduceBinomial(in CollectiveCall call) => AllReduce(call, SpanningTree.Binomial(call.Size, root: 0));

    /// <summary>Reduction to rank 0 and broadcast over a spanning tree of the topology's links.</summary>
    /// <remarks>For operations that commute, where links are sparse.</remarks>
    public static Schedule AllReduceTree(in CollectiveCall call) => AllReduce(call, SpanningTree.Over(call.Topology, root: 0));

    /// <summary>Everybody sends its block straight to the root: one round.</summary>
    /// <remarks>The root takes P−1 messages; no block travels twice.</remarks>
    public static Schedule GatherLinear(in CollectiveCall call) => Gather(call, SpanningTree.Flat(call.Size, call.Root));

    /// <summary>Blocks collect on their way up a binomial tree: ⌈log₂ P⌉ hops.</summary>
    /// <remarks>For short blocks.</remarks>
    public static Schedule GatherBinomial(in CollectiveCall call) => Gather(call, SpanningTree.Binomial(call.Size, call.Root));

    /// <summary>
    /// Every row gathers in the root's column, then the column gathers whole rows: ⌈log₂ c⌉+⌈log₂ r⌉ hops over links of the grid.
    /// </summary>
    public static Schedule GatherGrid(in CollectiveCall call) => Gather(call, SpanningTree.Grid(new(call), call.Size, call.Root));

    /// <summary>Blocks collect on their way up a spanning tree of the topology's links.</summary>
    /// <remarks>With counts, the ranks on the way must know those of the ranks behind them: the root tells them first.</remarks>
    public static Schedule GatherTree(in CollectiveCall call) => Gather(call, SpanningTree.Over(call.Topology, call.Root));

    /// <summary>The root sends everybody its block: one round.</summary>
    /// <remarks>The root sends P−1 messages; no block travels twice.</remarks>
    public static Schedule ScatterLinear(in CollectiveCall call) => Scatter(call, SpanningTree.Flat(call.Size, call.Root));

    /// <summary>Blocks part on their way down a binomial tree: ⌈log₂ P⌉ hops.</summary>
    /// <remarks>For short blocks.</remarks>
    public static Schedule ScatterBinomial(in CollectiveCall call) => Scatter(call, SpanningTree.Binomial(call.Size, call.Root));

    /// <summary>
    /// The root's column gets the blocks of whole rows, then every row parts them: ⌈log₂ r⌉+⌈log₂ c⌉ hops over links of the grid.
    /// </summary>
    public static Schedule ScatterGrid(in CollectiveCall call) => Scatter(call, SpanningTree.Grid(new(call), call.Size, call.Root));

    /// <summary>Blocks part on their way down a spanning tree of the topology's links.</summary>
    /// <remarks>With counts, the ranks on the way must know those of the ranks behind them: the root tells them first.</remarks>
    public static Schedule ScatterTree(in CollectiveCall call) => Scatter(call, SpanningTree.Over(call.Topology, call.Root));

    private static Schedule Barrier(in CollectiveCall call, SpanningTree tree) => TreeSteps.Barrier(new(call), tree, call.Rank).Build();

    private static Schedule Broadcast(in CollectiveCall call, SpanningTree tree) =>
        TreeSteps.Broadcast(new(call), tree, call.Rank, Vector(call)).Build();

    private static Schedule BroadcastSegmented(in CollectiveCall call, SpanningTree tree) =>
        TreeSteps.BroadcastSegmented(new(call), tree, call.Rank, Vector(call), call.SegmentBytes).Build();

    private static Schedule Reduce(in CollectiveCall call, SpanningTree tree) =>
        TreeSteps.Reduce(new(call), tree, call.Rank, call.Own, Vector(call), call.MayFoldLate).Build();

    private static Schedule AllReduce(in CollectiveCall call, SpanningTree tree)
    {
        ScheduleBuilder schedule = new(call);
        TreeSteps.Reduce(schedule, tree, call.Rank, call.Own, Vector(call), call.MayFoldLate);
        return TreeSteps.Broadcast(schedule, tree, call.Rank, Vector(call)).Build();
    }

    private static Schedule Gather(in CollectiveCall call, SpanningTree tree)
    {
        CollectiveCall shape = call;
        return TreeSteps.Gather(
            new(call), tree, call.Rank, call.Own, rank => shape.BlockBytes(rank), rank => shape.ReceiveBlock(rank)).Build();
    }

    private static Schedule Scatter(in CollectiveCall call, SpanningTree tree)
    {
        CollectiveCall shape = call;
        return TreeSteps.Scatter(
            new(call), tree, call.Rank, Vector(call), rank => shape.BlockBytes(rank), rank => shape.SendBlock(rank)).Build();
    }

    private static Region Vector(in CollectiveCall call) => Region.UserReceive(0, call.Bytes);
}
