// boxer run -n 4 examples/HashJoin [--data DIR | --generate ROWS [--skew Z]] [--exchange alltoallv|streaming] [--verify | --no-verify]
//
//   SELECT o_orderpriority, count(*), sum(l_extendedprice * (1 - l_discount))
//   FROM orders JOIN lineitem ON o_orderkey = l_orderkey GROUP BY o_orderpriority          -- derived from TPC-H
//
// Each rank reads its share of both tables and sends every row to the rank that owns its key, so that equal keys meet on one rank.
// There the orders become a hash table and the lines probe it. Rank 0 adds up the ranks' sums and checks them against a join of its
// own. Exit code 0; 1 when the results differ; 2 for a wrong command line or input.
using BoxerMpi;
using HashJoin;

return await MpiProgram.RunAsync(async (world, ct) =>
{
    JoinOptions options;
    IJoinInput input;
    OrderRow[] orders;
    LineRow[] lines;
    PhaseClock clock = new();
    try
    {
        options = JoinOptions.Parse(args);
        input = await options.OpenInputAsync(ct);
        orders = await clock.MeasureAsync(
            Phase.Read, () => input.ReadOrdersAsync(RowRange.Of(input.OrderCount, world.Rank, world.Size), ct));
        lines = await clock.MeasureAsync(Phase.Read, () => input.ReadLinesAsync(RowRange.Of(input.LineCount, world.Rank, world.Size), ct));
    }
    catch (InputException ex)
    {
        // The options are the same everywhere, files may not be: one rank that cannot go on ends the job.
        return world.Quit(2, $"HashJoin: {ex.Message}");
    }

    await using IJoinInput opened = input;

    // Orders first: a rank takes lines only after all its orders have come, so the table that they probe is complete.
    Shuffle shuffle = new(world, options.Exchange, clock);
    OrderTable table = new((int)(input.OrderCount / world.Size));
    JoinResult mine = new();
    await shuffle.RunAsync(orders, order => Owner.Of(order.Key, world.Size), arrived => table.Add(arrived.Span), ct);
    await shuffle.RunAsync(lines, line => Owner.Of(line.Key, world.Size), arrived => mine.Join(table, arrived.Span), ct);
    mine.OrdersSeen = table.Count;

    // Sums of integers: the result is the same for every number of ranks and every order of arrival.
    JoinResult total = new();
    long[] bytes = [shuffle.SentBytes];
    await clock.MeasureAsync(Phase.Aggregate, async () =>
    {
        await world.ReduceAsync<long>(mine.Cells, total.Cells, ReduceOp<long>.Sum, root: 0, ct);
        await world.AllReduceAsync<long>(bytes, ReduceOp<long>.Sum, ct);
        return total;
    });

    bool verify = options.Verify ?? input.LineCount <= JoinOptions.VerifiedLines;
    IReadOnlyList<string> differences = [];
    if (verify && world.Rank == 0)
    {
        JoinResult alone = await clock.MeasureAsync(Phase.Verify, () => Verification.JoinAloneAsync(input, ct));
        differences = Verification.Differences(expected: alone, actual: total);
    }

    double[] slowest = clock.Seconds.ToArray();
    await world.AllReduceAsync<double>(slowest, ReduceOp<double>.Max, ct);
    if (world.Rank == 0)
    {
        Console.WriteLine($"orders and lineitem from {input.Name} on {world.Size} ranks, {world.Topology.Spec}, exchange {options.Exchange.ToString().ToLowerInvariant()}");
        Console.Write(Report.Table(total));
        foreach (string difference in differences)
            Console.WriteLine($"  {difference}");
        Console.WriteLine(Report.Summary(Report.Verdict(verify, differences), total, bytes[0], slowest[(int)Phase.Exchange]));
        Console.WriteLine(Report.Times(slowest));
    }

    return await world.AllReduceAsync(differences.Count, ReduceOp<int>.Max, ct) == 0 ? 0 : 1;
});
