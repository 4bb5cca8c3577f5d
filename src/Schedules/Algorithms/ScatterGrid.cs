namespace BoxerMpi.Schedules;

/// <summary>
/// The root's column gets the blocks of whole rows, then every row parts them: ⌈log₂ r⌉+⌈log₂ c⌉ hops over links of the grid.
/// </summary>
internal static class ScatterGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        CollectiveCall shape = call;
        return TreeSteps.Scatter(
            new(call), SpanningTree.Grid(new(call), call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes),
            rank => shape.BlockBytes(rank), rank => shape.SendBlock(rank)).Build();
    }
}
