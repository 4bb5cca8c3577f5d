using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>What else happens to ports that have been opened, and to those who open them.</summary>
public sealed class TroubleTests
{
    [Fact]
    public async Task A_stranger_at_an_opened_port_gets_nothing_and_the_job_lives()
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 3, Kinds = [GatewayKind.FullCone, GatewayKind.Cone, GatewayKind.None] }, spec => spec with { Size = 2 });
        JobClient[] ranks = await Task.WhenAll(job.JoinAsync(0), job.JoinAsync(1));

        // The third host is none of the job's; the gateway of rank 0 lets it in.
        using Stranger garbage = Stranger.Connect(job.Lab.Hosts[2], ranks[0].ObservedEndPoint);
        await garbage.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), job.Deadline);
        Assert.Empty(await garbage.ReceiveToEndAsync(job.Deadline));

        // A hello as a member says it, for this job: without the token it is worth nothing.
        using Stranger impostor = Stranger.Connect(job.Lab.Hosts[2], ranks[0].ObservedEndPoint);
        await impostor.SendAsync(
            new LinkHello(Protocol.Version, "lab", 1, 0, 0, ranks[0].Members[1].Id, Proof.Nonce()).Encode(), job.Deadline);
        await impostor.SendAsync(LinkMessages.EncodeProof(new byte[Proof.Bytes]), job.Deadline);
        Assert.Equal(
            [ControlKind.LinkHello, ControlKind.LinkProof, ControlKind.LinkRefused],
            (await impostor.ReceiveToEndAsync(job.Deadline)).Select(frame => frame.Kind));
        await job.UntilAsync(() => job.Log.Any(line => line.Contains("token was not proven", StringComparison.Ordinal)), "the reason in the log");
        using Stranger silent = Stranger.Connect(job.Lab.Hosts[2], ranks[0].ObservedEndPoint);
        WireUpReport[] reports = await Task.WhenAll(ranks.Select(rank => job.WireAsync(rank)));
        Assert.All(reports, report => Assert.Equal(LinkWay.Punched, Assert.Single(report.Links).Way));
        await job.CheckAsync(0, 1);
    }

    [Fact]
    public async Task A_host_that_dies_in_the_middle_of_a_punch_ends_the_wait_of_the_others()
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 3 });
        JobClient[] ranks = await job.JoinAllAsync();

        // Rank 2 never punches back; the other two link up, and wait for it until it is gone.
        Task<WireUpReport>[] wiring = [job.WireAsync(ranks[0]), job.WireAsync(ranks[1])];
        await job.UntilAsync(() => job.Boxes[0].Count(1) == 1 && job.Boxes[1].Count(0) == 1, "the link between the others");
        await ranks[2].DisposeAsync();
        foreach (Task<WireUpReport> one in wiring)
            Assert.Equal([2], (await Assert.ThrowsAsync<PeerFailedException>(() => one)).FailedRanks);
        await job.CheckAsync(0, 1);
    }

    [Fact]
    public async Task A_coordinator_that_was_started_again_learns_the_members_and_their_NATs_and_the_links_stay()
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 3, Kinds = [GatewayKind.Cone, GatewayKind.Remap, GatewayKind.None] });
        JobClient[] ranks = await job.JoinAllAsync();
        await job.WireAllAsync(ranks);
        IReadOnlyList<IPEndPoint> endPoints = job.Seed.EndPoints;
        await job.Seed.DisposeAsync();
        await using Seed second = job.Lab.Seed.Run(() => Seed.Start(
            new SeedOptions { Listen = endPoints[0], ExtraListen = [.. endPoints.Skip(1)], Log = job.Log.Enqueue }, job.Job.Spec));
        SeedJob again = second.Jobs.Single();
        await job.UntilAsync(() => again.Statuses.All(status => status.State == MemberState.Linked), "all ranks to come back");
        Assert.Equal(ranks[0].Members.Select(member => (member.Id, member.Nat)), again.Members.Select(member => (member.Id, member.Nat)));
        foreach ((int from, int to) in ((int, int)[])[(0, 1), (1, 2), (2, 0)])
            await job.CheckAsync(from, to);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_pair_whose_endpoints_are_taken_is_linked_from_another_port(int taken)
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 2 });
        JobClient[] ranks = await job.JoinAllAsync();

        // Half a connection between just these two, as an attempt leaves it whose other end was refused.
        using NetSocket half = job.Lab.Hosts[taken].Run(() => NetSocket.Create(AddressFamily.InterNetwork));
        Assert.Equal(SocketError.Success, half.BindShared(new IPEndPoint(IPAddress.Any, ranks[taken].ListenEndPoint.Port)));
        Assert.Equal(SocketError.InProgress, half.Connect(ranks[1 - taken].ObservedEndPoint, hops: 2));
        await job.WireAllAsync(ranks);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hosts_behind_one_gateway_find_each_other_and_those_behind_others(bool hairpin)
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 4, Behind = 2, Hairpin = hairpin });
        JobClient[] ranks = await job.JoinAllAsync();
        Assert.Equal(ranks[0].ObservedEndPoint.Address, ranks[1].ObservedEndPoint.Address);
        await job.WireAllAsync(ranks);
    }

    [Fact]
    public async Task A_gateway_that_forgets_its_connections_is_told_of_them_again_by_those_inside()
    {
        await using LabJob job = LabJob.Start(new LabOptions { Hosts = 2 });
        await job.WireAllAsync(await job.JoinAllAsync());
        job.Lab.Hosts[0].Gateway!.Run(Connections.Forget);

        // Whoever is behind it speaks first: its gateway takes the connection up in the middle.
        await job.CheckAsync(0, 1);
        await job.CheckAsync(1, 0);

        // What is sent from outside before that is sent again until it is let in.
        job.Lab.Hosts[0].Gateway!.Run(Connections.Forget);
        Task fromOutside = job.CheckAsync(1, 0);
        await job.CheckAsync(0, 1);
        await fromOutside;
    }
}
