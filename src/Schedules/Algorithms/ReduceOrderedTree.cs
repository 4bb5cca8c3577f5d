namespace BoxerMpi.Schedules;

/// <summary>Vectors are gathered up a spanning tree of the topology; the root folds them strictly in the order of the ranks.</summary>
/// <remarks>For operations that do not commute, where links are sparse: P·n bytes meet at the root.</remarks>
internal static class ReduceOrderedTree
{
    public static Schedule Build(in CollectiveCall call) =>
        Steps(
        new(call), call, SpanningTree.Over(call.Topology, call.Root), Region.UserReceive(0, call.Bytes)).Build();

    public static ScheduleBuilder Steps(ScheduleBuilder schedule, CollectiveCall call, SpanningTree tree, Region result)
    {
        long bytes = call.Bytes;
        bool isRoot = call.Rank == tree.Root;
        Region all = isRoot ? schedule.Scratch(bytes * call.Size) : default;
        TreeSteps.Gather(schedule, tree, call.Rank, call.Own, _ => bytes, rank => all.Slice(rank * bytes, bytes));
        if (!isRoot)
            return schedule;

        Region fold = all.Slice(0, bytes);
        for (int rank = 1; rank < call.Size; rank++)
            schedule.Reduce(fold, all.Slice(rank * bytes, bytes));
        return schedule.Copy(fold, result).EndRound();
    }
}
