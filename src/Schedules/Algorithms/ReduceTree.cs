namespace BoxerMpi.Schedules;

/// <summary>Reduction up a spanning tree of the topology's links, for operations that commute.</summary>
internal static class ReduceTree
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.Reduce(
        new(call), SpanningTree.Over(call.Topology, call.Root), call.Rank, call.Own, Region.UserReceive(0, call.Bytes),
        call.MayFoldLate).Build();
}
