namespace BoxerMpi.Schedules;

/// <summary>Reports go up a spanning tree of the topology, leave to go comes down: 2(P−1) messages in twice the tree's depth.</summary>
internal static class BarrierTree
{
    public static Schedule Build(in CollectiveCall call) =>
        TreeSteps.Barrier(new(call), SpanningTree.Over(call.Topology, root: 0), call.Rank).Build();
}
