namespace BoxerMpi.Schedules;

/// <summary>Segments go from rank to rank in a chain from the root on: each passes one on while the next arrives.</summary>
/// <remarks>P−2 + n/segment rounds, n bytes a rank: for very long vectors, and on rings.</remarks>
internal static class BroadcastChain
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.BroadcastSegmented(
        new(call), SpanningTree.Chain(call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes), call.SegmentBytes).Build();
}
