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

    [Fact]
    public async Task Collectives_move_on_while_no_thread_of_the_pool_is_free()
    {
        ThreadPool.GetMaxThreads(out int workers, out int ports);
        ThreadPool.GetMinThreads(out int fewestWorkers, out int fewestPorts);
        using ManualResetEventSlim free = new();
        using Barrier all = new(3);
        try
        {
            Assert.True(ThreadPool.SetMinThreads(1, 1));
            Assert.True(ThreadPool.SetMaxThreads(Environment.ProcessorCount, ports));
            using CountdownEvent taken = new(Environment.ProcessorCount);
            await LocalCluster.RunAsync(3, (world, token) =>
            {
                using Communicator messages = world.Duplicate();
                ReduceOp<int> own = ReduceOp.Create<int>((a, b) => a + b);
                int[] values = [world.Rank];
                using PersistentCollective sum = world.PrepareAllReduce(values, own);
                if (world.Rank == 0)
                {
                    for (int i = 0; i < Environment.ProcessorCount; i++)
                    {
                        ThreadPool.UnsafeQueueUserWorkItem(
                            _ =>
                            {
                                taken.Signal();
                                free.Wait();
                            },
                            null);
                    }

                    Assert.True(taken.Wait(TimeSpan.FromMinutes(1), token));
                }

                all.SignalAndWait(token);
                sum.Start();
                if (world.Rank == 1)
                {
                    for (int i = 1; i < 3; i++)
                        messages.Receive<int>(Communicator.AnySource);
                    sum.Wait();
                }
                else
                {
                    sum.Wait();
                    messages.Send(world.Rank, 1);
                }

                all.SignalAndWait(token);
                free.Set();
                Assert.Equal(3, values[0]);
                return Task.CompletedTask;
            }, new() { OperationTimeout = TimeSpan.FromSeconds(30) });
        }
        finally
        {
            free.Set();
            ThreadPool.SetMaxThreads(workers, ports);
            ThreadPool.SetMinThreads(fewestWorkers, fewestPorts);
        }
    }
}
