using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class LifeTests
{
    [Fact]
    public async Task A_member_that_dies_is_announced_to_the_others_with_the_reason()
    {
        await using TestJob job = new(3);
        JobClient[] ranks = await job.JoinAllAsync();
        Task<(int Rank, string Reason)>[] news = [LostAsync(ranks[0]), LostAsync(ranks[2])];
        await ranks[1].DisposeAsync(); // without leaving
        foreach (Task<(int Rank, string Reason)> one in news)
        {
            (int rank, string reason) = await one.WaitAsync(job.Deadline);
            Assert.Equal(1, rank);
            Assert.NotEmpty(reason);
        }

        MemberStatus status = job.Job.Statuses[1];
        Assert.Equal(MemberState.Failed, status.State);
        Assert.NotNull(status.EndedAfter);
        Assert.NotEmpty(status.FailureReason!);
    }

    [Fact]
    public async Task A_member_that_falls_silent_after_the_start_has_failed()
    {
        await using TestJob job = new(2, seed: options => options with { HeartbeatInterval = TimeSpan.FromMilliseconds(100), HeartbeatTimeout = TimeSpan.FromSeconds(3) });
        Task<JobClient> rank0 = job.JoinAsync(0);
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "rank 0");
        using ControlChannel silent = await JoinTests.JoinSilentlyAsync(job);
        (int rank, string reason) = await LostAsync(await rank0).WaitAsync(job.Deadline);
        Assert.Equal(1, rank);
        Assert.Contains("silent", reason, StringComparison.Ordinal);

        // The one that sends heartbeats has not failed meanwhile.
        Assert.Equal(MemberState.Started, job.Job.Statuses[0].State);
        Assert.True((await rank0).IsConnected);
    }

    [Fact]
    public async Task Leaving_is_not_failing()
    {
        await using TestJob job = new(3);
        JobClient[] ranks = await job.JoinAllAsync();
        ranks[0].MemberLost += (rank, reason) => Assert.Fail($"rank {rank} counts as lost: {reason}");
        ranks[0].SeedLost += reason => Assert.Fail(reason);
        await ranks[1].LeaveAsync().WaitAsync(job.Deadline);
        await ranks[2].LeaveAsync().WaitAsync(job.Deadline);
        Assert.False(job.Job.AllLeft.IsCompleted);
        await ranks[0].LeaveAsync().WaitAsync(job.Deadline);
        await job.Job.AllLeft.WaitAsync(job.Deadline);
        Assert.All(job.Job.Statuses, status => Assert.Equal(MemberState.Left, status.State));
    }

    [Fact]
    public async Task An_abort_of_a_rank_reaches_all_and_the_launcher()
    {
        await using TestJob job = new(4);
        JobClient[] ranks = await job.JoinAllAsync();
        TaskCompletionSource<AbortInfo> raised = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ranks[3].Aborted += abort => raised.TrySetResult(abort);
        Assert.True(await ranks[1].AbortAsync(7, "no más").WaitAsync(job.Deadline));
        AbortInfo expected = new(1, 7, "no más");
        Assert.Equal(expected, await raised.Task.WaitAsync(job.Deadline));
        foreach (JobClient rank in ranks)
            Assert.Equal(expected, await rank.AbortedTask.WaitAsync(job.Deadline));
        Assert.Equal(expected, await job.Job.Aborted.WaitAsync(job.Deadline));
        JobAbortedException error = expected.ToException();
        Assert.Equal((1, 7, "no más"), (error.AbortingRank, error.ExitCode, error.RemoteMessage));
    }

    [Fact]
    public async Task The_launcher_aborts_a_job_that_waits_at_its_gate()
    {
        await using TestJob job = new(2);
        Task<JobClient> waiting = job.JoinAsync();
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the first rank");
        job.Job.Abort(124, "time is up");
        JobAbortedException error = await Assert.ThrowsAsync<JobAbortedException>(() => waiting);
        Assert.Equal(124, error.ExitCode);
        Assert.Equal(-1, error.AbortingRank);
        RendezvousException late = await job.RejectedAsync(job.Options());
        Assert.Equal(RendezvousFailure.WrongJob, late.Reason);
        Assert.Contains("time is up", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_abort_ends_a_wire_up_that_waits()
    {
        await using TestJob job = new(2);
        JobClient[] ranks = await job.JoinAllAsync();

        // Rank 1 connects to rank 0 in this pair, and does not.
        using LinkBox box = new();
        Task<WireUpReport> wiring = ranks[0].WireUpAsync(ranks[0].Topology, box.Take, cancellationToken: job.Deadline);
        job.Job.Abort(3, "stop");
        Assert.Equal(3, (await Assert.ThrowsAsync<JobAbortedException>(() => wiring)).ExitCode);
    }

    [Fact]
    public async Task A_neighbour_that_is_lost_ends_a_wire_up_that_waits_for_it()
    {
        await using TestJob job = new(3);
        JobClient[] ranks = await job.JoinAllAsync();
        using LinkBox box = new();
        Task<WireUpReport> wiring = ranks[0].WireUpAsync(ranks[0].Topology, box.Take, cancellationToken: job.Deadline);
        await ranks[1].DisposeAsync();
        Assert.Equal([1], (await Assert.ThrowsAsync<PeerFailedException>(() => wiring)).FailedRanks);
    }

    [Fact]
    public async Task Losing_the_coordinator_does_not_stop_a_running_job()
    {
        await using TestJob job = new(3, job: spec => spec with { Topology = "edges:0-1,1-2" });
        JobClient[] ranks = await job.JoinAllAsync(options => options with { RejoinTimeout = TimeSpan.FromMilliseconds(200) });
        TaskCompletionSource<string> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ranks[2].SeedLost += reason => lost.TrySetResult(reason);
        LinkBox[] boxes = [new(), new(), new()];
        await Task.WhenAll(ranks.Select((rank, i) => rank.WireUpAsync(rank.Topology, boxes[i].Take, cancellationToken: job.Deadline)));
        await job.Seed.DisposeAsync();
        await lost.Task.WaitAsync(job.Deadline);
        Assert.False(ranks[2].IsConnected);

        // Links still come up, from either end.
        await Task.WhenAll(
            ranks[2].ConnectAsync(0, TimeSpan.FromSeconds(20), job.Deadline),
            ranks[0].ConnectAsync(2, TimeSpan.FromSeconds(20), job.Deadline),
            ranks[2].ConnectAsync(1, TimeSpan.FromSeconds(20), job.Deadline));
        Assert.Equal([0, 1], boxes[2].Peers);
        Assert.False(await ranks[0].AbortAsync(1, "nobody hears it").WaitAsync(job.Deadline));
        await ranks[0].LeaveAsync().WaitAsync(job.Deadline);
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task Ranks_find_a_coordinator_that_was_started_again()
    {
        await using TestJob job = new(2);
        JobClient[] ranks = await job.JoinAllAsync();
        TaskCompletionSource found0 = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource found1 = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ranks[0].SeedFound += () => found0.TrySetResult();
        ranks[1].SeedFound += () => found1.TrySetResult();
        await job.Seed.DisposeAsync();
        await using Seed second = Seed.Start(new SeedOptions { Listen = job.Seed.EndPoint }, job.Job.Spec);
        SeedJob again = second.Jobs.Single();
        await Task.WhenAll(found0.Task, found1.Task, again.Started).WaitAsync(job.Deadline);
        Assert.Equal(job.Job.Members.Select(member => member.Id), again.Members.Select(member => member.Id));

        // The abort channel works again.
        Assert.True(await ranks[0].AbortAsync(5, "again").WaitAsync(job.Deadline));
        Assert.Equal(5, (await ranks[1].AbortedTask.WaitAsync(job.Deadline)).Code);
    }

    [Fact]
    public async Task With_a_grace_a_member_may_lose_its_control_connection_and_come_back()
    {
        await using TestJob job = new(2, seed: options => options with { RejoinGrace = TimeSpan.FromSeconds(30) });
        RecordingProxy proxy = new();
        proxy.Target.SetResult(job.Seed.EndPoint);
        Task<JobClient> rank1 = job.JoinAsync(job.Options(1) with { Seed = proxy.EndPoint });
        JobClient rank0 = await job.JoinAsync(0);
        rank0.MemberLost += (rank, reason) => Assert.Fail($"rank {rank} counts as lost: {reason}");
        IPEndPoint observed = (await rank1).ObservedEndPoint;
        TaskCompletionSource<string> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        (await rank1).SeedLost += reason => lost.TrySetResult(reason);
        await proxy.DisposeAsync();
        await lost.Task.WaitAsync(job.Deadline);

        // Its way to the coordinator is gone for good; the same member comes back another way.
        JobClient back = await job.JoinAsync(job.Options() with { MemberId = job.Job.Members[1].Id });
        Assert.Equal(1, back.Rank);
        Assert.Equal(observed, job.Job.Members[1].Observed);
        Assert.Equal(MemberState.Started, job.Job.Statuses[1].State);
    }

    private static Task<(int Rank, string Reason)> LostAsync(JobClient client)
    {
        TaskCompletionSource<(int, string)> lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        client.MemberLost += (rank, reason) => lost.TrySetResult((rank, reason));
        return lost.Task;
    }
}
