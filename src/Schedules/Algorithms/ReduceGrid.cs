namespace BoxerMpi.Schedules;

/// <summary>
/// Every row folds in the root's column by a binomial tree, then the column does: ⌈log₂ c⌉+⌈log₂ r⌉ hops over links of the grid.
/// </summary>
/// <remarks>
/// What does not commute is folded at rank 0, where rows and then the column are ranges of ranks in order, and goes to the root along
/// the first row and down the root's column.
/// </remarks>
internal static class ReduceGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GridPlan grid = new(call);
        Region result = Region.UserReceive(0, call.Bytes);
        if (call.Commutative || call.Root == 0)
        {
            SpanningTree tree = SpanningTree.Grid(grid, call.Size, call.Root);
            return TreeSteps.Reduce(schedule, tree, call.Rank, call.Own, result, call.MayFoldLate).Build();
        }

        Region collected = call.Rank == 0 ? schedule.Scratch(call.Bytes) : default;
        TreeSteps.Reduce(schedule, SpanningTree.Grid(grid, call.Size, root: 0), call.Rank, call.Own, collected, foldsLate: false);
        int corner = call.Root % grid.Columns;
        if (call.Rank == 0)
        {
            schedule.Send(to: corner == 0 ? call.Root : corner, collected);
        }
        else if (call.IsRoot)
        {
            schedule.Receive(from: corner == call.Root ? 0 : corner, result);
        }
        else if (call.Rank == corner)
        {
            Region passed = schedule.Scratch(call.Bytes);
            schedule.Receive(from: 0, passed).EndRound().Send(to: call.Root, passed);
        }

        return schedule.Build();
    }
}
