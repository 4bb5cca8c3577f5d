using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>A coordinator that was started again, and ranks that ran before it.</summary>
public class ReturnTests
{
    [Fact]
    public async Task Ranks_come_back_with_their_ranks_and_links_and_are_told_from_new_ones()
    {
        await using TestJob job = new(3);
        Subscription early = job.Job.Subscribe();
        using RawMember two = await ReturnAsync(job, 2);
        Assert.Equal(2, two.Accepted.Rank);
        await job.Job.Started.WaitAsync(job.Deadline);
        using RawMember zero = await ReturnAsync(job, 0);
        zero.Post(WireUpReport.Of([new LinkReport(1, LinkWay.Punched, 1, TimeSpan.FromMilliseconds(1))], TimeSpan.FromSeconds(1)).Encode());
        await job.UntilAsync(() => job.Job.Progress.Linked == 1, "the report of rank 0");
        Assert.Equal([MemberState.Linked, MemberState.Absent, MemberState.Started], job.Job.Statuses.Select(status => status.State));

        // They can signal to each other, and no table comes that they have already.
        two.Post(new SignalMessage(0, new byte[] { 9 }).Encode());
        Assert.Equal(2, SignalMessage.Decode(await zero.ReceiveAsync(ControlKind.Signal, job.Deadline)).Rank);

        Assert.Equal(["started", "returned 2", "returned 0", "linked 0"], await ReadAsync(early, 4));
        Assert.Equal(["returned 0", "returned 2", "started", "linked 0"], await ReadAsync(job.Job.Subscribe(), 4));

        async Task<string[]> ReadAsync(Subscription follower, int count)
        {
            List<string> events = [];
            while (events.Count < count)
            {
                MembershipLine line = MembershipLine.Of(await follower.Reader.ReadAsync(job.Deadline));
                events.Add($"{line.Event} {line.Rank}".TrimEnd());
            }

            return [.. events];
        }
    }

    [Fact]
    public async Task Who_gathers_for_a_start_makes_room_for_ranks_that_come_back()
    {
        await using TestJob job = new(2);
        Task<RendezvousException> spare = job.RejectedAsync(job.Options(1));
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the spare");
        using RawMember one = await ReturnAsync(job, 1);
        RendezvousException evicted = await spare;
        Assert.Equal(RendezvousFailure.JobFull, evicted.Reason);
        Assert.Contains("ran before this coordinator", evicted.Message, StringComparison.Ordinal);
        RendezvousException late = await job.RejectedAsync(job.Options());
        Assert.Equal(RendezvousFailure.JobFull, late.Reason);
        Assert.Contains("ran before this coordinator", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_rank_that_makes_sense_comes_back()
    {
        await using TestJob job = new(2);
        Assert.Equal(RendezvousFailure.WrongJob, (await Assert.ThrowsAsync<RendezvousException>(() => ReturnAsync(job, -1))).Reason);
        Assert.Equal(RendezvousFailure.RankOutOfRange, (await Assert.ThrowsAsync<RendezvousException>(() => ReturnAsync(job, 2))).Reason);
        Assert.False(job.Job.Started.IsCompleted);
        using RawMember one = await ReturnAsync(job, 1);
        Assert.Equal(RendezvousFailure.RankTaken, (await Assert.ThrowsAsync<RendezvousException>(() => ReturnAsync(job, 1))).Reason);

        await using TestJob started = new(1);
        await started.JoinAsync();
        RendezvousException other = await Assert.ThrowsAsync<RendezvousException>(() => ReturnAsync(started, 0));
        Assert.Equal(RendezvousFailure.WrongJob, other.Reason);
        Assert.Contains("has started without it", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_never_comes_back_counts_as_gone_when_the_time_is_over()
    {
        await using TestJob job = new(3, seed: options => options with { ReturnWindow = TimeSpan.FromMilliseconds(500) });
        using RawMember one = await ReturnAsync(job, 1);
        await job.UntilAsync(() => job.Job.Progress.Ended == 2, "the two others to be given up");
        Assert.Equal([MemberState.Left, MemberState.Started, MemberState.Left], job.Job.Statuses.Select(status => status.State));
        RendezvousException late = await Assert.ThrowsAsync<RendezvousException>(() => ReturnAsync(job, 0));
        Assert.Equal(RendezvousFailure.JobFull, late.Reason);
        Assert.Contains("too late", late.Message, StringComparison.Ordinal);
        Assert.False(job.Job.AllLeft.IsCompleted);
        one.Post(ShortMessages.Leave);
        await job.Job.AllLeft.WaitAsync(job.Deadline);
    }

    private static Task<RawMember> ReturnAsync(TestJob job, int rank) =>
        RawMember.JoinAsync(job, join => join with { RequestedRank = rank, Resumed = true });
}
