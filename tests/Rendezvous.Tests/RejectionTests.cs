using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class RejectionTests
{
    [Fact]
    public async Task A_wrong_token_is_rejected_and_the_job_goes_on()
    {
        await using TestJob job = new(1);
        RendezvousException error = await job.RejectedAsync(job.Options() with { Token = TestJob.NewToken() });
        Assert.Equal(RendezvousFailure.BadToken, error.Reason);
        Assert.Contains("token", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await job.JoinAsync()).Rank);
    }

    [Fact]
    public async Task A_job_that_the_coordinator_does_not_know_is_named()
    {
        await using TestJob job = new(1);
        RendezvousException error = await job.RejectedAsync(job.Options() with { JobId = "another" });
        Assert.Equal(RendezvousFailure.WrongJob, error.Reason);
        Assert.Throws<FormatException>(() => job.Seed.AddJob(new JobSpec { JobId = "odd", Token = TestJob.NewToken(), Size = 2, Topology = "dodecahedron" }));
        Assert.Contains("'another'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_requested_rank_that_is_taken_is_rejected_before_and_after_the_start()
    {
        await using TestJob job = new(2);
        Task<JobClient> first = job.JoinAsync(1);
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the first rank");
        RendezvousException before = await job.RejectedAsync(job.Options(1));
        await job.JoinAsync(0);
        await first;
        RendezvousException after = await job.RejectedAsync(job.Options(0));
        Assert.Equal(RendezvousFailure.RankTaken, before.Reason);
        Assert.Equal(RendezvousFailure.RankTaken, after.Reason);
        Assert.Contains("Rank 1", before.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_requested_rank_beyond_the_job_is_rejected()
    {
        await using TestJob job = new(2);
        RendezvousException error = await job.RejectedAsync(job.Options(2));
        Assert.Equal(RendezvousFailure.RankOutOfRange, error.Reason);
        Assert.Contains("0 to 1", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => job.Options(-1));
    }

    [Fact]
    public async Task Ranks_that_are_kept_go_only_to_those_who_ask_for_them()
    {
        await using TestJob job = new(3, job: spec => spec with { FirstFreeRank = 2 });
        Task<JobClient> any = job.JoinAsync();
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the rank that asks for none");
        RendezvousException full = await job.RejectedAsync(job.Options());
        Assert.Equal(RendezvousFailure.JobFull, full.Reason);
        Assert.Contains("are kept", full.Message, StringComparison.Ordinal);
        JobClient[] kept = await Task.WhenAll(job.JoinAsync(0), job.JoinAsync(1));
        JobClient last = await any;
        Assert.Equal([0, 1, 2], [.. kept.Select(client => client.Rank), last.Rank]);
    }

    [Fact]
    public async Task Spares_beyond_the_size_are_rejected()
    {
        await using TestJob job = new(3);
        Task<JobClient>[] all = [.. Enumerable.Range(0, 5).Select(_ => job.JoinAsync())];
        await Task.WhenAll(all).ContinueWith(_ => { }, job.Deadline, TaskContinuationOptions.None, TaskScheduler.Default);
        Assert.Equal([0, 1, 2], all.Where(joining => joining.IsCompletedSuccessfully).Select(joining => joining.Result.Rank).Order());
        Assert.All(
            all.Where(joining => joining.IsFaulted),
            joining => Assert.Equal(RendezvousFailure.JobFull, Assert.IsType<RendezvousException>(joining.Exception!.InnerException).Reason));
    }

    [Fact]
    public async Task A_second_member_from_the_same_address_is_rejected_where_the_job_says_so()
    {
        await using TestJob job = new(2, job: spec => spec with { OnePerAddress = true });
        Task<JobClient> first = job.JoinAsync();
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the first rank");
        RendezvousException error = await job.RejectedAsync(job.Options());
        Assert.Equal(RendezvousFailure.AddressRegistered, error.Reason);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.Contains("setting OnePerAddress", error.Message, StringComparison.Ordinal);
        job.Job.Abort(1, "enough");
        await Assert.ThrowsAsync<JobAbortedException>(() => first);
    }

    [Fact]
    public async Task Two_members_that_announce_the_same_endpoint_are_told_apart_by_rejecting_the_second()
    {
        await using TestJob job = new(2);
        JoinOptions options = job.Options() with { Advertised = [IPEndPoint.Parse("192.0.2.7:4000")] };
        Task<JobClient> first = job.JoinAsync(options);
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the first rank");
        RendezvousException error = await job.RejectedAsync(options with { MemberId = Guid.NewGuid() });
        Assert.Equal(RendezvousFailure.AddressRegistered, error.Reason);
        Assert.Contains("192.0.2.7:4000", error.Message, StringComparison.Ordinal);
        await job.JoinAsync();
        Assert.Equal(["192.0.2.7:4000"], (await first).Members[0].EndPoints.Select(endPoint => endPoint.ToString()));
    }

    [Fact]
    public async Task Another_version_of_the_protocol_is_rejected_in_words_that_any_version_reads()
    {
        await using TestJob job = new(1);
        using RawPeer raw = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await raw.SendAsync(new HelloMessage(Protocol.Version + 1, Proof.Nonce(), "test").Encode(), job.Deadline);
        (ControlKind kind, byte[] payload) = await raw.ReceiveAsync(job.Deadline);
        Assert.Equal(ControlKind.Rejected, kind);
        RejectedMessage rejected = RejectedMessage.Decode(payload);
        Assert.Equal(RendezvousFailure.ProtocolVersion, rejected.Reason);
        Assert.Equal(Protocol.Version, rejected.SeedVersion);
    }

    [Fact]
    public async Task The_gate_gives_up_when_ranks_are_missing_and_names_them()
    {
        await using TestJob job = new(3, job: spec => spec with { GateTimeout = TimeSpan.FromSeconds(2) });
        Task<RendezvousException> first = job.RejectedAsync(job.Options(0));
        RendezvousException second = await job.RejectedAsync(job.Options(2));
        Assert.Equal(RendezvousFailure.GateTimeout, (await first).Reason);
        Assert.Equal(RendezvousFailure.GateTimeout, second.Reason);
        Assert.Contains("2 of 3", second.Message, StringComparison.Ordinal);
        Assert.Contains("missing: rank 1", second.Message, StringComparison.Ordinal);
        Assert.Equal(RendezvousFailure.GateTimeout, (await Assert.ThrowsAsync<RendezvousException>(() => job.Job.Started)).Reason);
        Assert.Equal(RendezvousFailure.GateTimeout, (await job.RejectedAsync(job.Options(1))).Reason);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_unreachable_within_the_given_time()
    {
        await using TestJob job = new(1);
        await job.Seed.DisposeAsync();
        RendezvousException error = await job.RejectedAsync(job.Options() with { Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(RendezvousFailure.Unreachable, error.Reason);
        Assert.Contains(job.Seed.EndPoint.ToString(), error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task A_host_that_does_not_exist_is_an_error_at_once()
    {
        await using TestJob job = new(1);
        RendezvousException error = await job.RejectedAsync(job.Options() with { Seed = new DnsEndPoint("no-such-host.invalid", 4000) });
        Assert.Equal(RendezvousFailure.Unreachable, error.Reason);
        Assert.Equal("no-such-host.invalid:4000", error.Coordinator);
    }

    [Fact]
    public async Task A_server_of_another_kind_is_not_taken_for_a_coordinator()
    {
        await using TestJob job = new(1);
        using Socket listener = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        Task<RendezvousException> joining = job.RejectedAsync(job.Options() with { Seed = listener.LocalEndPoint! });
        using RawPeer server = RawPeer.Over(await listener.AcceptAsync(job.Deadline));
        await server.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), job.Deadline);
        Assert.Equal(RendezvousFailure.ProtocolVersion, (await joining).Reason);
    }

    [Fact]
    public async Task A_server_that_accepts_and_says_nothing_is_unreachable()
    {
        await using TestJob job = new(1);
        using Socket listener = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        RendezvousException error = await job.RejectedAsync(job.Options() with { Seed = listener.LocalEndPoint!, Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(RendezvousFailure.Unreachable, error.Reason);
    }

    [Fact]
    public async Task A_coordinator_that_does_not_know_the_token_is_refused_by_the_joiner()
    {
        await using TestJob job = new(1);
        using Socket listener = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        Task<RendezvousException> joining = job.RejectedAsync(job.Options() with { Seed = listener.LocalEndPoint! });
        using RawPeer server = RawPeer.Over(await listener.AcceptAsync(job.Deadline));
        HelloMessage hello = HelloMessage.Decode((await server.ReceiveAsync(job.Deadline)).Payload);
        byte[] nonce = Proof.Nonce();
        await server.SendAsync(new ChallengeMessage(nonce, IPEndPoint.Parse("192.0.2.1:1"), []).Encode(), job.Deadline);
        Assert.Equal(ControlKind.Join, (await server.ReceiveAsync(job.Deadline)).Kind);
        await server.SendAsync(Accepted(TestJob.NewToken(), hello, nonce, job), job.Deadline);
        Assert.Equal(RendezvousFailure.BadToken, (await joining).Reason);
    }

    [Fact]
    public async Task A_taken_port_is_named()
    {
        await using TestJob job = new(1);
        RendezvousException error = Assert.Throws<RendezvousException>(() => Seed.Start(new SeedOptions { Listen = job.Seed.EndPoint }));
        Assert.Equal(RendezvousFailure.PortTaken, error.Reason);
        Assert.Contains($"Port {job.Seed.EndPoint.Port}", error.Message, StringComparison.Ordinal);

        RendezvousException range = await job.RejectedAsync(job.Options() with { ListenPort = job.Seed.EndPoint.Port });
        Assert.Equal(RendezvousFailure.PortTaken, range.Reason);
    }

    private static ReadOnlyMemory<byte> Accepted(byte[] token, HelloMessage hello, byte[] nonce, TestJob job)
    {
        MessageWriter writer = job.Job.Describe(0, new IPEndPoint(IPAddress.Loopback, 1)).Encode();
        writer.ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body);
        Proof.OfSeed(token, hello.JobId, hello.Nonce, nonce, body, proof);
        return writer.Finish();
    }
}
