using System.Net;
using System.Text;
using BoxerMpi.Control;
using BoxerMpi.NatLab;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>Hosts that reach each other, and the coordinator by way of a gateway that translates: each one's own address is the way.</summary>
public sealed class InsideTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Hosts_that_only_the_coordinator_sees_behind_NATs_are_linked_directly(bool firstIsSymmetric, bool secondIsSymmetric)
    {
        bool[] symmetric = [firstIsSymmetric, secondIsSymmetric];
        await using LabJob job = Translated(symmetric);
        JobClient[] ranks = await job.JoinAllAsync();
        foreach (MemberInfo member in ranks[0].Members)
        {
            Assert.Equal(symmetric[member.Rank] ? NatKind.Symmetric : NatKind.PortKept, member.Nat);
            Assert.NotEqual(job.Lab.Hosts[member.Rank].Address, member.Observed.Address);
        }

        WireUpReport[] reports = await job.WireAllAsync(ranks);
        Assert.All(reports, report => Assert.Equal(LinkWay.Direct, Assert.Single(report.Links).Way));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task They_are_linked_when_one_asks_for_the_link_while_the_job_runs(bool symmetric)
    {
        await using LabJob job = Translated([symmetric, symmetric, symmetric], "edges:0-1,1-2");
        JobClient[] ranks = await job.JoinAllAsync();
        await job.WireAllAsync(ranks);
        await ranks[0].ConnectAsync(2, TimeSpan.FromSeconds(30), job.Deadline);
        await job.UntilAsync(() => job.Boxes[2].Count(0) == 1, "the other end");
        await job.CheckAsync(0, 2);
    }

    [Fact]
    public async Task Another_rank_at_a_peers_own_address_does_not_stand_in_for_it_nor_in_its_way()
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 3, Delay = TimeSpan.FromMilliseconds(20) });

        // All hosts behind a gateway of their own know the same address; rank 2 is where rank 0 finds what rank 1 calls its own.
        Task<JobClient> zero = job.JoinAsync(0, options => options with { ListenPort = 41000 });
        Task<JobClient> one = job.JoinAsync(1, options => options with { ListenPort = 42000 });
        Task<JobClient> two = job.Lab.Hosts[0].Run(() => JobClient.JoinAsync(job.Options(2) with { ListenPort = 42000 }, job.Deadline));
        JobClient[] ranks = await Task.WhenAll(zero, one, two);
        await using JobClient last = ranks[2];
        Assert.Equal(ranks[0].Members[1].Local, ranks[0].Members[2].Local);
        WireUpReport[] reports = await job.WireAllAsync(ranks);
        Assert.Equal(LinkWay.Punched, reports[0].Links.Single(link => link.Peer == 1).Way);
    }

    /// <summary>A router that translates what goes to the coordinator, and nothing else.</summary>
    private static LabJob Translated(bool[] symmetric, string topology = "mesh")
    {
        LabJob job = LabJob.Start(
            new LabOptions { Hosts = symmetric.Length, Kinds = [GatewayKind.None] }, spec => spec with { Topology = topology });
        StringBuilder rules = new("table ip cluster { chain leave { type nat hook postrouting priority srcnat;\n");
        for (int host = 0; host < symmetric.Length; host++)
        {
            IPAddress outside = new([198, 18, 9, (byte)(1 + host)]);
            string how = symmetric[host] ? "fully-random" : "";
            rules.AppendLine($"oifname \"seed\" ip saddr {job.Lab.Hosts[host].Address} meta l4proto tcp snat to {outside} {how}");
        }

        job.Lab.Net.Run(() => PacketRules.Load(rules.AppendLine("}\n}").ToString()));
        return job;
    }
}
