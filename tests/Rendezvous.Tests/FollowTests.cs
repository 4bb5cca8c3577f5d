using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

public class FollowTests
{
    [Fact]
    public async Task A_follower_sees_the_life_of_a_job_from_whenever_it_comes()
    {
        await using TestJob job = new(2);
        Task<List<MembershipEvent>> early = CollectAsync(job);
        await LiveAsync(job);
        Task<List<MembershipEvent>> late = CollectAsync(job);
        foreach (List<MembershipEvent> seen in new[] { await early, await late })
        {
            Assert.Equal(
                [MembershipChange.Joined, MembershipChange.Joined, MembershipChange.Started],
                seen.Select(one => one.Change).Take(3));
            Assert.Equal([0, 1], seen.Where(one => one.Change == MembershipChange.Linked).Select(one => one.Rank).Order());
            MembershipEvent failed = Assert.Single(seen, one => one.Change == MembershipChange.Failed);
            Assert.Equal(1, failed.Rank);
            Assert.NotEmpty(failed.Reason);
            Assert.Equal(0, Assert.Single(seen, one => one.Change == MembershipChange.Left).Rank);
            Assert.All(seen.Take(2), one => Assert.Equal(IPAddress.Loopback, one.Observed!.Address));
            Assert.All(seen, one => Assert.Equal(2, one.Size));
        }
    }

    [Fact]
    public async Task Following_needs_the_token()
    {
        await using TestJob job = new(2);
        IAsyncEnumerator<MembershipEvent> events = MembershipFollower.FollowAsync(job.Options().Target with { Token = TestJob.NewToken() }, job.Deadline).GetAsyncEnumerator(job.Deadline);
        RendezvousException error = await Assert.ThrowsAsync<RendezvousException>(() => events.MoveNextAsync().AsTask());
        Assert.Equal(RendezvousFailure.BadToken, error.Reason);
    }

    [Fact]
    public void A_subscription_that_is_full_is_dropped_with_a_reason()
    {
        Subscription slow = new(4);
        for (int i = 0; i < 4; i++)
            Assert.True(slow.Offer(new MembershipEvent { Change = MembershipChange.Joined, JobId = "test", Rank = i }));
        Assert.False(slow.Offer(new MembershipEvent { Change = MembershipChange.Started, JobId = "test" }));
        Assert.True(slow.Dropped.IsCompleted);
        Assert.Contains("4 membership events", slow.DroppedReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Among_two_hundred_followers_one_that_does_not_read_is_dropped_and_told_and_the_others_miss_nothing()
    {
        const int Followers = 200;
        const int Burst = 8;

        // One place more than are ever taken: the job does not start.
        await using TestJob job = new(Burst + 1, seed: options => options with { FollowerQueueLimit = 2 * Burst });
        using RawPeer slow = await RawPeer.AskAsync(job, new MessageWriter(ControlKind.Follow).ReserveProof(), job.Job.Spec.Token, receiveBufferBytes: 4096);
        Assert.Equal(ControlKind.Accepted, (await slow.ReceiveAsync(job.Deadline)).Kind);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(job.Deadline);
        int[] counts = new int[Followers];
        Task[] following = [.. Enumerable.Range(0, Followers).Select(FollowAsync)];
        await job.UntilAsync(() => job.Job.FollowerCount == Followers + 1, "all followers");

        // Members with long names come and go until the buffers on the way to the slow one are full; the others keep up.
        string host = new('h', 1000);
        int expected = 0;
        bool isDropped;
        do
        {
            isDropped = job.Log.Any(line => line.Contains("is dropped", StringComparison.Ordinal));
            await Task.WhenAll(Enumerable.Range(0, Burst).Select(ComeAndGoAsync));
            expected += 2 * Burst;
            await job.UntilAsync(() => counts.All(count => count == expected), $"{expected} events at each follower");
        }
        while (!isDropped);

        (ControlKind Kind, byte[] Payload) last;
        do
            last = await slow.ReceiveAsync(job.Deadline);
        while (last.Kind == ControlKind.Event);
        Assert.Equal(ControlKind.Rejected, last.Kind);
        Assert.Contains("did not keep up", RejectedMessage.Decode(last.Payload).Text, StringComparison.Ordinal);
        Assert.Equal(Followers, job.Job.FollowerCount);
        Assert.DoesNotContain(following, task => task.IsCompleted);
        await enough.CancelAsync();
        await Task.WhenAll(following.Select(task => Assert.ThrowsAnyAsync<OperationCanceledException>(() => task)));

        async Task FollowAsync(int follower)
        {
            await foreach (MembershipEvent happened in MembershipFollower.FollowAsync(job.Options().Target, enough.Token))
                Interlocked.Increment(ref counts[follower]);
        }

        async Task ComeAndGoAsync(int rank)
        {
            using RawMember member = await RawMember.JoinAsync(job, join => join with { RequestedRank = rank, Host = host, ListenPort = (ushort)(1 + rank) });
            member.Post(ShortMessages.Leave);
            await member.ReceiveEndAsync(job.Deadline);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_local_service_of_a_coordinator_tells_all_its_jobs_in_lines_of_json(bool overUnixSocket)
    {
        await using TestJob job = new(2);
        await using MembershipService service = MembershipService.Start(LocalEndPoint(overUnixSocket), job.Seed);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(job.Deadline);
        List<MembershipLine> lines = [];
        Task following = CollectAsync(service.EndPoint, lines, line => line is { Job: "later", Event: "joined" }, enough);
        await LiveAsync(job);
        job.Job.Abort(9, "done");
        SeedJob later = job.Seed.AddJob(new JobSpec { JobId = "later", Token = job.Job.Spec.Token, Size = 1 });
        await job.JoinAsync(job.Options() with { JobId = "later" });
        await following;
        Assert.Equal(["joined", "joined", "started"], lines.Where(line => line.Job == "test").Take(3).Select(line => line.Event));
        Assert.Contains(lines, line => line is { Job: "test", Event: "failed", Rank: 1, Reason: not null });
        Assert.Contains(lines, line => line is { Job: "test", Event: "aborted", ExitCode: 9, Reason: "done" });
        Assert.Contains(lines, line => line is { Job: "test", Event: "linked", Links: 1 });
        await later.Started.WaitAsync(job.Deadline);
    }

    [Fact]
    public async Task Any_program_can_read_the_lines()
    {
        await using TestJob job = new(1);
        await using MembershipService service = MembershipService.Start(LocalEndPoint(overUnixSocket: false), job.Seed);
        await job.JoinAsync();
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(service.EndPoint, job.Deadline);
        socket.Shutdown(SocketShutdown.Send); // as "nc -N" does
        StringBuilder text = new();
        byte[] buffer = new byte[1024];
        while (text.ToString().Count(c => c == '\n') < 2)
            text.Append(Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, job.Deadline)));
        string[] lines = text.ToString().Split('\n');
        using JsonDocument joined = JsonDocument.Parse(lines[0]);
        Assert.Equal("joined", joined.RootElement.GetProperty("event").GetString());
        Assert.Equal("test", joined.RootElement.GetProperty("job").GetString());
        Assert.Equal(0, joined.RootElement.GetProperty("rank").GetInt32());
        Assert.StartsWith("127.0.0.1:", joined.RootElement.GetProperty("address").GetString(), StringComparison.Ordinal);
        using JsonDocument started = JsonDocument.Parse(lines[1]);
        Assert.Equal("started", started.RootElement.GetProperty("event").GetString());
        Assert.False(started.RootElement.TryGetProperty("rank", out _));
    }

    [Fact]
    public async Task The_local_service_of_a_rank_tells_its_own_job()
    {
        await using TestJob job = new(2);
        await using MembershipService service = MembershipService.Start(LocalEndPoint(overUnixSocket: true), job.Options().Target);
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(job.Deadline);
        List<MembershipLine> lines = [];
        Task following = CollectAsync(service.EndPoint, lines, _ => false, enough);
        await LiveAsync(job);
        await following; // ends with the job
        Assert.Equal(["joined", "joined", "started"], lines.Take(3).Select(line => line.Event));
        Assert.Equal(7, lines.Count);
    }

    [Fact]
    public async Task A_path_left_by_a_process_that_is_gone_is_taken_over_and_one_in_use_is_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Modes of files are a matter of Unix.");
        await using TestJob job = new(1);
        UnixDomainSocketEndPoint path = (UnixDomainSocketEndPoint)LocalEndPoint(overUnixSocket: true);
        using (Socket abandoned = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            abandoned.Bind(path);
            abandoned.Listen();
            File.Move(path.ToString(), path + ".kept"); // closing would remove it
        }

        File.Move(path + ".kept", path.ToString());
        await using MembershipService service = MembershipService.Start(path, job.Seed);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path.ToString()));
        RendezvousException error = Assert.Throws<RendezvousException>(() => MembershipService.Start(path, job.Seed));
        Assert.Equal(RendezvousFailure.PortTaken, error.Reason);
        Assert.Throws<ArgumentException>(() => MembershipService.Start(new IPEndPoint(IPAddress.Any, 0), job.Seed));
    }

    [Fact]
    public async Task A_path_that_cannot_be_taken_is_left_as_it_is_and_told_in_words()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sockets have other paths there.");
        await using TestJob job = new(1);
        string file = LocalEndPoint(overUnixSocket: true).ToString()!, folder = file + ".folder";
        await File.WriteAllTextAsync(file, "mine", job.Deadline);
        Directory.CreateDirectory(folder);
        try
        {
            foreach (string path in (string[])[file, folder, Path.Combine(file, "below"), Path.Combine(folder, "no", "such")])
            {
                RendezvousException error = Assert.Throws<RendezvousException>(
                    () => MembershipService.Start(new UnixDomainSocketEndPoint(path), job.Seed));
                Assert.Equal(RendezvousFailure.PortTaken, error.Reason);
                Assert.Contains(path, error.Message, StringComparison.Ordinal);
            }

            Assert.Equal("mine", await File.ReadAllTextAsync(file, job.Deadline));
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        }
        finally
        {
            File.Delete(file);
            Directory.Delete(folder);
        }
    }

    [Fact]
    public async Task Nobody_at_the_local_service_is_said()
    {
        await using TestJob job = new(1);
        IAsyncEnumerator<MembershipLine> lines = MembershipFollower.FollowLocalAsync(LocalEndPoint(overUnixSocket: true), job.Deadline).GetAsyncEnumerator(job.Deadline);
        Assert.Equal(RendezvousFailure.Unreachable, (await Assert.ThrowsAsync<RendezvousException>(() => lines.MoveNextAsync().AsTask())).Reason);
    }

    private static EndPoint LocalEndPoint(bool overUnixSocket) => overUnixSocket
        ? new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), $"boxer-{Guid.NewGuid():N}"))
        : new IPEndPoint(IPAddress.Loopback, 0);

    /// <summary>Two ranks join and link; rank 0 leaves, rank 1 dies.</summary>
    private static async Task LiveAsync(TestJob job)
    {
        JobClient[] ranks = await job.JoinAllAsync();
        LinkBox[] boxes = [new(), new()];
        await Task.WhenAll(ranks.Select((rank, i) => rank.WireUpAsync(rank.Topology, boxes[i].Take, cancellationToken: job.Deadline)));
        await job.Job.AllLinked.WaitAsync(job.Deadline);
        await ranks[0].LeaveAsync().WaitAsync(job.Deadline);
        await ranks[1].DisposeAsync();
        await job.Job.AllLeft.WaitAsync(job.Deadline);
        Array.ForEach(boxes, box => box.Dispose());
    }

    private static async Task<List<MembershipEvent>> CollectAsync(TestJob job)
    {
        List<MembershipEvent> seen = [];
        await foreach (MembershipEvent happened in MembershipFollower.FollowAsync(job.Options().Target, job.Deadline))
            seen.Add(happened);
        return seen;
    }

    private static async Task CollectAsync(EndPoint service, List<MembershipLine> lines, Func<MembershipLine, bool> isLast, CancellationTokenSource enough)
    {
        await foreach (MembershipLine line in MembershipFollower.FollowLocalAsync(service, enough.Token))
        {
            lines.Add(line);
            if (isLast(line))
                return;
        }
    }
}
