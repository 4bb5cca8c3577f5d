namespace BoxerMpi.Schedules;

/// <summary>
/// The root's column gets the vector by a binomial tree, then every row does: ⌈log₂ r⌉+⌈log₂ c⌉ hops over links of the grid.
/// </summary>
internal static class BroadcastGrid
{
    public static Schedule Build(in CollectiveCall call) => TreeSteps.Broadcast(
        new(call), SpanningTree.Grid(new(call), call.Size, call.Root), call.Rank, Region.UserReceive(0, call.Bytes)).Build();
}
