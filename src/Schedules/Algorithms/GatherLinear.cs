namespace BoxerMpi.Schedules;

/// <summary>Everybody sends its block straight to the root: one round.</summary>
/// <remarks>The root takes P−1 messages; no block travels twice.</remarks>
internal static class GatherLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Gather(
            new(call), SpanningTree.Flat(call.Size, call.Root), call.Rank, call.Own,
            rank => shape.BlockBytes(rank), rank => shape.ReceiveBlock(rank)).Build();
    }
}
