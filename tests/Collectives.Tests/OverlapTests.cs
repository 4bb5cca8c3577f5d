using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>Blocks that share elements: fine where they are read, refused where they are written.</summary>
public sealed class OverlapTests
{
    public static TheoryData<int, string> Places() => new()
    {
        { 1, "mesh" }, { 3, "mesh" }, { 4, "mesh" }, { 8, "mesh" }, { 6, "grid" }, { 7, "grid" }, { 12, "grid" }, { 5, "tree" },
        { 6, "ring" }, { 8, "hypercube" },
    };

    [Theory, MemberData(nameof(Places))]
    public Task What_is_sent_may_overlap_with_every_algorithm(int size, string topology) =>
        ClusterTests.RunAsync(size, topology, LocalTransport.Memory, async (world, token) =>
        {
            int rank = world.Rank;

            // Rows with a ghost row on either side: three for each rank, of which it shares two with its neighbours.
            BlockLayout ghosts = BlockLayout.FromCounts(Repeated(size, 3), [.. Enumerable.Range(0, size).Select(r => (long)r)]);
            int[] rows = [.. Enumerable.Range(0, size + 2).Select(row => 100 + row)];
            foreach (CollectiveAlgorithm algorithm in ClusterTests.Usable(world, Collective.ScatterV, 0, size - 1))
            {
                world.SetCollectiveOptions(new CollectiveOptions().With(algorithm.Collective, algorithm.Name));
                foreach (int root in new[] { 0, size - 1 })
                {
                    int[] mine = new int[3];
                    BlockLayout? layout = rank == root ? ghosts : null;
                    world.ScatterV(rank == root ? rows : [], layout, mine, root);
                    Assert.Equal([100 + rank, 101 + rank, 102 + rank], mine);
                    using PersistentCollective call = world.PrepareScatterV<int>(rank == root ? rows : default, layout, mine, root);
                    Array.Clear(mine);
                    call.Run();
                    Assert.Equal([100 + rank, 101 + rank, 102 + rank], mine);
                }
            }

            // One block for all, also of different lengths, and in place.
            BlockLayout same = BlockLayout.FromCounts(Repeated(size, 2), Repeated(size, 0));
            BlockLayout apart = BlockLayout.Uniform(size, 2);
            long[] growing = [.. Enumerable.Range(0, size).Select(r => r % 3L)];
            BlockLayout prefixes = BlockLayout.FromCounts(growing, Repeated(size, 0));
            BlockLayout equal = BlockLayout.Uniform(size, rank % 3);
            foreach (CollectiveAlgorithm algorithm in ClusterTests.Usable(world, Collective.AllToAllV))
            {
                world.SetCollectiveOptions(new CollectiveOptions { Window = 3 }.With(algorithm.Collective, algorithm.Name));
                int[] received = new int[2 * size];
                world.AllToAllV([rank, -rank], same, received, apart);
                Assert.Equal(Enumerable.Range(0, 2 * size).Select(i => i % 2 == 0 ? i / 2 : -(i / 2)), received);

                int[] buffer = [.. Enumerable.Range(0, 2 * size).Select(i => (10 * rank) + i)];
                await world.AllToAllVAsync<int>(buffer, same, buffer, apart, token);
                Assert.Equal(Enumerable.Range(0, 2 * size).Select(i => (10 * (i / 2)) + (i % 2)), buffer);

                int[] some = new int[size * (rank % 3)];
                world.AllToAllV([rank, -rank], prefixes, some, equal);
                Assert.Equal(Enumerable.Range(0, size).SelectMany(r => new[] { r, -r }.Take(rank % 3)), some);
            }
        });

    [Fact]
    public Task A_neighbours_exchange_may_send_the_same_to_all() =>
        LocalCluster.RunAsync(4, world =>
        {
            using CartesianCommunicator ring = world.CreateCartesian(dimensions: 1, periodic: true);
            BlockLayout same = BlockLayout.FromCounts([1L, 1], [0L, 0]);
            int[] received = new int[2];
            ring.NeighbourAllToAllV([ring.Rank], same, received, BlockLayout.Uniform(2, 1));
            Assert.Equal([(ring.Rank + 3) % 4, (ring.Rank + 1) % 4], received);
            Check("layout", () => ring.NeighbourAllGatherV([1], new int[2], same));
            Check("receiveLayout", () => ring.NeighbourAllToAllV([1], same, new int[2], same));
        });

    [Fact]
    public Task What_is_written_may_not_overlap() =>
        LocalCluster.RunAsync(2, world =>
        {
            BlockLayout layout = BlockLayout.FromCounts([2L, 2], [0L, 1]);
            BlockLayout apart = BlockLayout.Uniform(2, 2);
            int[] three = new int[3];
            Check("layout", () => world.AllGatherV([1, 2], three, layout));
            Check("layout", () => world.AllGatherV(three.AsSpan(), layout));
            Check("receiveLayout", () => world.AllToAllV(new int[4], apart, three, layout));
            Check("receiveLayout", () => world.AllToAllV(three.AsSpan(), layout));
            Check("layout", () => world.PrepareAllGatherV<int>(new int[2], three, layout));
            Assert.Throws<ArgumentException>(() => world.ReduceScatter(new int[4], new int[2], layout, ReduceOp<int>.Sum));
            if (world.Rank == 0)
            {
                Check("layout", () => world.GatherV([1, 2], three, layout));
                Check("layout", () => world.GatherV(three.AsSpan(), layout));
            }

            // Nothing was sent.
            world.Barrier();

            // Blocks of no elements share nothing.
            world.AllGatherV(world.Rank == 0 ? [7, 8] : [], three, BlockLayout.FromCounts([2L, 0], [0L, 1]));
            Assert.Equal([7, 8, 0], three);
        });

    private static void Check(string name, Action call)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(call);
        Assert.Equal(name, error.ParamName);
        Assert.Contains("0 and 1 of", error.Message, StringComparison.Ordinal);
        Assert.Contains("overlap", error.Message, StringComparison.Ordinal);
    }

    private static long[] Repeated(int size, long value) => [.. Enumerable.Repeat(value, size)];
}
