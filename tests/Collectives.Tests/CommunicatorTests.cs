namespace BoxerMpi.Collectives.Tests;

/// <summary>Many communicators, one after the other or from several threads. Alone, because the whole heap is looked at.</summary>
[CollectionDefinition(nameof(CommunicatorTests), DisableParallelization = true)]
[Collection(nameof(CommunicatorTests))]
public sealed class CommunicatorTests
{
    private const long Megabyte = 1 << 20;

    // Enough for what was kept of each to show, whichever kind it is.
    [Theory]
    [InlineData(nameof(CollectiveExtensions.Duplicate), 50_000)]
    [InlineData(nameof(CollectiveExtensions.Split), 5_000)]
    [InlineData(nameof(CollectiveExtensions.Create), 10_000)]
    [InlineData(nameof(CollectiveExtensions.CreateGrid), 5_000)]
    [InlineData(nameof(ExchangeExtensions.OpenExchange), 5_000)]
    public Task Communicators_that_are_gone_take_no_memory(string kind, int count) =>
        LocalCluster.RunAsync(2, async (world, _) =>
        {
            await RunAsync(count);
            long first = Heap();
            await RunAsync(5 * count);
            Assert.InRange(Heap() - first, -100 * Megabyte, Megabyte);

            long Heap()
            {
                // The other rank waits meanwhile.
                world.Barrier();
                long bytes = GC.GetTotalMemory(forceFullCollection: true);
                return world.Broadcast(bytes);
            }

            async Task RunAsync(int times)
            {
                for (int i = 0; i < times; i++)
                    await MakeAsync(world, kind);
            }
        }, new LocalClusterOptions { Timeout = TimeSpan.FromMinutes(2) });

    [Fact]
    public Task Several_threads_make_communicators_of_groups_and_dispose_them() =>
        LocalCluster.RunAsync(2, world =>
        {
            AllAtOnce(4, t =>
            {
                for (int k = 0; k < 3_000; k++)
                {
                    using Communicator child = world.Create(world.Group, tag: (64 * t) + (k % 64))!;
                    if (k % 10 > 0)
                        continue;
                    int[] received = new int[1];
                    child.SendReceive<int>([k], 1 - child.Rank, received, 1 - child.Rank);
                    Assert.Equal(k, received[0]);
                }
            });
        }, new LocalClusterOptions { Timeout = TimeSpan.FromMinutes(2) });

    [Fact]
    public Task Several_threads_find_one_engine_and_dispose_a_communicator_once() =>
        LocalCluster.RunAsync(1, world =>
        {
            for (int i = 0; i < 100; i++)
            {
                using GridCommunicator grid = world.CreateGrid();
                Communicator fresh = grid.CreateChild([0], "fresh");
                CollectiveEngine[] engines = new CollectiveEngine[4];
                AllAtOnce(engines.Length, t => engines[t] = CollectiveEngine.Of(fresh));
                Assert.All(engines, engine => Assert.Same(engines[0], engine));
                AllAtOnce(engines.Length, t =>
                {
                    fresh.Dispose();
                    grid.Dispose();
                });
                Assert.True(fresh.IsDisposed && grid.Row.IsDisposed);
            }
        });

    private static void AllAtOnce(int count, Action<int> action)
    {
        using Barrier start = new(count);
        Exception?[] errors = new Exception?[count];
        Thread[] threads = [.. Enumerable.Range(0, count).Select(t => new Thread(() => errors[t] = Record.Exception(() =>
        {
            start.SignalAndWait();
            action(t);
        })))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.All(errors, Assert.Null);
    }

    private static async Task MakeAsync(Communicator world, string kind)
    {
        switch (kind)
        {
            case nameof(CollectiveExtensions.Duplicate):
                world.Duplicate().Dispose();
                break;
            case nameof(CollectiveExtensions.Split):
                using (Communicator half = world.Split(colour: world.Rank / 2))
                    Assert.Equal(world.Size, half.AllReduce(1, ReduceOp<int>.Sum));
                break;
            case nameof(CollectiveExtensions.Create):
                world.Create(world.Group, tag: 7)!.Dispose();
                break;
            case nameof(CollectiveExtensions.CreateGrid):
                world.CreateGrid().Dispose();
                break;
            case nameof(ExchangeExtensions.OpenExchange):
                await using (StreamingExchange<int> exchange = world.OpenExchange<int>())
                {
                    await exchange.CompleteAsync();
                    await foreach (Arrival<int> arrival in exchange.ReadAllAsync())
                        arrival.Dispose();
                }

                break;
        }
    }
}
