using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>A network that loses packets: of the joining, of the attempts through the NATs, of what is said on the connections.</summary>
public sealed class LossTests
{
    // A lost SYN is sent again after 1 s and an attempt has 3 s, so this is three attempts in a row that came to nothing.
    private static readonly TimeSpan LongestWireUp = TimeSpan.FromSeconds(10);

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
        LinkReport[] links = [.. reports.SelectMany(report => report.Links).OrderBy(link => link.Took)];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{links.Length / 2} links: median {links[links.Length / 2].Took.TotalMilliseconds:0.0} ms, slowest {links[^1].Took.TotalMilliseconds:0.0} ms; " +
            $"attempts {reports.Sum(report => report.Attempts)}; wire-up at most {reports.Max(report => report.Elapsed).TotalMilliseconds:0.0} ms");
        Assert.All(reports, report => Assert.InRange(report.Elapsed, TimeSpan.Zero, LongestWireUp));
        Assert.All(reports, report => Assert.All(report.Links, link => Assert.Equal(LinkWay.Punched, link.Way)));
    }
}
