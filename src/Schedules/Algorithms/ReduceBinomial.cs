namespace BoxerMpi.Schedules;

/// <summary>Binomial-tree reduction: ⌈log₂ P⌉ hops, every message carries the fold of a range of ranks.</summary>
/// <remarks>
/// Best for short vectors. Rank order needs ranges that do not wrap around, so a reduction that does not commute goes to rank 0,
/// which passes it on to the root.
/// </remarks>
internal static class ReduceBinomial
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        Region result = Region.UserReceive(0, call.Bytes);
        if (call.Commutative || call.Root == 0)
        {
            SpanningTree tree = SpanningTree.Binomial(call.Size, call.Root);
            return TreeSteps.Reduce(schedule, tree, call.Rank, call.Own, result, call.MayFoldLate).Build();
        }

        Region collected = call.Rank == 0 ? schedule.Scratch(call.Bytes) : default;
        TreeSteps.Reduce(schedule, SpanningTree.Binomial(call.Size, root: 0), call.Rank, call.Own, collected, foldsLate: false);
        if (call.Rank == 0)
            schedule.Send(to: call.Root, collected);
        else if (call.IsRoot)
            schedule.Receive(from: 0, result);
        return schedule.Build();
    }
}
