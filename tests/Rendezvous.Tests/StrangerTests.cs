using System.Text;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class StrangerTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: seed\r\n\r\n")]
    [InlineData("\u0001\u0000\u0000\u0000")]
    [InlineData("\u0005\u0000\u0000\u0000\u0001abcd")]
    [InlineData("\u0005\u0000\u0000\u0000\u000babcd")]
    [InlineData("\u0000\u0000\u0000\u0000\u0001")]
    public async Task Garbage_is_closed_and_logged_and_the_job_lives(string garbage)
    {
        await using TestJob job = new(1, seed: options => options with { JoinDeadline = TimeSpan.FromSeconds(1) });
        using RawPeer stranger = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await stranger.SendAsync(Encoding.Latin1.GetBytes(garbage), job.Deadline);
        Assert.Equal(ControlKind.None, (await stranger.ReceiveAsync(job.Deadline)).Kind);
        await job.UntilAsync(() => !job.Log.IsEmpty, "a line in the log");
        Assert.Equal(0, (await job.JoinAsync()).Rank);
    }

    [Theory]
    [InlineData(0xFFFF_FFFFu)]
    [InlineData(0x7FFF_FFFFu)]
    [InlineData(4097u)]
    public async Task An_oversized_frame_is_closed_before_anything_is_allocated(uint length)
    {
        await using TestJob job = new(1);
        using RawPeer stranger = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await stranger.SendAsync(BitConverter.GetBytes(length).Append((byte)ControlKind.Hello).ToArray(), job.Deadline);
        Assert.Equal(ControlKind.None, (await stranger.ReceiveAsync(job.Deadline)).Kind);
        await job.UntilAsync(() => job.Log.Any(line => line.Contains("was announced", StringComparison.Ordinal)), "the reason in the log");
    }

    [Fact]
    public async Task A_join_in_progress_that_goes_silent_is_closed()
    {
        await using TestJob job = new(1, seed: options => options with { JoinDeadline = TimeSpan.FromSeconds(1) });
        using RawPeer silent = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await silent.SendAsync(new HelloMessage(Protocol.Version, Proof.Nonce(), "test").Encode(), job.Deadline);
        Assert.Equal(ControlKind.Challenge, (await silent.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.None, (await silent.ReceiveAsync(job.Deadline)).Kind);
        await job.UntilAsync(() => job.Seed.HalfOpenConnections == 0, "the connection to be forgotten");
    }

    [Fact]
    public async Task Beyond_the_limit_of_strangers_the_oldest_goes_and_a_member_gets_in()
    {
        await using TestJob job = new(1, seed: options => options with { HalfOpenLimit = 8 });
        List<RawPeer> strangers = [];
        for (int i = 0; i < 12; i++)
            strangers.Add(await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline));
        for (int i = 0; i < 4; i++)
            Assert.Equal(ControlKind.None, (await strangers[i].ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(8, job.Seed.HalfOpenConnections);
        Assert.Equal(0, (await job.JoinAsync()).Rank);
        strangers.ForEach(stranger => stranger.Dispose());
    }

    [Fact]
    public async Task A_replayed_join_is_refused()
    {
        await using TestJob job = new(2);
        await using RecordingProxy proxy = new();
        proxy.Target.SetResult(job.Seed.EndPoint);
        Task<JobClient> member = job.JoinAsync(job.Options() with { Seed = proxy.EndPoint });
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the member");

        using RawPeer replay = await RawPeer.ConnectAsync(job.Seed.EndPoint, job.Deadline);
        await replay.SendAsync(RecordingProxy.Recorded(proxy.FromClient), job.Deadline);
        Assert.Equal(ControlKind.Challenge, (await replay.ReceiveAsync(job.Deadline)).Kind);
        (ControlKind kind, byte[] payload) = await replay.ReceiveAsync(job.Deadline);
        Assert.Equal(ControlKind.Rejected, kind);
        Assert.Equal(RendezvousFailure.BadToken, RejectedMessage.Decode(payload).Reason);
        Assert.Equal(1, job.Job.Progress.Joined);

        // The member has not noticed.
        await job.JoinAsync();
        Assert.Equal(0, (await member).Rank);
    }

    [Fact]
    public async Task The_token_never_travels()
    {
        await using TestJob job = new(2);
        await using RecordingProxy control = new();
        await using RecordingProxy link = new();
        control.Target.SetResult(job.Seed.EndPoint);
        JobClient[] ranks = await job.JoinAllAsync(options => options.RequestedRank == 0
            ? options with { Seed = control.EndPoint, Advertised = [link.EndPoint] }
            : options with { Seed = control.EndPoint });
        link.Target.SetResult(ranks[0].ListenEndPoint);
        using LinkBox box = new();
        await Task.WhenAll(ranks.Select(rank => rank.WireUpAsync(rank.Topology, box.Take, cancellationToken: job.Deadline)));
        await Assert.ThrowsAsync<RendezvousException>(() => JobClient.JoinAsync(job.Options() with { Seed = control.EndPoint }, job.Deadline));
        await ranks[0].LeaveAsync();
        await ranks[1].LeaveAsync();

        byte[] token = job.Job.Spec.Token;
        foreach (byte[] recorded in new[] { RecordingProxy.Recorded(control.FromClient), RecordingProxy.Recorded(control.FromServer), RecordingProxy.Recorded(link.FromClient), RecordingProxy.Recorded(link.FromServer) })
        {
            Assert.NotEmpty(recorded);

            // Not whole, not in part, not in hexadecimal digits.
            for (int i = 0; i + 8 <= token.Length; i++)
                Assert.Equal(-1, recorded.AsSpan().IndexOf(token.AsSpan(i, 8)));
            Assert.DoesNotContain(Convert.ToHexString(token), Encoding.Latin1.GetString(recorded), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_member_that_breaks_the_protocol_fails_and_the_others_are_told()
    {
        await using TestJob job = new(2);
        Task<JobClient> rank0 = job.JoinAsync(0);
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "rank 0");
        using ControlChannel rude = await JoinTests.JoinSilentlyAsync(job);
        JobClient told = await rank0;
        TaskCompletionSource<int> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        told.MemberLost += (rank, _) => lost.TrySetResult(rank);
        rude.Post(new MessageWriter((ControlKind)99).Finish());
        Assert.Equal(1, await lost.Task.WaitAsync(job.Deadline));
        Assert.Contains("kind 99", job.Job.Statuses[1].FailureReason, StringComparison.Ordinal);
    }
}
