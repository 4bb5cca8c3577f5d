namespace BoxerMpi.Schedules;

/// <summary>Blocks part on their way down a binomial tree: ⌈log₂ P⌉ hops.</summary>
/// <remarks>For short blocks.</remarks>
internal static class ScatterBinomial
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Scatter(
            new(call), SpanningTree.Binomial(call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes),
            rank => shape.BlockBytes(rank), rank => shape.SendBlock(rank)).Build();
    }
}
