namespace BoxerMpi.Schedules;

/// <summary>Broadcast down a spanning tree of the topology's links.</summary>
internal static class BroadcastTree
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.Broadcast(
        new(call), SpanningTree.Over(call.Topology, call.Root), call.Rank, Region.UserReceive(0, call.Bytes)).Build();
}
