using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class ReflectTests
{
    [Fact]
    public async Task Any_endpoint_of_the_coordinator_tells_a_stranger_its_external_endpoint()
    {
        await using TestJob job = new(1, seed: WithTwoMore);
        Assert.Equal(3, job.Seed.EndPoints.Distinct().Count());
        foreach (IPEndPoint endPoint in job.Seed.EndPoints)
        {
            using RawPeer stranger = await RawPeer.ConnectAsync(endPoint, job.Deadline);
            await stranger.SendAsync(ReflectMessage.Encode(), job.Deadline);
            (ControlKind kind, byte[] payload) = await stranger.ReceiveAsync(job.Deadline);
            Assert.Equal(ControlKind.Reflected, kind);
            Assert.Equal(stranger.Local, ReflectedMessage.Decode(payload));

            // It may stay, to hold its NAT's mapping, but counts as a stranger.
            Assert.Equal(1, job.Seed.HalfOpenConnections);
            stranger.Dispose();
            await job.UntilAsync(() => job.Seed.HalfOpenConnections == 0, "the stranger to be forgotten");
        }
    }

    [Fact]
    public async Task A_reflection_is_held_no_longer_than_a_stranger_may_stay()
    {
        await using TestJob job = new(1, seed: options => options with { JoinDeadline = TimeSpan.FromSeconds(1) });
        using RawPeer stranger = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await stranger.SendAsync(ReflectMessage.Encode(), job.Deadline);
        Assert.Equal(ControlKind.Reflected, (await stranger.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.None, (await stranger.ReceiveAsync(job.Deadline)).Kind);
    }

    [Fact]
    public async Task A_stranger_gets_one_reflection_and_nothing_else()
    {
        await using TestJob job = new(1);
        using RawPeer stranger = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await stranger.SendAsync(ReflectMessage.Encode(), job.Deadline);
        Assert.Equal(ControlKind.Reflected, (await stranger.ReceiveAsync(job.Deadline)).Kind);

        // In one piece: the coordinator closes before it has taken all of them.
        byte[] hello = new HelloMessage(Protocol.Version, Proof.Nonce(), "test").Encode().ToArray();
        await stranger.SendAsync(Enumerable.Repeat(hello, 20).SelectMany(bytes => bytes).ToArray(), job.Deadline);
        Assert.Equal(ControlKind.None, (await stranger.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(0, (await job.JoinAsync()).Rank);
    }

    [Fact]
    public async Task A_reflection_for_another_version_is_rejected()
    {
        await using TestJob job = new(1);
        using RawPeer stranger = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await stranger.SendAsync(new MessageWriter(ControlKind.Reflect).UInt32(Protocol.ControlMagic).UInt16(Protocol.Version + 1).Finish(), job.Deadline);
        (ControlKind kind, byte[] payload) = await stranger.ReceiveAsync(job.Deadline);
        Assert.Equal(ControlKind.Rejected, kind);
        Assert.Equal(RendezvousFailure.ProtocolVersion, RejectedMessage.Decode(payload).Reason);
    }

    [Fact]
    public async Task A_joiner_is_told_its_external_endpoint_and_the_other_endpoints_the_most_different_first()
    {
        await using TestJob job = new(1, seed: WithTwoMore);
        IReadOnlyList<IPEndPoint> all = job.Seed.EndPoints;
        (ChallengeMessage first, IPEndPoint local) = await ChallengeAsync(job, all[0]);
        Assert.Equal(local, first.Observed);
        Assert.Equal([all[2], all[1]], first.Reflectors);
        Assert.Equal([all[0], all[1]], (await ChallengeAsync(job, all[2])).Challenge.Reflectors);
    }

    [Fact]
    public async Task On_loopback_there_is_no_reflector_by_default_and_elsewhere_one()
    {
        await using (Seed loopback = Seed.Start(new SeedOptions()))
            Assert.Single(loopback.EndPoints);
        await using Seed everywhere = Seed.Start(new SeedOptions { Listen = new IPEndPoint(IPAddress.Any, 0) });
        Assert.Equal(2, everywhere.EndPoints.Count);
        Assert.Equal(IPAddress.Any, everywhere.EndPoints[1].Address);
        Assert.Throws<ArgumentException>(() => new SeedOptions { ExtraListen = [.. Enumerable.Repeat(new IPEndPoint(IPAddress.Loopback, 0), 5)] });
    }

    [Fact]
    public async Task A_second_endpoint_that_is_taken_is_named_and_the_first_is_free_again()
    {
        await using Seed holder = Seed.Start(new SeedOptions());
        RendezvousException error = Assert.Throws<RendezvousException>(() => Seed.Start(new SeedOptions { ExtraListen = [holder.EndPoint] }));
        Assert.Equal(RendezvousFailure.PortTaken, error.Reason);
        Assert.Contains($"Port {holder.EndPoint.Port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_join_at_any_endpoint_and_all_are_told_each_others_nat()
    {
        await using TestJob job = new(4, seed: WithTwoMore);
        IPEndPoint inside = IPEndPoint.Parse("10.0.0.2:41000");
        using RawMember open = await RawMember.JoinAsync(job);
        using RawMember unknown = await RawMember.JoinAsync(job, join => join with { Local = inside, ListenPort = 41000 }, job.Seed.EndPoints[1]);
        using RawMember symmetric = await RawMember.JoinAsync(
            job, join => join with { Local = inside, ListenPort = 41000, SecondObserved = IPEndPoint.Parse("127.0.0.1:1") }, job.Seed.EndPoints[2]);
        using RawMember elsewhere = await RawMember.JoinAsync(job, join => join with { ListenPort = 9 });
        Assert.False(open.Accepted.RelayAllowed);
        MemberInfo[] table = StartMessage.Decode(await open.ReceiveAsync(ControlKind.Start, job.Deadline), 4, out _);
        Assert.Equal([NatKind.None, NatKind.Unknown, NatKind.Symmetric, NatKind.None], table.Select(member => member.Nat));
        Assert.Equal([open.Accepted.Observed, inside, inside, elsewhere.Accepted.Observed], table.Select(member => member.Local));

        // One port for everything: the others connect to what the coordinator observed. A port of its own: to that.
        Assert.Equal([unknown.Accepted.Observed], table[1].EndPoints);
        Assert.Equal([new IPEndPoint(IPAddress.Loopback, 9)], table[3].EndPoints);
    }

    private static SeedOptions WithTwoMore(SeedOptions options) =>
        options with { ExtraListen = [new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0)] };

    private static async Task<(ChallengeMessage Challenge, IPEndPoint Local)> ChallengeAsync(TestJob job, IPEndPoint at)
    {
        using RawPeer joiner = await RawPeer.ConnectAsync(at, job.Deadline);
        await joiner.SendAsync(new HelloMessage(Protocol.Version, Proof.Nonce(), "test").Encode(), job.Deadline);
        return (ChallengeMessage.Decode((await joiner.ReceiveAsync(job.Deadline)).Payload), joiner.Local);
    }
}
