namespace BoxerMpi.Collectives.Tests;

/// <summary>What callers rely on beyond the right values: order, several at once, new communicators, errors that say what is wrong.</summary>
public sealed class SemanticsTests
{
    /// <summary>x → A·x + B, modulo 2⁶⁴: composing is associative but does not commute.</summary>
    private readonly record struct Affine(ulong A, ulong B)
    {
        public Affine Then(Affine later) => new(A * later.A, B * later.A + later.B);

        public static Affine Of(int rank, int index) => new((ulong)(rank * 2 + 3), (ulong)(rank * 101 + index));
    }

    private static readonly ReduceOp<Affine> Compose = ReduceOp.Create<Affine>((earlier, later) => earlier.Then(later));

    public static TheoryData<int, string> Shapes => new()
    {
        { 1, "mesh" }, { 2, "mesh" }, { 3, "mesh" }, { 7, "mesh" }, { 8, "mesh" }, { 9, "mesh" }, { 16, "mesh" },
        { 7, "tree" }, { 6, "ring" }, { 10, "grid" }, { 8, "hypercube" },
    };

    [Theory, MemberData(nameof(Shapes))]
    public Task What_does_not_commute_is_folded_in_rank_order_by_every_algorithm(int size, string topology) =>
        ClusterTests.RunAsync(size, topology, LocalTransport.Memory, (world, _) =>
        {
            foreach (int length in new[] { 1, 5, 700 })
            {
                Affine[] own = [.. Enumerable.Range(0, length).Select(i => Affine.Of(world.Rank, i))];
                Affine[] expected = [.. Enumerable.Range(0, length).Select(i => Folded(size, i))];
                foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.AllReduce, root: 0))
                {
                    world.SetCollectiveOptions(new CollectiveOptions { AllReduce = algorithm.Name });
                    Affine[] result = new Affine[length];
                    world.AllReduce(own, result, Compose);
                    Assert.Equal(expected, result);
                }

                for (int root = 0; root < size; root++)
                {
                    foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.Reduce, root))
                    {
                        world.SetCollectiveOptions(new CollectiveOptions { Reduce = algorithm.Name });
                        Affine[] result = own.ToArray();
                        world.Reduce(result, result, Compose, root);
                        Assert.Equal(world.Rank == root ? expected : own, result);
                    }
                }

                foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.Scan, root: 0))
                {
                    world.SetCollectiveOptions(new CollectiveOptions { Scan = algorithm.Name, ExclusiveScan = algorithm.Name });
                    Affine[] result = own.ToArray();
                    world.Scan(result.AsSpan(), Compose);
                    Assert.Equal([.. Enumerable.Range(0, length).Select(i => Folded(world.Rank + 1, i))], result);
                    world.ExclusiveScan(own, result, Compose);
                    Assert.Equal([.. Enumerable.Range(0, length).Select(i => Folded(Math.Max(1, world.Rank), i))], result);
                }

                foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.ReduceScatterBlock, root: 0))
                {
                    world.SetCollectiveOptions(new CollectiveOptions { ReduceScatterBlock = algorithm.Name });
                    Affine[] many = [.. Enumerable.Range(0, length * size).Select(i => Affine.Of(world.Rank, i))];
                    Affine[] result = new Affine[length];
                    world.ReduceScatterBlock(many, result, Compose);
                    Assert.Equal([.. Enumerable.Range(world.Rank * length, length).Select(i => Folded(size, i))], result);
                }
            }

            return Task.CompletedTask;
        });

    [Theory, InlineData("mesh"), InlineData("tree"), InlineData("ring")]
    public Task Deterministic_sums_have_the_same_bits_as_a_sum_in_rank_order(string topology) =>
        ClusterTests.RunAsync(9, topology, LocalTransport.Memory, (world, _) =>
        {
            world.SetCollectiveOptions(new() { Deterministic = true });
            double sum = world.AllReduce(1.0 / (world.Rank + 3), ReduceOp<double>.Sum);
            double expected = 1.0 / 3;
            for (int rank = 1; rank < 9; rank++)
                expected += 1.0 / (rank + 3);
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(sum));
            Assert.Equal(BitConverter.DoubleToInt64Bits(Prefix(world.Rank + 1)), BitConverter.DoubleToInt64Bits(
                world.Scan(1.0 / (world.Rank + 3), ReduceOp<double>.Sum)));
            Assert.Equal(BitConverter.DoubleToInt64Bits(Prefix(world.Rank)), BitConverter.DoubleToInt64Bits(
                world.ExclusiveScan(1.0 / (world.Rank + 3), ReduceOp<double>.Sum)));
            double[] own = [.. Enumerable.Range(0, 9).Select(to => (to + 1) / (world.Rank + 3.0))];
            world.ReduceScatterBlock(own.AsSpan(), ReduceOp<double>.Sum);
            Assert.Equal(BitConverter.DoubleToInt64Bits(Prefix(9, world.Rank + 1)), BitConverter.DoubleToInt64Bits(own[0]));
            Assert.Equal(expected, world.Reduce(1.0 / (world.Rank + 3), ReduceOp<double>.Sum, root: 4), world.Rank == 4 ? 0 : double.MaxValue);
            return Task.CompletedTask;
        });

    /// <summary>What the ranks before one add up to, one after the other.</summary>
    private static double Prefix(int ranks, double numerator = 1)
    {
        double sum = ranks == 0 ? 0 : numerator / 3;
        for (int rank = 1; rank < ranks; rank++)
            sum += numerator / (rank + 3);
        return sum;
    }

    [Theory, InlineData(2), InlineData(5)]
    public Task Several_collectives_are_in_flight_at_once(int size) =>
        ClusterTests.RunAsync(size, "mesh", LocalTransport.Memory, async (world, token) =>
        {
            for (int repeat = 0; repeat < 5; repeat++)
            {
                int[] broadcast = [world.Rank == 1 ? 42 : 0];
                long[] gathered = new long[size * 2000];
                long[] exchanged = new long[size];
                Task<int> sum = world.AllReduceAsync(world.Rank + 1, ReduceOp<int>.Sum, token).AsTask();
                Task first = world.BroadcastAsync<int>(broadcast, root: 1, token).AsTask();
                Task second = world.AllGatherAsync<long>(Enumerable.Repeat((long)world.Rank, 2000).ToArray(), gathered, token).AsTask();
                Task barrier = world.BarrierAsync(token).AsTask();
                Task third = world.AllToAllAsync<long>(Enumerable.Range(0, size).Select(to => world.Rank * 100L + to).ToArray(), exchanged, token).AsTask();
                await Task.WhenAll(third, barrier, second, first, sum);

                Assert.Equal(size * (size + 1) / 2, await sum);
                Assert.Equal(42, broadcast[0]);
                Assert.Equal(size - 1, gathered[^1]);
                Assert.Equal([.. Enumerable.Range(0, size).Select(from => from * 100L + world.Rank)], exchanged);
            }
        });

    [Fact]
    public Task Scalars_and_objects_reach_everybody() =>
        ClusterTests.RunAsync(5, "grid", LocalTransport.Memory, async (world, token) =>
        {
            Assert.Equal(7.5, world.Broadcast(world.Rank == 2 ? 7.5 : 0, root: 2));
            Assert.Equal(7, await world.BroadcastAsync(world.Rank == 2 ? 7 : 0, root: 2, token));
            int[] ranks = [0, 1, 2, 3, 4];
            Assert.Equal(ranks, world.AllGather(world.Rank));
            Assert.Equal(ranks, await world.AllGatherAsync(world.Rank, token));
            Assert.Equal(world.Rank == 3 ? ranks : [], world.Gather(world.Rank, root: 3));
            Assert.Equal(world.Rank == 1 ? 10 : world.Rank, world.Reduce(world.Rank, ReduceOp<int>.Sum, root: 1));
            Assert.Equal(world.Rank == 1 ? 10 : world.Rank, await world.ReduceAsync(world.Rank, ReduceOp<int>.Sum, root: 1, token));
            Assert.Equal(world.Rank == 3 ? ranks : [], await world.GatherAsync(world.Rank, root: 3, token));
            Assert.Equal(world.Rank, world.ScatterValue<int>(world.Rank == 4 ? ranks : [], root: 4));
            Assert.Equal(world.Rank, await world.ScatterValueAsync<int>(world.Rank == 0 ? ranks : default, root: 0, token));
            int[] prefixes = [0, 1, 3, 6, 10, 15];
            Assert.Equal(prefixes[world.Rank], world.Scan(world.Rank, ReduceOp<int>.Sum));
            Assert.Equal(prefixes[world.Rank + 1], await world.ScanAsync(world.Rank + 1, ReduceOp<int>.Sum, token));
            Assert.Equal(world.Rank == 0 ? -1 : world.Rank - 1, world.ExclusiveScan(world.Rank, ReduceOp<int>.Max, first: -1));
            Assert.Equal(prefixes[world.Rank], await world.ExclusiveScanAsync(world.Rank + 1, ReduceOp<int>.Sum, cancellationToken: token));

            string text = new('x', 10_000);
            Assert.Equal(text, world.BroadcastObject(world.Rank == 4 ? text : null, root: 4));
            Assert.Null(await world.BroadcastObjectAsync<string>(world.Rank == 4 ? null : "ignored", root: 4, token));
            string[] expected = [.. Enumerable.Range(0, 5).Select(rank => new string((char)('a' + rank), rank * 300))];
            Assert.Equal(expected, world.AllGatherObject(expected[world.Rank]));
            Assert.Equal(expected, await world.AllGatherObjectAsync(expected[world.Rank], token));
            Assert.Equal(world.Rank == 2 ? expected : [], world.GatherObject(expected[world.Rank], root: 2));
            Assert.Equal(world.Rank == 0 ? expected : [], await world.GatherObjectAsync(expected[world.Rank], root: 0, token));

            Assert.Equal(expected[world.Rank], world.ScatterObject(world.Rank == 2 ? expected : null, root: 2));
            Assert.Equal(expected[world.Rank], await world.ScatterObjectAsync(world.Rank == 0 ? expected : null, root: 0, token));
            string[] dealt = [.. ranks.Select(to => $"{world.Rank} to {to}")];
            string[] got = [.. ranks.Select(from => $"{from} to {world.Rank}")];
            Assert.Equal(got, world.AllToAllObject(dealt));
            Assert.Equal(got, await world.AllToAllObjectAsync(dealt, token));

            string letter = $"{(char)('a' + world.Rank)}";
            Assert.Equal("abcde", world.AllReduceObject(letter, string.Concat));
            Assert.Equal("abcde", await world.AllReduceObjectAsync(letter, string.Concat, token));
            Assert.Equal("abcde"[..(world.Rank + 1)], world.ScanObject(letter, string.Concat));
            Assert.Equal("abcde"[..(world.Rank + 1)], await world.ScanObjectAsync(letter, string.Concat, token));
            Assert.Equal(world.Rank == 3 ? "abcde" : letter, world.ReduceObject(letter, string.Concat, root: 3));
            Assert.Equal(world.Rank == 0 ? "abcde" : letter, await world.ReduceObjectAsync(letter, string.Concat, root: 0, token));
        });

    [Theory, InlineData("mesh"), InlineData("grid"), InlineData("tree")]
    public Task In_place_a_rank_s_own_block_stays_where_it_is(string topology) =>
        ClusterTests.RunAsync(6, topology, LocalTransport.Memory, async (world, token) =>
        {
            const int Root = 2;
            bool isRoot = world.Rank == Root;
            long[] own = [world.Rank * 10, world.Rank * 10 + 1];
            long[] all = [.. Enumerable.Range(0, 6).SelectMany(rank => new long[] { rank * 10, rank * 10 + 1 })];
            foreach (bool blocking in new[] { true, false })
            {
                long[] gathered = isRoot ? new long[12] : own.ToArray();
                if (isRoot)
                    own.CopyTo(gathered, Root * 2);
                if (blocking)
                    world.Gather(gathered.AsSpan(), Root);
                else
                    await world.GatherAsync(gathered.AsMemory(), Root, token);
                Assert.Equal(isRoot ? all : own, gathered);

                long[] dealt = isRoot ? all.ToArray() : new long[2];
                if (blocking)
                    world.Scatter(dealt.AsSpan(), Root);
                else
                    await world.ScatterAsync(dealt.AsMemory(), Root, token);
                Assert.Equal(isRoot ? all : own, dealt);

                long[] sum = own.ToArray();
                if (blocking)
                    world.Reduce(sum.AsSpan(), ReduceOp<long>.Sum, Root);
                else
                    await world.ReduceAsync(sum.AsMemory(), ReduceOp<long>.Sum, Root, token);
                Assert.Equal(isRoot ? [150, 156] : own, sum);

                // Rank r has r % 3 elements.
                BlockLayout layout = BlockLayout.FromCounts(0, 1, 2, 0, 1, 2);
                long[] united = new long[6];
                own.AsSpan(0, world.Rank % 3).CopyTo(united.AsSpan((int)layout.Displacement(world.Rank)));
                if (blocking)
                    world.AllGatherV(united.AsSpan(), layout);
                else
                    await world.AllGatherVAsync(united.AsMemory(), layout, token);
                Assert.Equal([10, 20, 21, 40, 50, 51], united);
            }

            if (isRoot)
                Assert.Throws<ArgumentException>(() => world.Gather(new long[7].AsSpan(), Root));
        });

    [Fact]
    public Task Minimum_and_maximum_tell_where_they_are() =>
        ClusterTests.RunAsync(6, "mesh", LocalTransport.Memory, (world, _) =>
        {
            ValueAt<double> own = new(Math.Abs(world.Rank - 3), world.Rank); // 3 2 1 0 1 2
            Assert.Equal(new(0, 3), world.AllReduce(own, ReduceOp.MinLocation<double>()));
            Assert.Equal(new(3, 0), world.AllReduce(own, ReduceOp.MaxLocation<double>()));
            Assert.Equal(new(1, 2), world.AllReduce(own with { Value = world.Rank is 2 or 4 ? 1 : 5 }, ReduceOp.MinLocation<double>()));
            Assert.Equal(1, world.AllReduce(own with { Value = world.Rank is 1 or 4 ? double.NaN : 5 }, ReduceOp.MinLocation<double>()).Index);
            return Task.CompletedTask;
        });

    [Theory, InlineData("mesh"), InlineData("grid"), InlineData("tree")]
    public Task A_communicator_splits_duplicates_and_is_made_from_a_group(string topology) =>
        LocalCluster.RunAsync(7, async (world, token) =>
        {
            using Communicator parity = world.Split(world.Rank % 2, key: -world.Rank);
            Assert.Equal(world.Rank % 2 == 0 ? 4 : 3, parity.Size);
            Assert.Equal((6 - world.Rank) / 2, parity.Rank);
            Assert.Equal(world.Rank % 2 == 0 ? 12 : 9, parity.AllReduce(world.Rank, ReduceOp<int>.Sum));

            Communicator? few = await world.SplitAsync(world.Rank < 2 ? 5 : null, cancellationToken: token);
            Assert.Equal(world.Rank < 2, few is not null);
            Assert.Equal(world.Rank < 2 ? 1 : 0, few?.AllReduce(world.Rank, ReduceOp<int>.Sum) ?? 0);

            using Communicator twin = world.Duplicate();
            Task<int> onTwin = twin.AllReduceAsync(1, ReduceOp<int>.Sum, token).AsTask();
            Assert.Equal(21, world.AllReduce(world.Rank, ReduceOp<int>.Sum));
            Assert.Equal(7, await onTwin);

            Communicator? group = world.Create(world.Group.Include(5, 1, 3), tag: 4);
            Assert.Equal(world.Rank % 2 == 1, group is not null);
            if (group is not null)
            {
                Assert.Equal([5, 1, 3], group.AllGather(world.Rank));
                Assert.Throws<ArgumentException>(() => group.Create(world.Group.Include(0)));
            }
        }, new() { Topology = topology });

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
                () => world.ReduceScatter(six, two, BlockLayout.FromCounts([2, 2, 2], [4, 2, 0]), ReduceOp<int>.Sum)).Message, StringComparison.Ordinal);
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
            Assert.Throws<ArgumentException>(() => world.AllToAllV(six, BlockLayout.FromCounts(2, 2, 2), new int[3], BlockLayout.FromCounts(1, 1, 1)));
            Assert.Throws<ArgumentNullException>(() => world.AllToAllV(six, null!, six, three));

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
            Assert.Equal((12L, 8L, 1), (error.ExpectedBytes, error.ActualBytes, error.Source));
            Assert.Contains("AllToAllV", error.Message, StringComparison.Ordinal);
        }, new() { OperationTimeout = TimeSpan.FromSeconds(20) });

    [Fact]
    public Task An_algorithm_without_its_links_names_them() =>
        LocalCluster.RunAsync(6, (world, _) =>
        {
            world.SetCollectiveOptions(new() { AllToAll = "linear" });
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => world.AllToAll(new int[6].AsSpan()));
            Assert.Contains("9 links that ring lacks: 0-2, 0-3, 0-4", error.Message, StringComparison.Ordinal);
            world.SetCollectiveOptions(new() { AllReduce = "ring" });
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

    private static Affine Folded(int size, int index)
    {
        Affine fold = Affine.Of(0, index);
        for (int rank = 1; rank < size; rank++)
            fold = fold.Then(Affine.Of(rank, index));
        return fold;
    }

    private static CollectiveAlgorithm[] Usable(Communicator world, Collective collective, int root)
    {
        CollectiveSelector selector = new(world.Topology, new());
        return Array.FindAll(
            CollectiveAlgorithms.Of(collective).ToArray(),
            algorithm => selector.Allows(algorithm, new(collective, 0, 1) { Root = root, Commutative = false }));
    }
}
