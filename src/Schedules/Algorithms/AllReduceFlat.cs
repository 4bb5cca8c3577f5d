namespace BoxerMpi.Schedules;

/// <summary>Everybody sends to rank 0, which folds strictly in the order of the ranks and sends the result to everybody.</summary>
/// <remarks>
/// 2(P−1) messages in all, the fewest there can be: for short vectors when ranks share cores. The result does not depend on the algorithm.
/// </remarks>
internal static class AllReduceFlat
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        SpanningTree tree = SpanningTree.Flat(call.Size, root: 0);
        Region vector = Region.UserReceive(0, call.Bytes);
        TreeSteps.Reduce(schedule, tree, call.Rank, call.Own, vector, call.MayFoldLate);
        return TreeSteps.Broadcast(schedule, tree, call.Rank, vector).Build();
    }
}
