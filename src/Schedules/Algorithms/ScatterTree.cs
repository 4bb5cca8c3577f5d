namespace BoxerMpi.Schedules;

/// <summary>Blocks part on their way down a spanning tree of the topology's links.</summary>
/// <remarks>With counts, the ranks on the way must know those of the ranks behind them: the root tells them first.</remarks>
internal static class ScatterTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Scatter(
            new(call), SpanningTree.Over(call.Topology, call.Root), call.Rank, Region.UserReceive(0, call.Bytes),
            rank => shape.BlockBytes(rank), rank => shape.SendBlock(rank)).Build();
    }
}
