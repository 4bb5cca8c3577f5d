namespace BoxerMpi.Collectives.Tests;

/// <summary>A call that was made before allocates nothing, up to 64 KiB.</summary>
public sealed class AllocationTests
{
    private const int Repetitions = 20;
    private const int Batches = 15;

    [Theory]
    [InlineData(LocalTransport.Memory, 1)]
    [InlineData(LocalTransport.Memory, 500)]
    [InlineData(LocalTransport.Tcp, 1)]
    [InlineData(LocalTransport.Tcp, 500)]
    public Task Blocking_calls_allocate_nothing_after_the_first_ones(LocalTransport transport, int count) =>
        LocalCluster.RunAsync(4, world =>
        {
            double[] vector = new double[count];
            double[] blocks = new double[count * 4];
            double[] received = new double[count * 4];
            BlockLayout layout = BlockLayout.FromCounts(count, count, 0, count);
            double[] arrived = new double[count * 4];
            BlockLayout arrivals = world.Rank == 2 ? BlockLayout.FromCounts(0, 0, 0, 0) : BlockLayout.Uniform(4, count);
            using CartesianCommunicator box = world.CreateCartesian(dimensions: 2, periodic: true);
            BlockLayout even = BlockLayout.Uniform(4, count);
            (string Name, Action Call)[] calls =
            [
                ("Barrier", world.Barrier),
                ("Broadcast", () => world.Broadcast(vector.AsSpan(), root: 1)),
                ("AllReduce", () => world.AllReduce(vector.AsSpan(), ReduceOp<double>.Sum)),
                ("AllReduce of one value", () => world.AllReduce(world.Rank, ReduceOp<int>.Max)),
                ("Reduce", () => world.Reduce(vector, vector, ReduceOp<double>.Max, root: 2)),
                ("AllGather", () => world.AllGather(vector, received)),
                ("AllToAll", () => world.AllToAll(blocks, received)),
                ("AllToAllV", () => world.AllToAllV(blocks, layout, arrived, arrivals)),
                ("ReduceScatterBlock", () => world.ReduceScatterBlock(blocks, vector, ReduceOp<double>.Sum)),
                ("ReduceScatter", () => world.ReduceScatter(blocks, vector, even, ReduceOp<double>.Sum)),
                ("Gather", () => world.Gather(vector, received)),
                ("GatherV in place", () => world.GatherV(world.Rank == 0 ? received : vector.AsSpan(), even)),
                ("Scatter", () => world.Scatter(blocks, vector)),
                ("ScatterV", () => world.ScatterV(blocks, even, vector)),
                ("AllGatherV", () => world.AllGatherV(vector, received, even)),
                ("Scan", () => world.Scan(vector.AsSpan(), ReduceOp<double>.Max)),
                ("ExclusiveScan", () => world.ExclusiveScan(vector.AsSpan(), ReduceOp<double>.Max)),
                ("NeighbourAllGather", () => box.NeighbourAllGather(vector, received)),
                ("NeighbourAllGatherV", () => box.NeighbourAllGatherV(vector, received, even)),
                ("NeighbourAllToAll", () => box.NeighbourAllToAll(blocks, received)),
                ("NeighbourAllToAllV", () => box.NeighbourAllToAllV(blocks, even, received, even)),
            ];
            foreach ((string name, Action call) in calls)
            {
                // Pools grow whenever a rank falls further behind than ever before, so nobody runs ahead by more than a batch; a call that
                // allocates does so in every batch.
                long least = long.MaxValue;
                for (int batch = 0; batch < Batches; batch++)
                {
                    world.Barrier();
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    for (int i = 0; i < Repetitions; i++)
                        call();
                    least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
                }

                Assert.True(least == 0, $"{name}: {least} bytes in {Repetitions} calls on rank {world.Rank}.");
            }
        }, new() { Transport = transport });
}
