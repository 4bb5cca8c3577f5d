namespace BoxerMpi.Schedules;

/// <summary>Broadcast down a spanning tree of the topology in segments: a rank passes one on while the next arrives.</summary>
/// <remarks>Best for long vectors on deep trees: depth + n/segment rounds instead of depth times n.</remarks>
internal static class BroadcastSegmented
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.BroadcastSegmented(
        new(call), SpanningTree.Over(call.Topology, call.Root), call.Rank, Region.UserReceive(0, call.Bytes), call.SegmentBytes).Build();
}
