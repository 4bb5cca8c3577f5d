namespace BoxerMpi.Schedules;

/// <summary>
/// Vectors are gathered up a spanning tree of the topology, folded strictly in the order of the ranks, and the blocks scattered down it.
/// </summary>
/// <remarks>For operations that do not commute, where links are sparse: P·n bytes meet at rank 0.</remarks>
internal static class ReduceScatterOrderedTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        SpanningTree tree = SpanningTree.Over(call.Topology, root: 0);
        CollectiveCall shape = call;
        long bytes = call.SendBytes;
        Region all = call.Rank == 0 ? schedule.Scratch(bytes) : default;
        ReduceOrderedTree.Steps(schedule, call with { Bytes = bytes }, tree, all);
        return TreeSteps.Scatter(
            schedule, tree, call.Rank, Region.UserReceive(0, call.Bytes), rank => shape.SendBlock(rank).Length,
            rank => all.Slice(shape.SendBlock(rank).Offset, shape.SendBlock(rank).Length)).Build();
    }
}
