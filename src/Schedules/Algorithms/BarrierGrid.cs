namespace BoxerMpi.Schedules;

/// <summary>Dissemination along the row, then along the column: ⌈log₂ c⌉+⌈log₂ r⌉ rounds over links of the grid.</summary>
/// <remarks>The ranks of a short last row report to the row above first, which lets them go at the end.</remarks>
internal static class BarrierGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GridPlan grid = new(call);
        bool hasShortRow = grid.LastRowLength < grid.Columns;
        int rows = hasShortRow ? grid.Rows - 1 : grid.Rows;
        if (grid.Row == rows)
        {
            int above = grid.Rank(rows - 1, grid.Column);
            return schedule.Notify(to: above).EndRound().Await(from: above).Build();
        }

        int below = hasShortRow && grid.Row == rows - 1 && grid.Column < grid.LastRowLength ? grid.Rank(rows, grid.Column) : -1;
        if (below >= 0)
            schedule.Await(from: below).EndRound();
        for (int distance = 1; distance < grid.Columns; distance <<= 1)
        {
            schedule
                .Await(from: grid.Rank(grid.Row, (grid.Column - distance + grid.Columns) % grid.Columns))
                .Notify(to: grid.Rank(grid.Row, (grid.Column + distance) % grid.Columns))
                .EndRound();
        }

        for (int distance = 1; distance < rows; distance <<= 1)
        {
            schedule
                .Await(from: grid.Rank((grid.Row - distance + rows) % rows, grid.Column))
                .Notify(to: grid.Rank((grid.Row + distance) % rows, grid.Column))
                .EndRound();
        }

        if (below >= 0)
            schedule.Notify(to: below);
        return schedule.Build();
    }
}
