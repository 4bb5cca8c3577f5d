namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// Collectives that are planned once: many starts, changed contents, no allocation, and what happens when they are misused.
/// </summary>
public sealed class PersistentTests
{
    private const int Starts = 6;
    private const int Repetitions = 20;
    private const int Batches = 15;

    [Theory, InlineData(1, "mesh"), InlineData(4, "mesh"), InlineData(7, "grid"), InlineData(6, "tree")]
    public Task Every_start_works_on_what_the_buffers_hold_then(int size, string topology) =>
        ClusterTests.RunAsync(size, topology, LocalTransport.Memory, async (world, token) =>
        {
            int rank = world.Rank;
            long[] send = new long[size * 3];
            long[] one = new long[3];
            long[] all = new long[size * 3];
            BlockLayout counts = BlockLayout.FromCounts([.. Enumerable.Range(0, size).Select(r => 3L * ((r + 1) % 2))]);
            BlockLayout toAll = BlockLayout.Uniform(size, 3);
            int own = (int)counts.Count(rank);
            ReduceOp<long> sum = ReduceOp<long>.Sum;
            int last = size - 1;
            (string Name, PersistentCollective Call, Action<int> Check)[] calls =
            [
                ("barrier", world.PrepareBarrier(), _ => { }),
                ("broadcast", world.PrepareBroadcast<long>(one, last), s => Assert.Equal(Value(last, s, 1), one[1])),
                ("gather", world.PrepareGather<long>(one, all, last), s => Assert.Equal(rank == last ? Value(0, s, 2) : 0, all[2])),
                ("gather with counts", world.PrepareGatherV<long>(one.AsMemory(0, own), all, counts, root: 0),
                    s => Assert.Equal(rank == 0 ? Value(0, s, 2) : 0, all[2])),
                ("scatter", world.PrepareScatter<long>(send, one, last), s => Assert.Equal(Value(last, s, rank * 3), one[0])),
                ("scatter with counts", world.PrepareScatterV<long>(send, counts, all.AsMemory(0, own), last),
                    s => Assert.Equal(own == 0 ? 0 : Value(last, s, (int)counts.Displacement(rank)), all[0])),
                ("all-gather", world.PrepareAllGather<long>(one, all), s => Assert.Equal(Value(last, s, 2), all[^1])),
                ("all-gather with counts", world.PrepareAllGatherV<long>(one.AsMemory(0, own), all, counts), s => Assert.Equal(
                    Value(0, s, 1), all[1])),
                ("all-to-all", world.PrepareAllToAll<long>(send, all), s => Assert.Equal(Value(last, s, rank * 3 + 1), all[last * 3 + 1])),
                ("all-to-all with counts", world.PrepareAllToAllV<long>(send, toAll, all, toAll),
                    s => Assert.Equal(Value(last, s, rank * 3 + 1), all[last * 3 + 1])),
                ("reduce", world.PrepareReduce(one, all.AsMemory(0, 3), sum, last), s => Assert.Equal(
                    rank == last ? Sum(size, s, 2) : 0, all[2])),
                ("all-reduce", world.PrepareAllReduce(one, all.AsMemory(0, 3), sum), s => Assert.Equal(Sum(size, s, 2), all[2])),
                ("all-reduce in place", world.PrepareAllReduce<long>(one, sum), s => Assert.Equal(Sum(size, s, 2), one[2])),
                ("reduce-scatter", world.PrepareReduceScatterBlock(send, one, sum), s => Assert.Equal(Sum(size, s, rank * 3 + 1), one[1])),
                ("reduce-scatter with counts", world.PrepareReduceScatter(
                    send.AsMemory(0, (int)counts.Total), all.AsMemory(0, own), counts, sum),
                    s => Assert.Equal(own == 0 ? 0 : Sum(size, s, (int)counts.Displacement(rank) + 1), all[1])),
                ("scan", world.PrepareScan(one, all.AsMemory(0, 3), sum), s => Assert.Equal(Sum(rank + 1, s, 1), all[1])),
                ("exclusive scan", world.PrepareExclusiveScan(one, all.AsMemory(0, 3), sum), s => Assert.Equal(Sum(rank, s, 1), all[1])),
            ];
            for (int start = 0; start < Starts; start++)
            {
                foreach ((string name, PersistentCollective call, Action<int> check) in calls)
                {
                    for (int i = 0; i < send.Length; i++)
                        (send[i], all[i], one[i % 3]) = (Value(rank, start, i), 0, Value(rank, start, i % 3));
                    switch (start % 3)
                    {
                        case 0:
                            call.Start();
                            Assert.True(call.IsActive);
                            call.Wait();
                            break;
                        case 1:
                            await call.StartAsync(token);
                            break;
                        default:
                            call.Run();
                            break;
                    }

                    Assert.False(call.IsActive);
                    Exception? wrong = Record.Exception(() => check(start));
                    Assert.True(wrong is null, $"Rank {rank}, {name}, start {start}: {wrong?.Message}");
                }
            }

            foreach ((_, PersistentCollective call, _) in calls)
                call.Dispose();
        });

    [Theory, InlineData(LocalTransport.Memory), InlineData(LocalTransport.Tcp)]
    public Task Starts_allocate_nothing(LocalTransport transport) =>
        LocalCluster.RunAsync(4, world =>
        {
            (double[] one, double[] many) = (new double[100], new double[400]);
            double[] other = new double[400];
            BlockLayout layout = BlockLayout.Uniform(4, 100);
            ReduceOp<double> sum = ReduceOp<double>.Sum;
            using CartesianCommunicator box = world.CreateCartesian(dimensions: 2, periodic: true);
            PersistentCollective[] prepared =
            [
                world.PrepareBarrier(),
                world.PrepareBroadcast<double>(one),
                world.PrepareReduce<double>(one, sum),
                world.PrepareAllReduce<double>(one, sum),
                world.PrepareGather<double>(one, many),
                world.PrepareGatherV<double>(one, many, layout),
                world.PrepareScatter<double>(many, one),
                world.PrepareScatterV<double>(many, layout, one),
                world.PrepareAllGather<double>(many),
                world.PrepareAllGatherV<double>(one, many, layout),
                world.PrepareAllToAll<double>(many, other),
                world.PrepareAllToAllV<double>(many, layout, other, layout),
                world.PrepareReduceScatterBlock(many, one, sum),
                world.PrepareReduceScatter<double>(many, layout, sum),
                world.PrepareScan<double>(one, sum),
                world.PrepareExclusiveScan<double>(one, sum),
                box.PrepareNeighbourAllGather<double>(one, many),
                box.PrepareNeighbourAllGatherV<double>(one, many, layout),
                box.PrepareNeighbourAllToAll<double>(many, other),
                box.PrepareNeighbourAllToAllV<double>(many, layout, other, layout),
            ];
            List<(string Name, Action Call)> calls = [.. prepared.Select(call => ($"{call}", (Action)call.Run))];
            (PersistentCollective reduction, PersistentCollective exchange) = (prepared[3], prepared[11]);
            calls.Add(("two at once", TwoAtOnce));
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

                Assert.True(least == 0, $"{name}: {least} bytes in {Repetitions} starts on rank {world.Rank}.");
            }

            foreach (PersistentCollective call in prepared)
                call.Dispose();

            void TwoAtOnce()
            {
                reduction.Start();
                exchange.Start();
                exchange.Wait();
                reduction.Wait();
            }
        }, new() { Transport = transport });

    [Fact]
    public Task A_started_call_moves_on_while_its_caller_is_busy() =>
        LocalCluster.RunAsync(2, world =>
        {
            int[] value = [world.Rank == 0 ? 7 : 0];
            using PersistentCollective broadcast = world.PrepareBroadcast<int>(value);
            if (world.Rank == 0)
            {
                // Rank 1 gets it although rank 0 makes no call until it says so.
                broadcast.Start();
                Assert.True(Arrived.Wait(TimeSpan.FromSeconds(30)));
                broadcast.Wait();
            }
            else
            {
                broadcast.Run();
                Assert.Equal(7, value[0]);
                Arrived.Set();
            }
        });

    [Fact]
    public Task What_is_done_to_it_at_the_wrong_time_is_an_error() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            PersistentCollective sum = world.PrepareAllReduce<int>(new int[4], ReduceOp<int>.Sum);
            sum.Wait();
            sum.Start();
            Assert.Contains("active", Assert.Throws<InvalidOperationException>(sum.Start).Message, StringComparison.Ordinal);
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await sum.StartAsync(token));
            sum.Wait();
            sum.Dispose();
            sum.Dispose();
            Assert.Throws<ObjectDisposedException>(sum.Start);
            Assert.Throws<ObjectDisposedException>(sum.Wait);
            Assert.Throws<ArgumentException>(() => world.PrepareAllToAll<int>(new int[4], new int[4]));
            Assert.Equal(3, world.AllReduce(world.Rank, ReduceOp<int>.Sum));
        });

    [Fact]
    public Task Given_up_while_active_it_revokes_the_communicator() =>
        LocalCluster.RunAsync(3, world =>
        {
            using Communicator twin = world.Duplicate();
            PersistentCollective barrier = twin.PrepareBarrier();
            if (world.Rank == 1)
            {
                barrier.Start();
                barrier.Dispose();
            }
            else
            {
                Assert.ThrowsAny<MpiException>(() =>
                {
                    // The first may have got through before rank 1 gave up.
                    barrier.Run();
                    barrier.Run();
                });
                barrier.Dispose();
            }

            world.Barrier();
        });

    [Fact]
    public Task Ranks_that_start_different_calls_are_told_when_checked() =>
        LocalCluster.RunAsync(3, world =>
        {
            world.SetCollectiveOptions(new() { Check = true });
            using PersistentCollective barrier = world.PrepareBarrier();
            using PersistentCollective sum = world.PrepareAllReduce<int>(new int[4], ReduceOp<int>.Sum);
            CollectiveMismatchException error = Assert.Throws<CollectiveMismatchException>((world.Rank == 1 ? sum : barrier).Start);
            Assert.Equal(world.Rank == 1 ? "Barrier" : "AllReduce of 4 Int32, Sum", error.Theirs);
        });

    private static readonly ManualResetEventSlim Arrived = new();

    private static long Value(int rank, int start, int i) => rank * 1000L + start * 100_000L + i + 1;

    private static long Sum(int ranks, int start, int i) => Enumerable.Range(0, ranks).Sum(rank => Value(rank, start, i));
}
