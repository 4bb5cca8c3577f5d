using BoxerMpi.Control;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>A network that loses packets: of the joining, of the attempts through the NATs, of what is said on the connections.</summary>
public sealed class LossTests
{
    // A lost SYN is sent again after 1 s and an attempt has 3 s, so this is three attempts in a row that came to nothing.
    private static readonly TimeSpan LongestWireUp = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The hardest: an attempt that fails because a packet got lost leaves a half-open connection in a NAT, which for two minutes drops
    /// what other sockets send between the same endpoints.
    /// </summary>
    [Theory]
    [InlineData("cone", 0)]
    [InlineData("cone", 1)]
    [InlineData("remap,cone,fullcone", 20)]
    public async Task Strict_NATs_that_answer_with_resets_are_passed_as_well(string kinds, int roundTripMilliseconds)
    {
        await using LabJob job = LabJob.Start(new LabOptions
        {
            Hosts = 8,
            Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))],
            LossPercent = 2,
            StrictWindow = true,
            Unsolicited = UnsolicitedAnswer.Reset,
            Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
        });
        Check(await job.WireAllAsync(await job.JoinAllAsync()));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(20, false)]
    [InlineData(20, true)]
    public async Task All_pairs_are_punched_in_bounded_time_where_packets_get_lost(int roundTripMilliseconds, bool strict)
    {
        await using LabJob job = LabJob.Start(new LabOptions
        {
            Hosts = 8,
            LossPercent = 2,
            StrictWindow = strict,
            Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
        });
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        Check(reports);
        Assert.All(reports, report => Assert.All(report.Links, link => Assert.Equal(LinkWay.Punched, link.Way)));
    }

    private static void Check(WireUpReport[] reports)
    {
        LinkReport[] links = [.. reports.SelectMany(report => report.Links).OrderBy(link => link.Took)];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{links.Length / 2} links: median {links[links.Length / 2].Took.TotalMilliseconds:0.0} ms, slowest {links[^1].Took.TotalMilliseconds:0.0} ms; " +
            $"attempts {reports.Sum(report => report.Attempts)}; wire-up at most {reports.Max(report => report.Elapsed).TotalMilliseconds:0.0} ms");
        Assert.All(reports, report => Assert.InRange(report.Elapsed, TimeSpan.Zero, LongestWireUp));
    }
}
