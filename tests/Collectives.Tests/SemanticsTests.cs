using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// What callers rely on beyond the right values: order, several at once, new communicators, errors that say what is wrong.
/// </summary>
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
        { 7, "tree" }, { 6, "ring" }, { 10, "grid" }, { 9, "grid" }, { 16, "grid" }, { 8, "hypercube" }, { 5, "star" },
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
                    world.SetCollectiveOptions(new CollectiveOptions().With(Collective.AllReduce, algorithm.Name));
                    Affine[] result = new Affine[length];
                    world.AllReduce(own, result, Compose);
                    Assert.Equal(expected, result);
                }

                for (int root = 0; root < size; root++)
                {
                    foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.Reduce, root))
                    {
                        world.SetCollectiveOptions(new CollectiveOptions().With(Collective.Reduce, algorithm.Name));
                        Affine[] result = own.ToArray();
                        world.Reduce(result, result, Compose, root);
                        Assert.Equal(world.Rank == root ? expected : own, result);
                    }
                }

                foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.Scan, root: 0))
                {
                    world.SetCollectiveOptions(
                        new CollectiveOptions().With(Collective.Scan, algorithm.Name).With(Collective.ExclusiveScan, algorithm.Name));
                    Affine[] result = own.ToArray();
                    world.Scan(result.AsSpan(), Compose);
                    Assert.Equal([.. Enumerable.Range(0, length).Select(i => Folded(world.Rank + 1, i))], result);
                    world.ExclusiveScan(own, result, Compose);
                    Assert.Equal([.. Enumerable.Range(0, length).Select(i => Folded(Math.Max(1, world.Rank), i))], result);
                }

                foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.ReduceScatterBlock, root: 0))
                {
                    world.SetCollectiveOptions(new CollectiveOptions().With(Collective.ReduceScatterBlock, algorithm.Name));
                    Affine[] many = [.. Enumerable.Range(0, length * size).Select(i => Affine.Of(world.Rank, i))];
                    Affine[] result = new Affine[length];
                    world.ReduceScatterBlock(many, result, Compose);
                    Assert.Equal([.. Enumerable.Range(world.Rank * length, length).Select(i => Folded(size, i))], result);
                }

                foreach (CollectiveAlgorithm algorithm in Usable(world, Collective.ReduceScatter, root: 0))
                {
                    world.SetCollectiveOptions(new CollectiveOptions().With(Collective.ReduceScatter, algorithm.Name));
                    BlockLayout parts = BlockLayout.FromCounts([.. Enumerable.Range(0, size).Select(rank => (long)(rank % 3 * length))]);
                    Affine[] many = [.. Enumerable.Range(0, (int)parts.Total).Select(i => Affine.Of(world.Rank, i))];
                    Affine[] result = new Affine[parts.Count(world.Rank)];
                    world.ReduceScatter(many, result, parts, Compose);
                    Assert.Equal(
                        [.. Enumerable.Range((int)parts.Displacement(world.Rank), result.Length).Select(i => Folded(size, i))], result);
                }
            }

            return Task.CompletedTask;
        });

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
                long[] outgoing = [.. Enumerable.Range(0, size).Select(to => world.Rank * 100L + to)];
                Task third = world.AllToAllAsync<long>(outgoing, exchanged, token).AsTask();
                await Task.WhenAll(third, barrier, second, first, sum);

                Assert.Equal(size * (size + 1) / 2, await sum);
                Assert.Equal(42, broadcast[0]);
                Assert.Equal(size - 1, gathered[^1]);
                Assert.Equal([.. Enumerable.Range(0, size).Select(from => from * 100L + world.Rank)], exchanged);
            }
        });

    [Fact]
    public Task Minimum_and_maximum_tell_where_they_are() =>
        ClusterTests.RunAsync(6, "mesh", LocalTransport.Memory, (world, _) =>
        {
            ValueAt<double> own = new(Math.Abs(world.Rank - 3), world.Rank); // 3 2 1 0 1 2
            Assert.Equal(new(0, 3), world.AllReduce(own, ReduceOp.MinLocation<double>()));
            Assert.Equal(new(3, 0), world.AllReduce(own, ReduceOp.MaxLocation<double>()));
            Assert.Equal(new(1, 2), world.AllReduce(own with { Value = world.Rank is 2 or 4 ? 1 : 5 }, ReduceOp.MinLocation<double>()));
            Assert.Equal(
                1, world.AllReduce(own with { Value = world.Rank is 1 or 4 ? double.NaN : 5 }, ReduceOp.MinLocation<double>()).Index);
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
