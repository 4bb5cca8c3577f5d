namespace BoxerMpi.Schedules;

/// <summary>
/// Rows fold a chunk a column, columns fold these chunks among themselves, rows gather them: the bytes of the halving algorithm, over
/// links of the grid, for any number of rows and columns.
/// </summary>
/// <remarks>
/// Four rounds in which everybody of a row or column exchanges with everybody of it: 2(c−1)+2(r−1) messages a rank. The ranks of a
/// short last row hand their vectors to the row above first and get the result at the end. For operations that commute.
/// </remarks>
internal static class AllReduceGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GridPlan grid = new(call);
        Region vector = Region.UserReceive(0, call.Bytes);
        bool hasShortRow = grid.LastRowLength < grid.Columns;
        int rows = hasShortRow ? grid.Rows - 1 : grid.Rows;
        if (grid.Row == rows)
        {
            int above = grid.Rank(rows - 1, grid.Column);
            return schedule.Send(to: above, call.Own).EndRound().Receive(from: above, vector).Build();
        }

        schedule.Copy(call.Own, vector);
        int below = hasShortRow && grid.Row == rows - 1 && grid.Column < grid.LastRowLength ? grid.Rank(rows, grid.Column) : -1;
        if (below >= 0)
        {
            Region arrival = schedule.Scratch(call.Bytes);
            schedule.Receive(from: below, arrival).Reduce(vector, arrival);
        }

        schedule.EndRound();
        int[] row = new int[grid.Columns];
        for (int c = 0; c < row.Length; c++)
            row[c] = grid.Rank(grid.Row, c);
        int[] column = new int[rows];
        for (int r = 0; r < rows; r++)
            column[r] = grid.Rank(r, grid.Column);

        Chunks chunks = new(call.Bytes, call.ElementSize, row.Length);
        Region own = chunks.Of(vector, grid.Column);
        Chunks parts = new(own.Length, call.ElementSize, rows);
        Fold(schedule, row, grid.Column, vector, chunks);
        Fold(schedule, column, grid.Row, own, parts);
        Collect(schedule, column, grid.Row, own, parts);
        Collect(schedule, row, grid.Column, vector, chunks);
        if (below >= 0)
            schedule.Send(to: below, vector);
        return schedule.Build();
    }

    /// <summary>Everybody sends everybody its chunk and folds what comes for its own.</summary>
    private static void Fold(ScheduleBuilder schedule, int[] members, int me, Region vector, in Chunks chunks)
    {
        Region own = chunks.Of(vector, me);
        for (int distance = 1; distance < members.Length; distance++)
        {
            int to = (me + distance) % members.Length;
            Region arrival = schedule.Scratch(own.Length);
            schedule
                .Receive(from: members[(me - distance + members.Length) % members.Length], arrival)
                .Send(to: members[to], chunks.Of(vector, to))
                .Reduce(own, arrival);
        }

        schedule.EndRound();
    }

    private static void Collect(ScheduleBuilder schedule, int[] members, int me, Region vector, in Chunks chunks)
    {
        for (int distance = 1; distance < members.Length; distance++)
        {
            int from = (me - distance + members.Length) % members.Length;
            schedule
                .Receive(from: members[from], chunks.Of(vector, from))
                .Send(to: members[(me + distance) % members.Length], chunks.Of(vector, me));
        }

        schedule.EndRound();
    }
}
