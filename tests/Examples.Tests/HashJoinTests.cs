using System.Globalization;
using System.Text.RegularExpressions;
using HashJoin;

namespace Examples.Tests;

/// <summary>HashJoin through the launcher, its printed aggregate against DuckDB.</summary>
public partial class HashJoinTests
{
    public static TheoryData<int, string, string> Shapes()
    {
        // Four ranks meet every topology with every exchange; seven and sixteen meet each once.
        TheoryData<int, string, string> shapes = new() { { 1, "mesh", "streaming" }, { 1, "mesh", "alltoallv" } };
        string[] topologies = ["mesh", "grid", "tree", "hypercube"];
        for (int i = 0; i < topologies.Length; i++)
        {
            shapes.Add(4, topologies[i], "streaming");
            shapes.Add(4, topologies[i], "alltoallv");
            shapes.Add(7, topologies[i], i % 2 == 0 ? "streaming" : "alltoallv");
            shapes.Add(16, topologies[i], i % 2 == 0 ? "alltoallv" : "streaming");
        }

        return shapes;
    }

    [Theory, MemberData(nameof(Shapes))]
    public async Task Join_is_verified_and_equals_DuckDB(int ranks, string topology, string exchange)
    {
        Outcome run = await Programs.RunAsync("HashJoin", ranks, topology, "--exchange", exchange);

        run.AssertExit(0);
        Assert.Matches(@"\bverified: 15,000 orders and 60,175 lines give 60,175 rows, checksum [0-9a-f]{16}, [\d.]+ MB shuffled, \d+ MB/s", run.Output);
        Assert.Matches(@"time: read [\d.]+ s, partition [\d.]+ s, exchange [\d.]+ s, join [\d.]+ s, aggregate [\d.]+ s, verify [\d.]+ s", run.Output);
        (long[] lines, long[] revenue) = DuckDb.Join(Programs.DataFolder);
        (long[] printedLines, long[] printedRevenue) = PrintedTable(run.Output);
        Assert.Equal(lines, printedLines);
        Assert.Equal(revenue, printedRevenue);
    }

    [Theory]
    [InlineData("streaming", "0")]
    [InlineData("streaming", "1.2")]
    [InlineData("alltoallv", "1.2")]
    public async Task Generated_rows_join_with_and_without_hot_keys(string exchange, string skew)
    {
        Outcome run = await Programs.RunAsync("HashJoin", 5, "mesh", "--generate", "200000", "--skew", skew, "--exchange", exchange);
        run.AssertExit(0);
        Assert.Contains("verified: 50,000 orders and 200,000 lines give ", run.Output);
    }

    [Fact]
    public async Task The_result_does_not_depend_on_the_number_of_ranks()
    {
        Outcome alone = await Programs.RunAsync("HashJoin", 1, "mesh", "--generate", "30000", "--skew", "0.8");
        Outcome many = await Programs.RunAsync("HashJoin", 6, "mesh", "--generate", "30000", "--skew", "0.8");
        alone.AssertExit(0);
        many.AssertExit(0);
        Assert.Equal(Checksum().Match(alone.Output).Value, Checksum().Match(many.Output).Value);
        Assert.NotEmpty(Checksum().Match(many.Output).Value);
    }

    [Fact]
    public async Task Without_verification_nothing_is_called_verified()
    {
        Outcome run = await Programs.RunAsync("HashJoin", 2, "mesh", "--generate", "0", "--no-verify");
        run.AssertExit(0);
        Assert.Contains("unchecked: 0 orders and 0 lines give 0 rows", run.Output);
        Assert.DoesNotContain("verified", run.Output);
    }

    [Theory]
    [InlineData("unknown option '--fast'", "--fast")]
    [InlineData("there is no folder '/nowhere'", "--data", "/nowhere")]
    [InlineData("--data needs a value", "--data")]
    [InlineData("--generate takes zero or more rows, not -5", "--generate", "-5")]
    [InlineData("--generate takes a number, not 'many'", "--generate", "many")]
    [InlineData("--skew needs --generate", "--skew", "1")]
    [InlineData("--skew takes a Zipf exponent", "--generate", "5", "--skew", "-1")]
    [InlineData("exclude each other", "--generate", "5", "--data", "/tmp")]
    [InlineData("--exchange takes streaming or alltoallv, not 'pigeon'", "--exchange", "pigeon")]
    public async Task A_wrong_command_line_is_told_once_and_ends_with_2(string message, params string[] args)
    {
        Outcome run = await Programs.RunAsync("HashJoin", 3, "mesh", args);
        run.AssertExit(2);
        Assert.Single(Regex.Matches(run.Output + run.Error, Regex.Escape(message)));
    }

    [Fact]
    public async Task A_missing_column_is_told_once_and_ends_with_2()
    {
        string folder = Directory.CreateTempSubdirectory("hashjoin-").FullName;
        try
        {
            DuckDb.Execute($"COPY (SELECT 1::BIGINT AS o_orderkey) TO '{folder}/orders.parquet' (FORMAT parquet)");
            DuckDb.Execute($"COPY (SELECT 1::BIGINT AS l_orderkey) TO '{folder}/lineitem.parquet' (FORMAT parquet)");
            Outcome run = await Programs.RunAsync("HashJoin", 3, "mesh", "--data", folder);
            run.AssertExit(2);
            Assert.Single(Regex.Matches(run.Output + run.Error, "orders.parquet' has no column o_orderpriority; it has o_orderkey"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_file_with_encodings_that_cannot_be_read_is_named_with_the_column()
    {
        using ParquetFolder folder = new();
        folder.Write("(FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 0)");
        Outcome run = await Programs.RunAsync("HashJoin", 3, "mesh", "--data", folder.Path);
        run.AssertExit(2);
        Assert.Single(Regex.Matches(run.Output + run.Error, $"cannot read column [ol]_[a-z]+ of '{folder.Path}/(orders|lineitem).parquet': "));
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(0.95)]
    public async Task A_damaged_file_is_named_and_ends_with_2(double at)
    {
        using ParquetFolder folder = new();
        folder.Write("(FORMAT parquet)");
        byte[] bytes = await File.ReadAllBytesAsync(folder.File("orders"), TestContext.Current.CancellationToken);
        bytes.AsSpan((int)(bytes.Length * at), bytes.Length / 20).Fill(0xFF);
        await File.WriteAllBytesAsync(folder.File("orders"), bytes, TestContext.Current.CancellationToken);
        Outcome run = await Programs.RunAsync("HashJoin", 2, "mesh", "--data", folder.Path);
        run.AssertExit(2);
        Assert.Single(Regex.Matches(run.Output + run.Error, "HashJoin: .*orders.parquet'"));
        Assert.DoesNotContain("   at ", run.Error);
    }

    private static (long[] Lines, long[] Revenue) PrintedTable(string output)
    {
        long[] lines = new long[Priorities.Count], revenue = new long[Priorities.Count];
        for (int priority = 0; priority < Priorities.Count; priority++)
        {
            Match row = Regex.Match(output, Regex.Escape(Priorities.Names[priority]) + @"\s+([\d,]+)\s+([\d,]+\.\d{4})");
            Assert.True(row.Success, $"No row of {Priorities.Names[priority]} in:\n{output}");
            lines[priority] = long.Parse(row.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
            revenue[priority] = (long)(decimal.Parse(row.Groups[2].Value, NumberStyles.Number, CultureInfo.InvariantCulture) * 10_000m);
        }

        return (lines, revenue);
    }

    [GeneratedRegex("checksum [0-9a-f]{16}")]
    private static partial Regex Checksum();
}
