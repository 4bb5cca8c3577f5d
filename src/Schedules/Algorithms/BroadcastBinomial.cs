namespace BoxerMpi.Schedules;

/// <summary>Binomial-tree broadcast: ⌈log₂ P⌉ hops, each holder sends to one more rank, the farthest first.</summary>
/// <remarks>Best for short vectors. Thakur, Rabenseifner, Gropp (2005), §3.1.</remarks>
internal static class BroadcastBinomial
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.Broadcast(
        new(call), SpanningTree.Binomial(call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes)).Build();
}
