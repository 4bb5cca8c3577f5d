namespace BoxerMpi.Schedules;

/// <summary>The root sends everybody its block: one round.</summary>
/// <remarks>The root sends P−1 messages; no block travels twice.</remarks>
internal static class ScatterLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Scatter(
            new(call), SpanningTree.Flat(call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes),
            rank => shape.BlockBytes(rank), rank => shape.SendBlock(rank)).Build();
    }
}
