namespace BoxerMpi.Schedules;

/// <summary>
/// Along its row a rank hands each column's blocks to the rank in that column, which folds what its row has for the column; then the
/// same along the column: (c−1)+(r−1) messages and n bytes a rank over links of the grid.
/// </summary>
/// <remarks>
/// The ranks of a short last row hand their vectors to the row above first and get their blocks at the end.
/// For operations that commute.
/// </remarks>
internal static class ReduceScatterGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GridPlan grid = new(call);
        bool hasShortRow = grid.LastRowLength < grid.Columns;
        int rows = hasShortRow ? grid.Rows - 1 : grid.Rows;
        Region vector = Region.UserSend(0, call.SendBytes);
        Region result = Region.UserReceive(0, call.Bytes);
        if (grid.Row == rows)
        {
            int above = grid.Rank(rows - 1, grid.Column);
            return schedule.Send(to: above, vector).EndRound().Receive(from: above, result).Build();
        }

        int below = hasShortRow && grid.Row == rows - 1 && grid.Column < grid.LastRowLength ? grid.Rank(rows, grid.Column) : -1;
        if (below >= 0)
        {
            Region sum = schedule.Scratch(vector.Length);
            Region arrival = schedule.Scratch(vector.Length);
            schedule.Receive(from: below, arrival).Copy(vector, sum).Reduce(sum, arrival).EndRound();
            vector = sum;
        }

        // A column's blocks lie row by row in its bundle; a block of the short row follows that of the row above.
        Region[] bundles = new Region[grid.Columns];
        for (int c = 0; c < bundles.Length; c++)
            bundles[c] = Pack(schedule, call, grid, vector, c);
        schedule.EndRound();
        Region own = bundles[grid.Column];
        Exchange(schedule, grid.Column, grid.Columns, c => grid.Rank(grid.Row, c), c => bundles[c]);

        CollectiveCall shape = call;
        Exchange(schedule, grid.Row, rows, r => grid.Rank(r, grid.Column), Part);
        Region mine = Part(grid.Row);
        schedule.Copy(mine.Slice(0, call.Bytes), result);
        if (below >= 0)
            schedule.Send(to: below, mine.Slice(call.Bytes, mine.Length - call.Bytes));
        return schedule.Build();

        Region Part(int row)
        {
            long start = 0;
            for (int r = 0; r < row; r++)
                start += shape.SendBlock(grid.Rank(r, grid.Column)).Length;
            long length = row == rows - 1 ? own.Length - start : shape.SendBlock(grid.Rank(row, grid.Column)).Length;
            return own.Slice(start, length);
        }
    }

    private static Region Pack(ScheduleBuilder schedule, in CollectiveCall call, in GridPlan grid, Region vector, int column)
    {
        long bytes = 0;
        for (int r = 0; r < grid.ColumnLength(column); r++)
            bytes += call.SendBlock(grid.Rank(r, column)).Length;
        Region bundle = schedule.Scratch(bytes);
        if (call.SendLayout is null)
        {
            long block = call.Bytes;
            schedule.CopyStrided(
                vector.Slice(column * block, block), grid.Columns * block, bundle.Slice(0, block), block, grid.ColumnLength(column));
            return bundle;
        }

        long offset = 0;
        for (int r = 0; r < grid.ColumnLength(column); r++)
        {
            Region block = call.SendBlock(grid.Rank(r, column));
            schedule.Copy(vector.Slice(block.Offset, block.Length), bundle.Slice(offset, block.Length));
            offset += block.Length;
        }

        return bundle;
    }

    /// <summary>Everybody sends everybody its part and folds what comes for its own.</summary>
    private static void Exchange(ScheduleBuilder schedule, int me, int count, Func<int, int> rankOf, Func<int, Region> part)
    {
        Region own = part(me);
        for (int distance = 1; distance < count; distance++)
        {
            int to = (me + distance) % count;
            Region arrival = schedule.Scratch(own.Length);
            schedule
                .Receive(from: rankOf((me - distance + count) % count), arrival)
                .Send(to: rankOf(to), part(to))
                .Reduce(own, arrival);
        }

        schedule.EndRound();
    }
}
