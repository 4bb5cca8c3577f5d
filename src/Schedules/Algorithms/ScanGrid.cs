namespace BoxerMpi.Schedules;

/// <summary>
/// Every row scans, the first column scans the totals of the rows, and every row gets the fold of the rows before it:
/// 2·⌈log₂ c⌉+⌈log₂ r⌉+1 rounds over links of the grid.
/// </summary>
/// <remarks>For grids that hold no hypercube. Ranks are row by row, so that rank order is kept.</remarks>
internal static class ScanGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GridPlan grid = new(call);
        (int row, int column, int width) = (grid.Row, grid.Column, grid.RowLength(grid.Row));
        bool isLastRow = row == grid.Rows - 1;
        bool hasTotal = !isLastRow && column == width - 1;
        ScanFold inRow = new(schedule, call.Own, isExclusive: call.Collective == Collective.ExclusiveScan);
        ScanDistanceDoubling.Steps(schedule, inRow, column, width, c => grid.Rank(row, c), isWholeNeeded: hasTotal);

        Region total = inRow.Block;
        if (hasTotal && column > 0)
            schedule.Send(to: grid.Rank(row, 0), total);
        else if (!isLastRow && column == 0 && width > 1)
            schedule.Receive(from: grid.Rank(row, width - 1), total = schedule.Scratch(call.Bytes));
        schedule.EndRound();

        Region? before = null;
        if (column == 0)
        {
            // The last row only listens.
            ScanFold inColumn = new(schedule, total, isExclusive: true);
            ScanDistanceDoubling.Steps(schedule, inColumn, row, grid.Rows, r => grid.Rank(r, 0), isWholeNeeded: false);
            before = inColumn.Prefix;
        }

        if (row > 0)
            before = Broadcast(schedule, grid, width, before ?? schedule.Scratch(call.Bytes));
        Region result = Region.UserReceive(0, call.Bytes);
        if (before is { } rows && inRow.Prefix is { } part)
            schedule.Reduce(rows, part).Copy(rows, result);
        else if ((before ?? inRow.Prefix) is { } only)
            schedule.Copy(only, result);
        return schedule.Build();
    }

    /// <summary>A binomial tree over the row, from its first rank.</summary>
    private static Region Broadcast(ScheduleBuilder schedule, in GridPlan grid, int width, Region vector)
    {
        int span = 1;
        while (span < width && (grid.Column & span) == 0)
            span <<= 1;
        if (grid.Column != 0)
            schedule.Receive(from: grid.Rank(grid.Row, grid.Column - span), vector).EndRound();
        for (int half = span >> 1; half > 0; half >>= 1)
        {
            if (grid.Column + half < width)
                schedule.Send(to: grid.Rank(grid.Row, grid.Column + half), vector);
        }

        schedule.EndRound();
        return vector;
    }
}
