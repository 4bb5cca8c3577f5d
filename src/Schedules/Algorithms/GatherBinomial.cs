namespace BoxerMpi.Schedules;

/// <summary>Blocks collect on their way up a binomial tree: ⌈log₂ P⌉ hops.</summary>
/// <remarks>For short blocks.</remarks>
internal static class GatherBinomial
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Gather(
            new(call), SpanningTree.Binomial(call.Size, call.Root), call.Rank, call.Own,
            rank => shape.BlockBytes(rank), rank => shape.ReceiveBlock(rank)).Build();
    }
}
