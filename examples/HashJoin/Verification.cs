namespace HashJoin;

/// <summary>The same query on one process by another way: both tables sorted and merged instead of hashed and shuffled.</summary>
internal static class Verification
{
    public static async Task<JoinResult> JoinAloneAsync(IJoinInput input, CancellationToken cancellationToken)
    {
        OrderRow[] orders = await input.ReadOrdersAsync(new RowRange(0, input.OrderCount), cancellationToken);
        LineRow[] lines = await input.ReadLinesAsync(new RowRange(0, input.LineCount), cancellationToken);
        Array.Sort(Array.ConvertAll(orders, order => order.Key), orders);
        Array.Sort(Array.ConvertAll(lines, line => line.Key), lines);

        JoinResult result = new() { OrdersSeen = orders.Length, LinesSeen = lines.Length };
        int o = 0;
        foreach (LineRow line in lines)
        {
            while (o < orders.Length && orders[o].Key < line.Key)
                o++;
            if (o < orders.Length && orders[o].Key == line.Key)
                result.Add(line, orders[o].Priority);
        }

        return result;
    }

    /// <summary>What differs, one line each; nothing when the results agree.</summary>
    public static IReadOnlyList<string> Differences(JoinResult expected, JoinResult actual)
    {
        List<string> differences = [];
        Compare("orders seen", expected.OrdersSeen, actual.OrdersSeen);
        Compare("lines seen", expected.LinesSeen, actual.LinesSeen);
        for (int priority = 0; priority < Priorities.Count; priority++)
        {
            Compare($"lines of {Priorities.Names[priority]}", expected.Lines[priority], actual.Lines[priority]);
            Compare($"revenue of {Priorities.Names[priority]} (1/10,000)", expected.Revenue[priority], actual.Revenue[priority]);
        }

        Compare("checksum", expected.Checksum, actual.Checksum);
        return differences;

        void Compare(string what, long want, long have)
        {
            if (want != have)
                differences.Add($"{what}: {have} instead of {want}");
        }
    }
}
