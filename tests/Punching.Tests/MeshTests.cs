using BoxerMpi.Control;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>Many hosts at once, behind NATs as functions of a cloud service are.</summary>
public sealed class MeshTests
{
    [Theory]
    [InlineData("cone", 16, "mesh")]
    [InlineData("cone,remap,fullcone", 16, "mesh")]
    [InlineData("cone", 32, "mesh")]
    [InlineData("cone", 64, "grid")]
    public async Task All_links_of_a_topology_are_punched(string kinds, int hosts, string topology)
    {
        await using LabJob job = LabJob.Start(
            new LabOptions { Hosts = hosts, Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))] },
            spec => spec with { Topology = topology });
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        Assert.All(reports, report => Assert.All(report.Links, link => Assert.Equal(LinkWay.Punched, link.Way)));
        LinkReport[] links = [.. reports.SelectMany(report => report.Links).OrderBy(link => link.Took)];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{hosts} hosts, {links.Length / 2} links: median {links[links.Length / 2].Took.TotalMilliseconds:0.0} ms, p99 {links[links.Length * 99 / 100].Took.TotalMilliseconds:0.0} ms, " +
            $"slowest {links[^1].Took.TotalMilliseconds:0.0} ms; attempts {reports.Sum(report => report.Attempts)}; wire-up at most {reports.Max(report => report.Elapsed).TotalMilliseconds:0.0} ms");
    }

    [Fact]
    public async Task Jobs_after_each_other_punch_from_the_same_ports()
    {
        // What is left of the connections of one job must not be in the way of the next.
        await using LabJob first = LabJob.Start(new LabOptions { Hosts = 4 }, port: 41000);
        LabJob job = first;
        for (int i = 0; i < 3; i++)
        {
            JobClient[] ranks = await job.JoinAllAsync();
            Assert.All(ranks, rank => Assert.Equal(41000, rank.ObservedEndPoint.Port));
            await job.WireAllAsync(ranks);
            await job.EndAsync();
            job = job.Again();
        }

        await job.EndAsync();
    }
}
