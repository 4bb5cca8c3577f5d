namespace BoxerMpi.Tests;

/// <summary>The cluster of threads that the tests of users run on.</summary>
public sealed class LocalClusterTests
{
    [Fact]
    public async Task The_error_of_the_rank_that_threw_comes_first()
    {
        Exception?[] seen = new Exception?[3];
        RankFailedException error =
            await Assert.ThrowsAsync<RankFailedException>(() => LocalCluster.RunAsync(3, (Action<Communicator>)(world =>
        {
            if (world.Rank == 1)
                throw new InvalidDataException("bad row");
            seen[world.Rank] = Record.Exception(() => world.Receive<int>(1));
            throw seen[world.Rank]!;
        })));
        Assert.Equal(1, error.Rank);
        Assert.Equal("bad row", Assert.IsType<InvalidDataException>(error.InnerException).Message);
        Assert.Contains("Rank 1 of 3 failed: bad row", error.Message, StringComparison.Ordinal);
        foreach (int rank in (int[])[0, 2])
        {
            JobAbortedException aborted = Assert.IsType<JobAbortedException>(seen[rank]);
            Assert.Equal((1, "bad row"), (aborted.AbortingRank, aborted.RemoteMessage));
        }
    }

    [Fact]
    public async Task The_remaining_time_counts_down_on_all_communicators()
    {
        TimeSpan limit = TimeSpan.FromMinutes(5);
        await LocalCluster.RunAsync(
            2,
            world =>
            {
                TimeSpan first = world.RemainingTime!.Value;
                Assert.InRange(first, TimeSpan.FromMinutes(4), limit);
                using Communicator part = world.Split(world.Rank);
                world.Barrier();
                Assert.InRange(part.RemainingTime!.Value, TimeSpan.FromMinutes(3), first);
            },
            new LocalClusterOptions { RemainingTime = limit });
        await LocalCluster.RunAsync(
            1, world => Assert.Equal(TimeSpan.Zero, world.RemainingTime),
            new LocalClusterOptions { RemainingTime = TimeSpan.FromSeconds(-1) });
        await LocalCluster.RunAsync(1, world => Assert.Null(world.RemainingTime));
    }

    [Fact]
    public async Task A_rank_that_throws_ends_waits_for_the_token_and_of_every_kind()
    {
        Exception?[] seen = new Exception?[4];
        await Assert.ThrowsAsync<RankFailedException>(() => LocalCluster.RunAsync(4, async (world, token) =>
        {
            seen[world.Rank] = await Record.ExceptionAsync(() => world.Rank switch
            {
                0 => new TaskCompletionSource().Task.WaitAsync(token),
                1 => world.ReceiveAsync<int>(new int[1], 2, 0, CancellationToken.None).Soon(),
                2 => world.MatchedProbeAsync(cancellationToken: CancellationToken.None).Soon(),
                _ => throw new InvalidOperationException("ends all"),
            });
            if (world.Rank == 3)
                throw seen[3]!;
        }));
        Assert.IsAssignableFrom<OperationCanceledException>(seen[0]);
        Assert.IsType<JobAbortedException>(seen[1]);
        Assert.IsType<JobAbortedException>(seen[2]);
    }

    [Fact]
    public async Task A_timeout_prints_what_each_rank_waits_for()
    {
        using ManualResetEventSlim end = new();
        RankFailedException error = await Assert.ThrowsAsync<RankFailedException>(() => LocalCluster.RunAsync(
            4,
            (world, _) =>
            {
                switch (world.Rank)
                {
                    case 0:
                        Record.Exception(() => world.Receive<int>(3, 5));
                        break;
                    case 1:
                        Record.Exception(() => world.Send<byte>(new byte[5_000_000], 3, 6));
                        break;
                    case 2:
                        end.Wait(Ranks.Patience, CancellationToken.None);
                        break;
                }

                return Task.CompletedTask;
            },
            new() { Timeout = TimeSpan.FromMilliseconds(300) }));
        end.Set();
        Assert.Equal(-1, error.Rank);
        string[] lines = error.Message.Split(Environment.NewLine);
        Assert.Equal("4 ranks were not done after 0.3 s:", lines[0]);
        Assert.StartsWith("  rank 0: Receive from rank 3, tag 5 on \"world\" (4 ranks), rank 0 for 0.", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("  rank 1: Send of 5000000 bytes to rank 3, tag 6 on \"world\"", lines[2], StringComparison.Ordinal);
        Assert.Equal("  rank 2: in the program, in no operation", lines[3]);
        Assert.Equal("  rank 3: done", lines[4]);
    }

    [Fact]
    public Task A_body_stays_on_the_thread_of_its_rank() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            int thread = Environment.CurrentManagedThreadId;
            await Task.Yield();
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            ValueTask<Status> receiving = world.ReceiveAsync<int>(new int[1], 1 - world.Rank, 0, token);
            world.Send(1, 1 - world.Rank);
            await receiving;
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            Assert.Equal($"rank {world.Rank}", Thread.CurrentThread.Name);
        });

    [Fact]
    public async Task Wrong_arguments_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => LocalCluster.RunAsync(0, _ => { }));
        await Assert.ThrowsAsync<ArgumentNullException>(() => LocalCluster.RunAsync(1, (Action<Communicator>)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => LocalCluster.RunAsync(1, (Func<Communicator, CancellationToken, Task>)null!));
        await Assert.ThrowsAnyAsync<Exception>(() => LocalCluster.RunAsync(4, _ => { }, new() { Topology = "moebius" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalClusterOptions { Timeout = TimeSpan.Zero });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LocalClusterOptions { EagerLimitBytes = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new FaultPlan().Drop(0, 1, frame: -1));
    }

    [Fact]
    public Task The_rank_that_a_plan_kills_learns_of_it() =>
        LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 0)
            {
                world.Send(1, 1);
                Assert.Equal(0, Assert.Throws<RankKilledException>(() => world.Receive<int>(1)).Rank);
                Assert.Throws<RankKilledException>(() => world.Send(1, 1));
                world.Receive<int>(1);
            }
        }, Ranks.With(new FaultPlan().Kill(0)));

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public async Task Many_clusters_may_run_at_once(LocalTransport transport)
    {
        Task[] clusters = [.. Enumerable.Range(0, 8).Select(seed => LocalCluster.RunAsync(4, async (world, token) =>
        {
            int[] received = new int[1000];
            for (int round = 0; round < 20; round++)
            {
                int next = (world.Rank + 1) % 4, previous = (world.Rank + 3) % 4;
                ValueTask sending = world.SendAsync<int>(Ranks.Numbers(1000, seed + world.Rank), next, round, token);
                world.Receive<int>(received, previous, round);
                await sending;
                Assert.Equal(Ranks.Numbers(1000, seed + previous), received);
            }
        }, Ranks.Over(transport)))];
        await Task.WhenAll(clusters);
    }
}
