namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// Calls that do not fit the buffers, the other ranks' calls, or the links: what is told, to whom, and that the others go on.
/// </summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task A_mismatch_shows_both_sides_on_every_rank()
    {
        CollectiveMismatchException?[] seen = new CollectiveMismatchException?[5];
        await LocalCluster.RunAsync(5, (world, token) =>
        {
            world.SetCollectiveOptions(new() { Check = true });
            world.Barrier();
            seen[world.Rank] = Assert.Throws<CollectiveMismatchException>(() =>
            {
                if (world.Rank == 3)
                    world.Broadcast<int>(new int[10], root: 1);
                else
                    world.AllReduce(new double[10].AsSpan(), ReduceOp<double>.Sum);
            });
            return Task.CompletedTask;
        }, new() { Topology = "tree" });

        for (int rank = 0; rank < 5; rank++)
        {
            CollectiveMismatchException error = seen[rank]!;
            Assert.Equal(rank == 3 ? "Broadcast of 10 Int32, root 1" : "AllReduce of 10 Double, Sum", error.Mine);
            Assert.Equal(rank == 3 ? "AllReduce of 10 Double, Sum" : "Broadcast of 10 Int32, root 1", error.Theirs);
            Assert.True(rank == 3 ? error.TheirRank != 3 : error.TheirRank == 3);
            Assert.Equal(seen[0]!.Sequence, error.Sequence);
            Assert.Contains($"(check #{error.Sequence})", error.Message, StringComparison.Ordinal);
            Assert.Contains($"Last calls of rank {rank}: {string.Join("; ", error.History)}", error.Message, StringComparison.Ordinal);
            Assert.Equal(2, error.History.Count);
            Assert.EndsWith("Barrier", error.History[0], StringComparison.Ordinal);
            Assert.EndsWith(error.Mine, error.History[1], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("root")]
    [InlineData("count")]
    [InlineData("type")]
    [InlineData("operation")]
    [InlineData("type argument")]
    [InlineData("type of the same name")]
    [InlineData("end of a long text")]
    [InlineData("root of a call with counts")]
    [InlineData("scan")]
    [InlineData("sum of counts")]
    [InlineData("in rank order")]
    public Task A_checked_collective_compares(string what) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            world.SetCollectiveOptions(new() { Check = true });
            bool other = world.Rank == 2;
            await Assert.ThrowsAsync<CollectiveMismatchException>(async () =>
            {
                switch (what)
                {
                    case "root":
                        await world.BroadcastAsync<int>(new int[4], other ? 1 : 0, token);
                        break;
                    case "count":
                        await world.AllGatherAsync<int>(new int[other ? 5 : 4], new int[other ? 15 : 12], token);
                        break;
                    case "scan" when other:
                        await world.ExclusiveScanAsync(1, ReduceOp<int>.Sum, cancellationToken: token);
                        break;
                    case "scan":
                        await world.ScanAsync(1, ReduceOp<int>.Sum, token);
                        break;
                    case "sum of counts":
                        BlockLayout counts = other ? BlockLayout.FromCounts(2, 2, 3) : BlockLayout.FromCounts(2, 2, 2);
                        await world.ReduceScatterAsync(new int[counts.Total].AsMemory(), counts, ReduceOp<int>.Sum, token);
                        break;
                    case "in rank order":
                        await world.ScanAsync(1, ReduceOp.Create<int>((a, b) => a + b, commutative: other), token);
                        break;
                    case "type argument" when other:
                        await world.AllReduceAsync(new ValueAt<long>(1, 2), ReduceOp.MinLocation<long>(), token);
                        break;
                    case "type argument":
                        await world.AllReduceAsync(new ValueAt<double>(1, 2), ReduceOp.MinLocation<double>(), token);
                        break;
                    case "type of the same name" when other:
                        await world.BroadcastAsync(new Cartesian.Point(1, 2), cancellationToken: token);
                        break;
                    case "type of the same name":
                        await world.BroadcastAsync(new Polar.Point(1, 2), cancellationToken: token);
                        break;
                    case "end of a long text":
                        ReduceOp<((long, long, long), (long, long, long))> first =
                            ReduceOp.Create<((long, long, long), (long, long, long))>((a, b) => a, commutative: other);
                        await world.ReduceAsync(((1L, 2L, 3L), (4L, 5L, 6L)), first, cancellationToken: token);
                        break;
                    case "root of a call with counts":
                        await world.GatherVAsync<int>(new int[2], new int[6], BlockLayout.Uniform(3, 2), other ? 1 : 0, token);
                        break;
                    case "type" when other:
                        await world.AllReduceAsync<float>(new float[4], ReduceOp<float>.Sum, token);
                        break;
                    case "type":
                        await world.AllReduceAsync<int>(new int[4], ReduceOp<int>.Sum, token);
                        break;
                    default:
                        await world.AllReduceAsync<int>(new int[4], other ? ReduceOp<int>.Max : ReduceOp<int>.Sum, token);
                        break;
                }
            });
        });

    [Fact]
    public Task A_check_asks_nothing_of_a_rank_without_neighbours() =>
        LocalCluster.RunAsync(4, async (world, token) =>
        {
            world.SetCollectiveOptions(new() { Check = true });

            // Ranks 0 and 3 have no neighbours: one before, one behind those that have.
            int rank = world.Rank;
            using GraphCommunicator graph = world.CreateGraph(rank == 1 ? [(1, 2), (2, 1)] : default);
            int[] none = [];
            bool alone = rank is 0 or 3;
            int[] received = alone ? none : new int[3];
            graph.NeighbourAllToAll(alone ? none : [rank, 7, 8], received);
            Assert.Equal(alone ? none : [3 - rank, 7, 8], received);
            await graph.NeighbourAllGatherAsync<int>(alone ? none : new[] { 9, 9, rank }, received, token);
            Assert.Equal(alone ? none : [9, 9, 3 - rank], received);

            // What a rank gives to nobody may have any length.
            graph.NeighbourAllGather(alone ? new int[rank + 4] : [rank, rank, rank], received);
            using PersistentCollective call = graph.PrepareNeighbourAllToAll<int>(alone ? none : new int[3], received);
            call.Run();
            Assert.Equal(alone ? [] : [$"from {3 - rank}"], graph.NeighbourAllGatherObject($"from {rank}"));
            Assert.Equal(alone ? [] : ["hello"], graph.NeighbourAllToAllObject<string>(alone ? [] : ["hello"]));

            // Those that have some are still compared, and so are all with what is another call.
            Assert.Throws<CollectiveMismatchException>(
                () => graph.NeighbourAllToAll(alone ? none : new int[rank], alone ? none : new int[rank]));
            Assert.Throws<CollectiveMismatchException>(
                () => graph.NeighbourAllGather(alone ? none : new int[rank], alone ? none : new int[rank]));
            Assert.Throws<CollectiveMismatchException>(() =>
            {
                if (rank == 3)
                    graph.NeighbourAllGather(none, none);
                else
                    graph.NeighbourAllToAll(alone ? none : new int[3], received);
            });
            Assert.Throws<CollectiveMismatchException>(() =>
            {
                if (rank == 0)
                    graph.NeighbourAllToAll<long>([], []);
                else
                    graph.NeighbourAllToAll(alone ? none : new int[3], received);
            });

            // Told on all ranks, it leaves the communicator as it was.
            Assert.Equal(6, graph.AllReduce(rank, ReduceOp<int>.Sum));
        });

    [Fact]
    public Task Checked_collectives_that_match_go_on() =>
        LocalCluster.RunAsync(6, async (world, token) =>
        {
            world.SetCollectiveOptions(new() { Check = true });
            for (int i = 0; i < 20; i++)
            {
                Assert.Equal(15, world.AllReduce(world.Rank, ReduceOp<int>.Sum));
                Assert.Equal(i, await world.BroadcastAsync(world.Rank == i % 6 ? i : -1, i % 6, token));
            }
        }, new() { Topology = "grid" });

    [Fact]
    public Task Wrong_arguments_are_told_before_anything_is_sent() =>
        LocalCluster.RunAsync(3, (world, token) =>
        {
            int[] six = new int[6];
            int[] two = new int[2];
            ArgumentException length = Assert.Throws<ArgumentException>(() => world.AllGather(two, new int[5]));
            Assert.Equal("receive", length.ParamName);
            Assert.Contains("receive has 5 elements, expected 6", length.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => world.AllToAll(two, new int[2]));
            Assert.Throws<ArgumentException>(() => world.AllToAll(six, new int[3]));
            Assert.Throws<ArgumentException>(() => world.AllReduce(six, two, ReduceOp<int>.Sum));
            Assert.Throws<ArgumentException>(() => world.ReduceScatterBlock(six, six, ReduceOp<int>.Sum));
            Assert.Throws<ArgumentException>(() => world.Scan(six, two, ReduceOp<int>.Sum));
            Assert.Throws<ArgumentException>(() => world.ExclusiveScan(six.AsSpan(0, 4), six.AsSpan(1, 4), ReduceOp<int>.Sum));
            Assert.Contains("2 objects for the 3 ranks", Assert.Throws<ArgumentException>(
                () => world.AllToAllObject(["a", "b"])).Message, StringComparison.Ordinal);
            ArgumentException sum = Assert.Throws<ArgumentException>(
                () => world.ReduceScatter(six, two, BlockLayout.FromCounts(2, 2, 1), ReduceOp<int>.Sum));
            Assert.Contains("send has 6 elements, expected 5 (the sum of the layout's counts)", sum.Message, StringComparison.Ordinal);
            Assert.Contains("gaps", Assert.Throws<ArgumentException>(
                () => world.ReduceScatter(six, two, BlockLayout.FromCounts([2, 2, 2], [4, 2, 0]), ReduceOp<int>.Sum)).Message,
                StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => world.ReduceScatterBlock(six.AsSpan(0, 4), ReduceOp<int>.Sum));
            Assert.Throws<ArgumentException>(() => world.AllReduce(six.AsSpan(0, 4), six.AsSpan(2, 4), ReduceOp<int>.Sum));
            Assert.Throws<ArgumentException>(() => world.AllGather(six.AsSpan(0, 2), six.AsSpan()));
            Assert.Throws<ArgumentOutOfRangeException>(() => world.Broadcast(six.AsSpan(), root: 3));
            Assert.Throws<ArgumentOutOfRangeException>(() => world.Broadcast(six.AsSpan(), root: -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => { _ = world.BroadcastAsync<int>(six, root: 3, token).AsTask(); });
            Assert.Throws<ArgumentNullException>(() => world.AllReduce(six.AsSpan(), null!));

            BlockLayout four = BlockLayout.FromCounts(1, 1, 1, 1);
            BlockLayout three = BlockLayout.FromCounts(2, 2, 3);
            Assert.Throws<ArgumentException>(() => world.AllGatherV(two, six, four));
            ArgumentException extent = Assert.Throws<ArgumentException>(() => world.AllGatherV(two, six, three));
            Assert.Contains("receive has 6 elements, expected at least 7", extent.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => world.AllGatherV(six, new int[7], three));
            Assert.Throws<ArgumentException>(
                () => world.AllToAllV(six, BlockLayout.FromCounts(2, 2, 2), new int[3], BlockLayout.FromCounts(1, 1, 1)));
            Assert.Throws<ArgumentNullException>(() => world.AllToAllV(six, null!, six, three));

            // 24 GB: more than any span holds, and no reason to overflow.
            BlockLayout huge = BlockLayout.FromCounts(3_000_000_000L, 3_000_000_000L, 2L);
            Assert.Contains("receive has 6 elements, expected at least 6000000002", Assert.Throws<ArgumentException>(
                () => world.AllGatherV(two, six, huge)).Message, StringComparison.Ordinal);

            Communicator twin = world.Duplicate();
            twin.Dispose();
            Assert.Throws<ObjectDisposedException>(twin.Barrier);
            Assert.Throws<ObjectDisposedException>(() => { _ = twin.BarrierAsync(token).AsTask(); });

            // Nothing of all this has upset the others.
            Assert.Equal(3, world.AllReduce(world.Rank, ReduceOp<int>.Sum));
            return Task.CompletedTask;
        });

    [Fact]
    public Task A_count_that_differs_between_ranks_is_an_error_that_tells_both_lengths() =>
        LocalCluster.RunAsync(2, world =>
        {
            // Rank 1 sends what it says; only rank 0 expects more.
            BlockLayout receives = BlockLayout.FromCounts(2, world.Rank == 0 ? 3 : 2);
            void Call() => world.AllToAllV(new int[6], BlockLayout.FromCounts(2, 2), new int[6], receives);
            if (world.Rank == 1)
            {
                Call();
                return;
            }

            MessageTruncatedException error = Assert.Throws<MessageTruncatedException>(Call);
            Assert.Equal((12L, 8L, 1), (error.ExpectedBytes, error.ActualBytes, error.Peer));
            Assert.Contains("AllToAllV", error.Message, StringComparison.Ordinal);
        }, new() { OperationTimeout = TimeSpan.FromSeconds(20) });

    [Fact]
    public Task An_algorithm_without_its_links_names_them() =>
        LocalCluster.RunAsync(6, (world, _) =>
        {
            world.SetCollectiveOptions(new CollectiveOptions().With(Collective.AllToAll, "linear"));
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => world.AllToAll(new int[6].AsSpan()));
            Assert.Contains("9 links that ring lacks: 0-2, 0-3, 0-4", error.Message, StringComparison.Ordinal);
            world.SetCollectiveOptions(new CollectiveOptions().With(Collective.AllReduce, "ring"));
            Assert.Contains("commutes", Assert.Throws<InvalidOperationException>(
                () => world.AllReduce(0, ReduceOp.Create<int>((a, b) => a - b))).Message, StringComparison.Ordinal);
            return Task.CompletedTask;
        }, new() { Topology = "ring" });

    [Fact]
    public Task A_rank_that_does_not_come_is_named_by_a_timeout() =>
        LocalCluster.RunAsync(3, (world, _) =>
        {
            world.Timeout = TimeSpan.FromMilliseconds(300);
            if (world.Rank != 2)
            {
                MpiException error = Assert.ThrowsAny<MpiException>(world.Barrier);
                if (error is MpiTimeoutException timeout)
                    Assert.NotEmpty(timeout.MissingRanks);
                Assert.Throws<CommunicatorRevokedException>(world.Barrier);
            }

            return Task.CompletedTask;
        });

    private static class Cartesian
    {
        public readonly record struct Point(double X, double Y);
    }

    private static class Polar
    {
        public readonly record struct Point(double X, double Y);
    }
}
