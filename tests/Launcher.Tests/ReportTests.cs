using System.Net;
using System.Text.Json;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Rendezvous;

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
    public async Task The_report_of_ranks_that_joined_tells_of_their_links_addresses_and_messages()
    {
        using TemporaryFolder folder = new();
        string path = folder.File("report.json");
        string puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "4", "--topology", "ring", "--verbose", "--report", path, puppet, "talk", "1000")).ExitsWith(0);
        Assert.Matches(@"^boxer: links: 4 direct; [0-9]+ attempts; each up after .* \(median\), .* \(p99\), .* \(slowest\)$", result.Error[0]);
        Assert.Matches(@"^boxer: slowest links: (ranks [0-3] and [0-3] [0-9.]+ m?s \(direct, [0-9]+ attempts?\)(, |$)){4}$", result.Error[1]);
        Assert.Matches(@"; [0-9]+ messages, 4\.[0-9]+ kB; .* GB-s; exit code 0$", result.Error[2]);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        JsonElement wireUp = report.RootElement.GetProperty("wireUp");
        Assert.Equal(4, wireUp.GetProperty("links").GetInt32());
        Assert.Equal(4, wireUp.GetProperty("byWay").GetProperty("direct").GetInt32());
        Assert.Equal(4, wireUp.GetProperty("nats").GetProperty("none").GetInt32());
        Assert.Equal(["0-1", "0-3", "1-2", "2-3"], wireUp.GetProperty("pairs").EnumerateArray().Select(pair => $"{pair.GetProperty("rank")}-{pair.GetProperty("peer")}").Order());
        double[] times = [.. wireUp.GetProperty("pairs").EnumerateArray().Select(pair => pair.GetProperty("seconds").GetDouble())];
        Assert.Equal(times.OrderDescending(), times);
        Assert.Equal((times[2], times[0]), (wireUp.GetProperty("medianSeconds").GetDouble(), wireUp.GetProperty("slowestSeconds").GetDouble()));
        Assert.Equal(0, wireUp.GetProperty("relayed").GetArrayLength());

        // Each rank has sent 1,000 bytes to the next and nothing else but the empty messages of barriers.
        JsonElement[] ranks = [.. report.RootElement.GetProperty("ranks").EnumerateArray()];
        Assert.All(ranks, rank => Assert.Equal((1000, 1000), (rank.GetProperty("bytesSent").GetInt64(), rank.GetProperty("bytesReceived").GetInt64())));
        Assert.All(ranks, rank => Assert.StartsWith("127.0.0.1:", rank.GetProperty("address").GetString(), StringComparison.Ordinal));
        Assert.All(ranks, rank => Assert.Equal("none", rank.GetProperty("nat").GetString()));
        Assert.Equal(4000, report.RootElement.GetProperty("bytes").GetInt64());
        Assert.Equal(ranks.Sum(rank => rank.GetProperty("messagesReceived").GetInt64()), report.RootElement.GetProperty("messages").GetInt64());
    }

    [Fact]
    public void A_link_that_both_ends_tell_of_is_one_and_times_are_percentiles_of_all()
    {
        MemberStatus[] members = [.. Enumerable.Range(0, 101).Select(rank => Member(rank, rank == 0 ? Enumerable.Range(1, 100) : [0]))];
        RelayedPair relayed = new(3, 0x10);
        relayed.Add(fromHigher: true, 1_234_567);
        WireUpSection section = WireUpSection.Of(members, [relayed])!;
        Assert.Equal(100, section.Links);
        Assert.Equal(300, section.Attempts);
        Assert.Equal((0.05, 0.099, 0.1), (section.MedianSeconds, section.P99Seconds, section.SlowestSeconds));
        Assert.Equal(new PairReport(0, 100, "punched", 3, 0.1), section.Pairs[0]);
        Assert.Equal([new("punched", 99), new("relayed", 1)], section.ByWay.ToArray<KeyValuePair<string, int>>());
        string[] lines = [.. section.Lines];
        Assert.Equal("NATs: 100 remapped, 1 none", lines[0]);
        Assert.Equal("links: 99 punched, 1 relayed; 300 attempts; each up after 50.0 ms (median), 99.0 ms (p99), 100.0 ms (slowest)", lines[1]);
        Assert.Equal(
            "slowest links: ranks 0 and 100 100.0 ms (punched, 3 attempts), ranks 0 and 99 99.0 ms (punched, 3 attempts), "
            + "ranks 0 and 98 98.0 ms (punched, 3 attempts), ranks 0 and 97 97.0 ms (punched, 3 attempts)",
            lines[2]);
        Assert.Equal("relayed through the coordinator: 1.23 MB: ranks 3 and 16 1.23 MB", lines[3]);
        Assert.Null(WireUpSection.Of([Member(0, []) with { WireUp = null }], []));

        static MemberStatus Member(int rank, IEnumerable<int> peers)
        {
            IPEndPoint observed = new(IPAddress.Loopback, 1 + rank);
            MemberInfo info = new(rank, Guid.NewGuid(), observed, [observed], "h", 1) { Nat = rank == 0 ? NatKind.None : NatKind.Remapped };
            WireUpReport report = WireUpReport.Of(
                peers.Select(peer => new LinkReport(
                    peer, rank + peer == 1 ? LinkWay.Relayed : LinkWay.Punched, rank == 0 ? 1 : 2, TimeSpan.FromMilliseconds(rank == 0 ? peer : rank / 2.0))),
                TimeSpan.FromSeconds(1));
            return new MemberStatus(rank, MemberState.Left, info, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, null, report, null);
        }
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.00 kB")]
    [InlineData(12_345, "12.3 kB")]
    [InlineData(999_499, "999 kB")]
    [InlineData(999_500, "1.00 MB")]
    [InlineData(long.MaxValue, "9.22 EB")]
    public void Sizes_have_three_digits(long bytes, string expected) => Assert.Equal(expected, Sizes.Of(bytes));

    [Fact]
    public async Task The_summary_is_one_line()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--verbose", "--", "true")).ExitsWith(0);
        Assert.Matches(@"^boxer: 2 ranks: run [0-9.]+ s; [0-9.]+ GB-s; exit code 0$", Assert.Single(result.Error));
    }
}
