namespace BoxerMpi.Schedules;

/// <summary>
/// Vectors are gathered up a spanning tree of the topology, folded strictly in the order of the ranks, and the result goes down.
/// </summary>
/// <remarks>For operations that do not commute, where links are sparse: P·n bytes meet at rank 0.</remarks>
internal static class AllReduceOrderedTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        SpanningTree tree = SpanningTree.Over(call.Topology, root: 0);
        Region vector = Region.UserReceive(0, call.Bytes);
        ReduceOrderedTree.Steps(schedule, call, tree, vector);
        return TreeSteps.Broadcast(schedule, tree, call.Rank, vector).Build();
    }
}
