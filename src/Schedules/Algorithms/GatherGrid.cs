namespace BoxerMpi.Schedules;

/// <summary>
/// Every row gathers in the root's column, then the column gathers whole rows: ⌈log₂ c⌉+⌈log₂ r⌉ hops over links of the grid.
/// </summary>
internal static class GatherGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Gather(
            new(call), SpanningTree.Grid(new(call), call.Size, call.Root), call.Rank, call.Own,
            rank => shape.BlockBytes(rank), rank => shape.ReceiveBlock(rank)).Build();
    }
}
