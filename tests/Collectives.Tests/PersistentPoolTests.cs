namespace BoxerMpi.Collectives.Tests;

/// <summary>What is counted for the whole process is counted alone.</summary>
[CollectionDefinition(nameof(PersistentPoolTests), DisableParallelization = true)]
[Collection(nameof(PersistentPoolTests))]
public sealed class PersistentPoolTests
{
    private const int Batches = 5;

    [Fact]
    public async Task Asynchronous_starts_keep_within_their_pools()
    {
        // What runs on the thread pool is counted for the whole process, and some of it is the pool's own: 50 bytes a start, 200 on a
        // busy machine. An operation made anew for each start would be ten times that.
        long least = long.MaxValue;
        await LocalCluster.RunAsync(2, async (world, token) =>
        {
            using PersistentCollective sum = world.PrepareAllReduce<double>(new double[200], ReduceOp<double>.Sum);
            for (int batch = 0; batch < Batches; batch++)
            {
                world.Barrier();
                long before = GC.GetTotalAllocatedBytes();
                for (int i = 0; i < 1000; i++)
                    await sum.StartAsync(token);
                world.Barrier();
                if (world.Rank == 0)
                    least = Math.Min(least, GC.GetTotalAllocatedBytes() - before);
            }
        });

        Assert.True(least < 2 * 1000 * 500, $"{least} bytes in 2000 starts.");
    }
}
