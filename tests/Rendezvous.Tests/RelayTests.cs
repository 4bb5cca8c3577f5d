using System.IO.Hashing;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class RelayTests
{
    [Fact]
    public async Task Two_ranks_talk_through_the_coordinator_and_their_bytes_are_counted()
    {
        await using TestJob job = Relaying(3);
        RawMember[] members = await RawMember.StartAllAsync(job);
        Subscription follower = job.Job.Subscribe();
        using RawPeer high = await RelayAsync(job, members, 2, 1);
        using RawPeer low = await RelayAsync(job, members, 1, 2);
        Assert.Equal(ControlKind.RelayReady, (await high.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.RelayReady, (await low.ReceiveAsync(job.Deadline)).Kind);
        await low.SendAsync("from low"u8.ToArray(), job.Deadline);
        Assert.Equal("from low"u8.ToArray(), await high.ReadAsync(8, job.Deadline));
        await high.SendAsync("from high"u8.ToArray(), job.Deadline);
        Assert.Equal("from high"u8.ToArray(), await low.ReadAsync(9, job.Deadline));

        RelayedPair pair = Assert.Single(job.Job.Relayed);
        await job.UntilAsync(() => (pair.BytesFromLower, pair.BytesFromHigher) == (8, 9), "the bytes to be counted");
        Assert.Equal((1, 2), (pair.Lower, pair.Higher));
        MembershipEvent happened;
        do
            happened = await follower.Reader.ReadAsync(job.Deadline);
        while (happened.Change != MembershipChange.Relayed);
        Assert.Equal((1, 2), (MembershipLine.Of(happened).Rank, MembershipLine.Of(happened).Peer));
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task What_is_sent_before_the_other_end_comes_is_kept_for_it()
    {
        await using TestJob job = Relaying(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        using RawPeer first = await RelayAsync(job, members, 0, 1, "early"u8.ToArray());
        using RawPeer second = await RelayAsync(job, members, 1, 0);
        Assert.Equal(ControlKind.RelayReady, (await second.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal("early"u8.ToArray(), await second.ReadAsync(5, job.Deadline));
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task An_end_that_does_not_read_makes_the_other_wait_and_then_gets_everything()
    {
        const int Chunk = 1 << 20;
        const int Chunks = 48;
        await using TestJob job = Relaying(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        (RawPeer sender, RawPeer reader) = await PairAsync(job, members);
        byte[] data = new byte[Chunk];
        new Random(1).NextBytes(data);
        Task<int> sending = SendAllAsync();

        // The coordinator takes no more than the sockets' buffers hold and one buffer of its own.
        RelayedPair pair = Assert.Single(job.Job.Relayed);
        long passed = -1;
        using PeriodicTimer looks = new(TimeSpan.FromMilliseconds(100));
        while (passed != pair.BytesFromLower || passed == 0)
        {
            passed = pair.BytesFromLower;
            await looks.WaitForNextTickAsync(job.Deadline);
        }

        Assert.InRange(passed, 1, (Chunks * (long)Chunk) - Chunk);
        Assert.False(sending.IsCompleted);
        ulong expected = XxHash3.HashToUInt64(data);
        for (int i = 0; i < Chunks; i++)
            Assert.Equal(expected, XxHash3.HashToUInt64(await reader.ReadAsync(Chunk, job.Deadline)));
        Assert.Equal(Chunks, await sending);
        await job.UntilAsync(() => pair.BytesFromLower == Chunks * (long)Chunk, "all bytes to be counted");
        sender.Dispose();
        reader.Dispose();
        Array.ForEach(members, member => member.Dispose());

        async Task<int> SendAllAsync()
        {
            int sent = 0;
            for (; sent < Chunks; sent++)
                await sender.SendAsync(data, job.Deadline);
            return sent;
        }
    }

    [Fact]
    public async Task An_end_that_closes_its_sending_side_still_receives()
    {
        await using TestJob job = Relaying(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        (RawPeer low, RawPeer high) = await PairAsync(job, members);
        await low.SendAsync("last"u8.ToArray(), job.Deadline);
        low.EndSending();
        Assert.Equal("last"u8.ToArray(), await high.ReadAsync(4, job.Deadline));
        await high.ReadToEndAsync(job.Deadline);
        await high.SendAsync("answer"u8.ToArray(), job.Deadline);
        high.EndSending();
        Assert.Equal("answer"u8.ToArray(), await low.ReadAsync(6, job.Deadline));
        await low.ReadToEndAsync(job.Deadline);
        await job.UntilAsync(() => job.Job.RelayCount == 0, "the relay to be forgotten");
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task When_an_end_breaks_or_its_rank_fails_the_other_end_sees_it()
    {
        await using TestJob job = Relaying(3);
        RawMember[] members = await RawMember.StartAllAsync(job);
        (RawPeer low, RawPeer high) = await PairAsync(job, members);
        low.Reset();
        await high.ReadToEndAsync(job.Deadline);
        await job.UntilAsync(() => job.Job.RelayCount == 0, "the relay to be forgotten");

        // The pair may try again.
        (low, high) = await PairAsync(job, members);
        members[1].Dispose();
        await low.ReadToEndAsync(job.Deadline);
        await high.ReadToEndAsync(job.Deadline);
        Assert.Single(job.Job.Relayed);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task A_job_that_does_not_relay_says_how_to_allow_it()
    {
        await using TestJob job = new(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        Assert.False(members[0].Accepted.RelayAllowed);
        Assert.Contains("setting Relay ", await RefusedAsync(job, new RelayMessage(members[0].Id, 0, 1, 0)), StringComparison.Ordinal);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task Only_a_rank_itself_gets_a_relay_and_only_to_a_rank_that_is_there()
    {
        await using TestJob job = Relaying(3);
        using RawMember early = await RawMember.JoinAsync(job, join => join with { RequestedRank = 0 });
        Assert.True(early.Accepted.RelayAllowed);
        Assert.Contains("not there", await RefusedAsync(job, new RelayMessage(early.Id, 0, 1, 0)), StringComparison.Ordinal);
        using RawMember second = await RawMember.JoinAsync(job);
        using RawMember third = await RawMember.JoinAsync(job);
        await second.ReceiveAsync(ControlKind.Start, job.Deadline);
        Assert.Contains("not that rank", await RefusedAsync(job, new RelayMessage(early.Id, 1, 2, 0)), StringComparison.Ordinal);
        Assert.Contains("not that rank", await RefusedAsync(job, new RelayMessage(Guid.NewGuid(), 1, 2, 0)), StringComparison.Ordinal);
        Assert.Contains("not that rank", await RefusedAsync(job, new RelayMessage(early.Id, 0, 1, 7)), StringComparison.Ordinal);
        Assert.Contains("none of the other ranks", await RefusedAsync(job, new RelayMessage(early.Id, 0, 0, 0)), StringComparison.Ordinal);
        Assert.Contains("none of the other ranks", await RefusedAsync(job, new RelayMessage(early.Id, 0, 3, 0)), StringComparison.Ordinal);
        Assert.Contains("none of the other ranks", await RefusedAsync(job, new RelayMessage(early.Id, 0, -1, 0)), StringComparison.Ordinal);
        third.Post(ShortMessages.Leave);
        await third.ReceiveEndAsync(job.Deadline);
        Assert.Contains("Rank 2 is not there", await RefusedAsync(job, new RelayMessage(early.Id, 0, 2, 0)), StringComparison.Ordinal);
        Assert.Equal(0, job.Job.RelayCount);
        Assert.Empty(job.Job.Relayed);
    }

    [Fact]
    public async Task A_relay_without_the_token_is_rejected()
    {
        await using TestJob job = Relaying(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        using RawPeer stranger = await RawPeer.AskAsync(job, new RelayMessage(members[0].Id, 0, 1, 0).Encode(), TestJob.NewToken());
        (ControlKind kind, byte[] payload) = await stranger.ReceiveAsync(job.Deadline);
        Assert.Equal(ControlKind.Rejected, kind);
        Assert.Equal(RendezvousFailure.BadToken, RejectedMessage.Decode(payload).Reason);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task Pairs_beyond_the_limit_are_refused_until_one_ends()
    {
        await using TestJob job = Relaying(3, spec => spec with { RelayPairs = 1 });
        RawMember[] members = await RawMember.StartAllAsync(job);
        (RawPeer low, RawPeer high) = await PairAsync(job, members);
        string text = await RefusedAsync(job, new RelayMessage(members[2].Id, 2, 1, 0));
        Assert.Contains("relays for 1 pair already", text, StringComparison.Ordinal);
        Assert.Contains("setting RelayPairs", text, StringComparison.Ordinal);
        low.Dispose();
        high.Dispose();
        await job.UntilAsync(() => job.Job.RelayCount == 0, "the relay to be forgotten");
        using RawPeer third = await RelayAsync(job, members, 2, 1);
        using RawPeer other = await RelayAsync(job, members, 1, 2);
        Assert.Equal(ControlKind.RelayReady, (await third.ReceiveAsync(job.Deadline)).Kind);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task An_end_whose_other_end_does_not_come_is_told_which_rank_is_missing()
    {
        await using TestJob job = Relaying(2, seed: options => options with { RelayDeadline = TimeSpan.FromMilliseconds(400) });
        RawMember[] members = await RawMember.StartAllAsync(job);
        using RawPeer waiting = await RelayAsync(job, members, 0, 1);
        (ControlKind kind, byte[] payload) = await waiting.ReceiveAsync(job.Deadline);
        Assert.Equal(ControlKind.Rejected, kind);
        Assert.Equal(RendezvousFailure.RelayRefused, RejectedMessage.Decode(payload).Reason);
        Assert.Contains("Rank 1 did not come", RejectedMessage.Decode(payload).Text, StringComparison.Ordinal);
        Assert.Equal(ControlKind.None, (await waiting.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(0, job.Job.RelayCount);
        Array.ForEach(members, member => member.Dispose());
    }

    [Fact]
    public async Task An_end_that_comes_again_takes_the_place_of_its_first_connection()
    {
        await using TestJob job = Relaying(2);
        RawMember[] members = await RawMember.StartAllAsync(job);
        using RawPeer first = await RelayAsync(job, members, 0, 1);
        await job.UntilAsync(() => job.Job.RelayCount == 1, "the first connection");
        using RawPeer again = await RelayAsync(job, members, 0, 1);
        Assert.Equal(ControlKind.None, (await first.ReceiveAsync(job.Deadline)).Kind);
        using RawPeer other = await RelayAsync(job, members, 1, 0);
        Assert.Equal(ControlKind.RelayReady, (await again.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.RelayReady, (await other.ReceiveAsync(job.Deadline)).Kind);
        Array.ForEach(members, member => member.Dispose());
    }

    private static TestJob Relaying(int size, Func<JobSpec, JobSpec>? job = null, Func<SeedOptions, SeedOptions>? seed = null) =>
        new(size, seed, spec => (job?.Invoke(spec) ?? spec) with { Relay = true });

    private static Task<RawPeer> RelayAsync(TestJob job, RawMember[] members, int from, int to, byte[]? early = null) =>
        RawPeer.AskAsync(job, new RelayMessage(members[from].Id, from, to, 0).Encode(), job.Job.Spec.Token, early);

    private static async Task<(RawPeer Low, RawPeer High)> PairAsync(TestJob job, RawMember[] members)
    {
        RawPeer low = await RelayAsync(job, members, 0, 1);
        RawPeer high = await RelayAsync(job, members, 1, 0);
        Assert.Equal(ControlKind.RelayReady, (await low.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.RelayReady, (await high.ReceiveAsync(job.Deadline)).Kind);
        return (low, high);
    }

    private static async Task<string> RefusedAsync(TestJob job, RelayMessage relay)
    {
        using RawPeer asking = await RawPeer.AskAsync(job, relay.Encode(), job.Job.Spec.Token);
        (ControlKind kind, byte[] payload) = await asking.ReceiveAsync(job.Deadline);
        Assert.Equal(ControlKind.Rejected, kind);
        RejectedMessage rejected = RejectedMessage.Decode(payload);
        Assert.Equal(RendezvousFailure.RelayRefused, rejected.Reason);
        return rejected.Text;
    }
}
