using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class JoinTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(200)]
    public async Task The_gate_opens_when_all_have_joined(int size)
    {
        await using TestJob job = new(size);
        Task<JobClient>[] joining = [.. Enumerable.Range(1, size - 1).Select(_ => job.JoinAsync())];
        await job.UntilAsync(() => job.Job.Progress.Joined == size - 1, "all but one");
        Assert.False(job.Job.Started.IsCompleted);
        Assert.All(joining, one => Assert.False(one.IsCompleted));

        JobClient last = await job.JoinAsync();
        await job.Job.Started.WaitAsync(job.Deadline);
        JobClient[] all = [.. (await Task.WhenAll(joining)).Append(last).OrderBy(client => client.Rank)];
        Assert.Equal(Enumerable.Range(0, size), all.Select(client => client.Rank));
        Assert.Equal(size - 1, last.Rank);
        foreach (JobClient client in all)
        {
            Assert.Equal(size, client.Size);
            Assert.Equal(all.Select(other => other.ObservedEndPoint), client.Members.Select(member => member.Observed));
            Assert.Equal(all.Select(other => other.ListenEndPoint), client.Members.Select(member => member.EndPoints[0]));
        }
    }

    [Fact]
    public async Task All_ranks_learn_the_least_time_that_one_of_them_has()
    {
        await using TestJob job = new(3);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        DateTimeOffset?[] deadlines = [null, now.AddSeconds(200), now.AddSeconds(500)];
        JobClient[] all = await job.JoinAllAsync(options => options with { Deadline = deadlines[options.RequestedRank!.Value] });
        Assert.All(all, client => Assert.InRange(client.RemainingTime!.Value, TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(200)));

        await using TestJob unlimited = new(2);
        Assert.All(await unlimited.JoinAllAsync(), client => Assert.Null(client.RemainingTime));
        await using TestJob late = new(1);
        Assert.True((await late.JoinAsync(late.Options() with { Deadline = now.AddDays(-1) })).RemainingTime < TimeSpan.Zero);
    }

    [Fact]
    public async Task A_joiner_learns_its_external_endpoint_and_the_settings_of_the_job()
    {
        await using TestJob job = new(4, job: spec => spec with
        {
            Topology = "grid:2x2",
            OffTopology = OffTopologyPolicy.Refuse,
            Options = new Dictionary<string, string> { ["window"] = "7", ["ключ"] = "значение" },
        });
        JobClient[] all = await job.JoinAllAsync();
        Assert.Equal(IPAddress.Loopback, all[0].ObservedEndPoint.Address);
        Assert.Equal(TopologyKind.Grid, all[1].Topology.Kind);
        Assert.Equal(OffTopologyPolicy.Refuse, all[2].OffTopology);
        Assert.Equal("7", all[3].Options["window"]);
        Assert.Equal("значение", all[3].Options["ключ"]);
        Assert.Equal(Environment.ProcessId, all[0].Members[3].ProcessId);
        Assert.Equal(Environment.MachineName, all[0].Members[3].Host);
    }

    [Fact]
    public async Task Requested_ranks_are_given_and_the_others_fill_the_gaps()
    {
        await using TestJob job = new(4);
        Task<JobClient> two = job.JoinAsync(2);
        Task<JobClient> zero = job.JoinAsync(0);
        await job.UntilAsync(() => job.Job.Progress.Joined == 2, "two ranks");
        Task<JobClient> free = job.JoinAsync();
        await job.UntilAsync(() => job.Job.Progress.Joined == 3, "three ranks");
        Assert.Equal(3, (await job.JoinAsync()).Rank);
        Assert.Equal(0, (await zero).Rank);
        Assert.Equal(1, (await free).Rank);
        Assert.Equal(2, (await two).Rank);
    }

    [Fact]
    public async Task Joining_again_as_the_same_member_gives_the_same_rank()
    {
        await using TestJob job = new(3);
        JoinOptions same = job.Options();
        Task<JobClient> first = job.JoinAsync(same);
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the first join");
        Task<JobClient> again = job.JoinAsync(same with { Timeout = TimeSpan.FromSeconds(20) });
        RendezvousException superseded = await Assert.ThrowsAsync<RendezvousException>(() => first);
        Assert.Equal(RendezvousFailure.ConnectionLost, superseded.Reason);
        Assert.Equal(1, job.Job.Progress.Joined);
        Task<JobClient> other = job.JoinAsync();
        JobClient last = await job.JoinAsync();
        Assert.Equal(0, (await again).Rank);
        int[] others = [(await other).Rank, last.Rank];
        Assert.Equal([1, 2], others.Order());

        // After the start as well: the table comes at once.
        JobClient running = await job.JoinAsync(same);
        Assert.Equal(0, running.Rank);
        Assert.Equal(last.Members.Select(member => member.Id), running.Members.Select(member => member.Id));
    }

    [Fact]
    public async Task A_place_is_free_again_when_its_member_goes_before_the_start()
    {
        await using TestJob job = new(2);
        using (CancellationTokenSource giveUp = new())
        {
            Task<JobClient> impatient = JobClient.JoinAsync(job.Options(1), giveUp.Token);
            await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the first member");
            await giveUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        }

        await job.UntilAsync(() => job.Job.Progress.Joined == 0, "the place to be free");
        JobClient[] all = await job.JoinAllAsync();
        Assert.Equal(2, all.Length);
        Assert.Equal(MemberState.Started, job.Job.Statuses[1].State);
    }

    [Fact]
    public async Task A_member_that_is_cut_off_before_the_start_frees_its_place()
    {
        await using TestJob job = new(2, seed: options => options with { HeartbeatInterval = TimeSpan.FromMilliseconds(100), HeartbeatTimeout = TimeSpan.FromSeconds(3) });
        using ControlChannel silent = await JoinSilentlyAsync(job);
        await job.UntilAsync(() => job.Job.Progress.Joined == 1, "the silent member");
        await job.UntilAsync(() => job.Job.Progress.Joined == 0, "the silent member to be given up");
        Assert.Contains(job.Log, line => line.Contains("silent", StringComparison.Ordinal));
        await job.JoinAllAsync();
    }

    [Fact]
    public async Task One_coordinator_serves_many_jobs_at_once()
    {
        await using TestJob host = new(1);
        JobSpec[] specs = [.. Enumerable.Range(0, 20).Select(i => new JobSpec { JobId = $"job-{i}", Token = TestJob.NewToken(), Size = 1 + (i % 7), Topology = "tree" })];
        SeedJob[] jobs = [.. specs.Select(host.Seed.AddJob)];
        Assert.Throws<ArgumentException>(() => host.Seed.AddJob(specs[3]));
        JobClient[][] all = await Task.WhenAll(specs.Select(spec => Task.WhenAll(Enumerable.Range(0, spec.Size).Select(_ =>
            host.JoinAsync(host.Options() with { JobId = spec.JobId, Token = spec.Token })))));
        for (int i = 0; i < specs.Length; i++)
        {
            Assert.Equal(Enumerable.Range(0, specs[i].Size), all[i].Select(client => client.Rank).Order());
            await jobs[i].Started.WaitAsync(host.Deadline);
        }

        // A token of one job is worth nothing in another.
        RendezvousException error = await host.RejectedAsync(host.Options() with { JobId = "job-0", Token = specs[1].Token });
        Assert.Equal(RendezvousFailure.BadToken, error.Reason);
    }

    [Fact]
    public async Task A_job_runs_over_ipv6()
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6, "This host has no IPv6.");
        await using TestJob job = new(3, seed: options => options with { Listen = new IPEndPoint(IPAddress.IPv6Loopback, 0) }, job: spec => spec with { Topology = "mesh" });
        JobClient[] ranks = await job.JoinAllAsync();
        Assert.Equal(IPAddress.IPv6Loopback, ranks[0].ObservedEndPoint.Address);
        using LinkBox box = new();
        await Task.WhenAll(ranks.Select(rank => rank.WireUpAsync(rank.Topology, box.Take, cancellationToken: job.Deadline)));
    }

    [Fact]
    public async Task A_dual_mode_coordinator_sees_ipv4_members_as_such()
    {
        Assert.SkipUnless(System.Net.Sockets.Socket.OSSupportsIPv6, "This host has no IPv6.");
        await using TestJob job = new(1, seed: options => options with { Listen = new IPEndPoint(IPAddress.IPv6Any, 0) });
        JobClient client = await job.JoinAsync(job.Options() with { Seed = new IPEndPoint(IPAddress.Loopback, job.Seed.EndPoint.Port) });
        Assert.Equal(IPAddress.Loopback, client.ObservedEndPoint.Address);
        Assert.Equal(IPAddress.Loopback, client.Members[0].EndPoints[0].Address);
    }

    [Fact]
    public async Task A_name_of_the_coordinator_is_looked_up()
    {
        await using TestJob job = new(1);
        EndPoint seed = Addresses.Parse($"localhost:{job.Seed.EndPoint.Port}");
        Assert.Equal(0, (await job.JoinAsync(job.Options() with { Seed = seed })).Rank);
    }

    [Fact]
    public async Task A_port_range_gives_each_rank_a_port_of_its_own()
    {
        await using TestJob job = new(2);

        // A range whose first port is certainly taken: by the coordinator.
        int first = job.Seed.EndPoint.Port;
        JobClient[] ranks = await job.JoinAllAsync(options => options with { ListenPort = first, ListenPortCount = 200 });
        Assert.All(ranks, rank => Assert.InRange(rank.ListenEndPoint.Port, first + 1, first + 199));
        Assert.NotEqual(ranks[0].ListenEndPoint, ranks[1].ListenEndPoint);
    }

    /// <summary>Joins, and then says nothing any more.</summary>
    internal static async Task<ControlChannel> JoinSilentlyAsync(TestJob job) =>
        (await ControlHandshake.OpenAsync(
            job.Options().Target,
            local => new JoinMessage { MemberId = Guid.NewGuid(), ListenPort = 9, Local = local, Host = "silent" }.Encode(),
            job.Deadline)).Channel;
}
