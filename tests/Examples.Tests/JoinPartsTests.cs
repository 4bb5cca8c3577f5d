using HashJoin;

namespace Examples.Tests;

/// <summary>The pieces of HashJoin alone, the check that must not pass wrong results above all.</summary>
public class JoinPartsTests
{
    private static readonly SyntheticInput Generated = new SyntheticInput(20_000, 0.9);

    [Fact]
    public async Task Sorting_and_hashing_agree()
    {
        JoinResult alone = await Verification.JoinAloneAsync(Generated, TestContext.Current.CancellationToken);
        JoinResult hashed = await HashJoinAloneAsync(Generated);
        Assert.Empty(Verification.Differences(alone, hashed));
        Assert.InRange(hashed.JoinedRows, 1, 19_999);
    }

    [Fact]
    public async Task Both_ways_equal_DuckDB_on_the_kept_data()
    {
        await using IJoinInput input = await ParquetInput.OpenAsync(Programs.DataFolder, TestContext.Current.CancellationToken);
        (long[] lines, long[] revenue) = DuckDb.Join(Programs.DataFolder);
        foreach (JoinResult result in (JoinResult[])[await HashJoinAloneAsync(input), await Verification.JoinAloneAsync(input, TestContext.Current.CancellationToken)])
        {
            Assert.Equal(lines, result.Lines.ToArray());
            Assert.Equal(revenue, result.Revenue.ToArray());
        }
    }

    [Fact]
    public async Task Any_flipped_figure_is_a_difference()
    {
        JoinResult right = await HashJoinAloneAsync(Generated);
        for (int cell = 0; cell < right.Cells.Length; cell++)
        {
            JoinResult wrong = await HashJoinAloneAsync(Generated);
            wrong.Cells[cell] ^= 1;
            Assert.Single(Verification.Differences(right, wrong));
            Assert.Equal("MISMATCH", Report.Verdict(verify: true, Verification.Differences(right, wrong)));
        }

        Assert.Equal("verified", Report.Verdict(verify: true, Verification.Differences(right, right)));
    }

    [Fact]
    public async Task A_changed_lost_or_doubled_row_is_a_difference()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        OrderTable orders = new();
        orders.Add(await Generated.ReadOrdersAsync(new RowRange(0, Generated.OrderCount), ct));
        LineRow[] lines = await Generated.ReadLinesAsync(new RowRange(0, Generated.LineCount), ct);
        int joined = Array.FindIndex(lines, line => orders.Find(line.Key) >= 0);
        JoinResult right = Probe(lines);

        LineRow[] changed = [.. lines];
        changed[joined] = changed[joined] with { PriceCents = changed[joined].PriceCents + 1 };
        Assert.NotEmpty(Verification.Differences(right, Probe(changed)));
        Assert.NotEmpty(Verification.Differences(right, Probe([.. lines[..joined], .. lines[(joined + 1)..]])));
        Assert.NotEmpty(Verification.Differences(right, Probe([.. lines, lines[joined]])));
        Array.Reverse(lines);
        Assert.Empty(Verification.Differences(right, Probe(lines)));

        JoinResult Probe(LineRow[] rows)
        {
            JoinResult result = new() { OrdersSeen = orders.Count };
            result.Join(orders, rows);
            return result;
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 5)]
    [InlineData(3, 16)]
    [InlineData(60_175, 7)]
    [InlineData(long.MaxValue, 13)]
    public void Shares_cover_a_table_once(long rows, int size)
    {
        long next = 0;
        for (int rank = 0; rank < size; rank++)
        {
            RowRange share = RowRange.Of(rows, rank, size);
            Assert.Equal(next, share.First);
            Assert.InRange(share.Count, rows / size, rows / size + 1);
            next = share.End;
        }

        Assert.Equal(rows, next);
    }

    [Fact]
    public async Task Slices_of_any_size_read_the_same_rows()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        await using IJoinInput input = await ParquetInput.OpenAsync(Programs.DataFolder, ct);
        LineRow[] whole = await input.ReadLinesAsync(new RowRange(0, input.LineCount), ct);
        OrderRow[] wholeOrders = await input.ReadOrdersAsync(new RowRange(0, input.OrderCount), ct);
        List<LineRow> lines = [];
        List<OrderRow> orders = [];
        for (int rank = 0; rank < 11; rank++)
        {
            lines.AddRange(await input.ReadLinesAsync(RowRange.Of(input.LineCount, rank, 11), ct));
            orders.AddRange(await input.ReadOrdersAsync(RowRange.Of(input.OrderCount, rank, 11), ct));
        }

        Assert.Equal(whole, lines);
        Assert.Equal(wholeOrders, orders);
        Assert.Equal(60_175, whole.Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(1000)]
    public void Partitioning_puts_every_row_with_its_owner(int size)
    {
        OrderRow[] rows = [.. Enumerable.Range(0, 5000).Select(i => new OrderRow(i * 7L - 100, i % 5))];
        ReadOnlyMemory<OrderRow>[] parts = Owner.Partition(rows, row => Owner.Of(row.Key, size), size);
        Assert.Equal(size, parts.Length);
        for (int rank = 0; rank < size; rank++)
            Assert.All(parts[rank].ToArray(), row => Assert.Equal(rank, Owner.Of(row.Key, size)));
        Assert.Equal(rows, parts.SelectMany(part => part.ToArray()).OrderBy(row => row.Key));
        if (size == 4)
            Assert.All(parts, part => Assert.InRange(part.Length, 1100, 1400));
    }

    [Fact]
    public void Order_table_finds_what_was_added_and_refuses_duplicates()
    {
        OrderTable table = new();
        OrderRow[] rows = [.. Enumerable.Range(0, 10_000).Select(i => new OrderRow((i % 2 == 0 ? 1 : -1) * (long)i << 20, i % 5))];
        table.Add(rows);
        Assert.Equal(10_000, table.Count);
        Assert.All(rows, row => Assert.Equal(row.Priority, table.Find(row.Key)));
        Assert.Equal(-1, table.Find(long.MinValue));
        Assert.Throws<InvalidDataException>(() => table.Add([rows[17]]));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(1.0)]
    [InlineData(1.5)]
    public void Zipf_keys_have_the_weights_of_their_ranks(double exponent)
    {
        const int Keys = 50, Draws = 200_000;
        ZipfSampler sampler = new(Keys, exponent);
        int[] hits = new int[Keys + 1];
        for (int i = 0; i < Draws; i++)
        {
            SplitMix random = new(42, i);
            hits[sampler.Next(ref random)]++;
        }

        double all = Enumerable.Range(1, Keys).Sum(key => Math.Pow(key, -exponent));
        for (int key = 1; key <= Keys; key++)
        {
            double expected = Draws * Math.Pow(key, -exponent) / all;
            Assert.InRange(hits[key], expected - 6 * Math.Sqrt(expected), expected + 6 * Math.Sqrt(expected));
        }
    }

    private static async Task<JoinResult> HashJoinAloneAsync(IJoinInput input)
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        OrderTable table = new();
        table.Add(await input.ReadOrdersAsync(new RowRange(0, input.OrderCount), ct));
        JoinResult result = new() { OrdersSeen = table.Count };
        result.Join(table, await input.ReadLinesAsync(new RowRange(0, input.LineCount), ct));
        return result;
    }
}
