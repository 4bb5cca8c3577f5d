namespace BoxerMpi.Schedules;

/// <summary>Reduction to rank 0 and broadcast over a spanning tree of the topology's links.</summary>
/// <remarks>For operations that commute, where links are sparse.</remarks>
internal static class AllReduceTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        SpanningTree tree = SpanningTree.Over(call.Topology, root: 0);
        Region vector = Region.UserReceive(0, call.Bytes);
        TreeSteps.Reduce(schedule, tree, call.Rank, call.Own, vector, call.MayFoldLate);
        return TreeSteps.Broadcast(schedule, tree, call.Rank, vector).Build();
    }
}
