using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>What <c>--report</c> and <c>--verbose</c> tell.</summary>
public sealed class ReportTests
{
    [Fact]
    public async Task The_report_tells_of_every_rank()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("report.json");
        (await Boxer.RunAsync("run", "-n", "3", "--topology", "ring", "--report", path, "--", "sh", "-c", "sleep 0.4; exit $BOXER_RANK")).ExitsWith(1);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        JsonElement root = report.RootElement;
        Assert.StartsWith("run-", root.GetProperty("job").GetString(), StringComparison.Ordinal);
        Assert.Equal("sh", root.GetProperty("program").GetString());
        Assert.Equal(1, root.GetProperty("exitCode").GetInt32());
        Assert.Equal("rank 1 exited with code 1", root.GetProperty("failure").GetString());
        Assert.Equal("ring", root.GetProperty("topology").GetProperty("spec").GetString());
        Assert.Equal(3, root.GetProperty("topology").GetProperty("links").GetInt64());
        Assert.InRange(root.GetProperty("runSeconds").GetDouble(), 0.4, 60);
        Assert.True(root.GetProperty("gigabyteSeconds").GetDouble() > 0);
        Assert.Equal([0, 1, 2], root.GetProperty("ranks").EnumerateArray().Select(rank => rank.GetProperty("exitCode").GetInt32()));
        foreach (JsonElement rank in root.GetProperty("ranks").EnumerateArray())
        {
            Assert.True(rank.GetProperty("pid").GetInt32() > 0);
            Assert.InRange(rank.GetProperty("endSeconds").GetDouble() - rank.GetProperty("startSeconds").GetDouble(), 0.4, 60);
            Assert.True(rank.GetProperty("userSeconds").GetDouble() >= 0);

            // A shell is small; the launcher, whose memory its child shares for a moment, is not.
            Assert.InRange(rank.GetProperty("maxResidentBytes").GetInt64(), 100_000, 20_000_000);
        }
    }

    [Fact]
    public async Task The_summary_is_one_line()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--verbose", "--", "true")).ExitsWith(0);
        Assert.Matches(@"^boxer: 2 ranks: run [0-9.]+ s; [0-9.]+ GB-s; exit code 0$", Assert.Single(result.Error));
    }
}
