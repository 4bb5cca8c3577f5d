namespace BoxerMpi.Schedules;

/// <summary>Rows gather first, then columns pass on whole rows: (c−1)+(r−1) messages a rank and no byte more than without a grid.</summary>
/// <remarks>Columns that a short last row lacks get that row from their own row at the end.</remarks>
internal static class AllGatherGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GatheredBlocks blocks = new(schedule, call);
        GridPlan grid = new(call);
        (int row, int column) = (grid.Row, grid.Column);
        schedule.Copy(call.Own, blocks.Block(call.Rank));
        for (int c = 0; c < grid.RowLength(row); c++)
        {
            int peer = grid.Rank(row, c);
            if (c != column)
                schedule.Receive(from: peer, blocks.Block(peer)).Send(to: peer, call.Own);
        }

        schedule.EndRound();
        for (int r = 0; r < grid.ColumnLength(column); r++)
        {
            int peer = grid.Rank(r, column);
            if (r != row)
                schedule.Receive(from: peer, WholeRow(blocks, grid, r)).Send(to: peer, WholeRow(blocks, grid, row));
        }

        schedule.EndRound();
        int lastRow = grid.Rows - 1;
        int present = grid.LastRowLength;
        if (row < lastRow && column < present)
        {
            for (int c = present + column; c < grid.Columns; c += present)
                schedule.Send(to: grid.Rank(row, c), WholeRow(blocks, grid, lastRow));
        }
        else if (row < lastRow)
        {
            schedule.Receive(from: grid.Rank(row, column % present), WholeRow(blocks, grid, lastRow));
        }

        return blocks.Deliver(schedule).Build();
    }

    private static Region WholeRow(GatheredBlocks blocks, in GridPlan grid, int row) =>
        blocks.Range(grid.Rank(row, 0), grid.Rank(row, grid.RowLength(row)));
}
