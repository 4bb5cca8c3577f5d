namespace BoxerMpi.Schedules;

/// <summary>Reduction to rank 0 and broadcast over the same binomial tree.</summary>
/// <remarks>2(P−1) messages in all, 2·⌈log₂ P⌉ hops: for short vectors when many ranks share cores. Keeps rank order.</remarks>
internal static class AllReduceBinomial
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        SpanningTree tree = SpanningTree.Binomial(call.Size, root: 0);
        Region vector = Region.UserReceive(0, call.Bytes);
        TreeSteps.Reduce(schedule, tree, call.Rank, call.Own, vector, call.MayFoldLate);
        return TreeSteps.Broadcast(schedule, tree, call.Rank, vector).Build();
    }
}
