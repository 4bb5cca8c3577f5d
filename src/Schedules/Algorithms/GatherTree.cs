namespace BoxerMpi.Schedules;

/// <summary>Blocks collect on their way up a spanning tree of the topology's links.</summary>
/// <remarks>With counts, the ranks on the way must know those of the ranks behind them: the root tells them first.</remarks>
internal static class GatherTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Gather(
            new(call), SpanningTree.Over(call.Topology, call.Root), call.Rank, call.Own,
            rank => shape.BlockBytes(rank), rank => shape.ReceiveBlock(rank)).Build();
    }
}
