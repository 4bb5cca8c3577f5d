namespace BoxerMpi.Schedules;

/// <summary>Everybody reports to rank 0, which then lets everybody go: 2(P−1) messages in all, the fewest there can be.</summary>
/// <remarks>Best when ranks share cores, where messages cost more than rounds.</remarks>
internal static class BarrierFlat
{
    public static Schedule Build(in CollectiveCall call) =>
        TreeSteps.Barrier(new(call), SpanningTree.Flat(call.Size, root: 0), call.Rank).Build();
}
