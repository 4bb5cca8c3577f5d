using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>What was started moves on by itself, through all of its rounds, whatever its ranks do meanwhile.</summary>
public sealed class ProgressTests
{
    private const int Length = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Collective[] Prepared =
    [
        Collective.Barrier, Collective.Broadcast, Collective.Reduce, Collective.AllReduce, Collective.AllGather, Collective.AllToAll,
        Collective.Gather, Collective.Scatter, Collective.ReduceScatterBlock, Collective.Scan, Collective.ExclusiveScan,
    ];

    public static TheoryData<int, string> Places() => new()
    {
        { 2, "mesh" }, { 3, "mesh" }, { 4, "mesh" }, { 5, "mesh" }, { 6, "grid" }, { 7, "tree" }, { 7, "mesh" }, { 8, "mesh" },
        { 8, "hypercube" },
    };

    [Theory, MemberData(nameof(Places))]
    public Task A_rank_may_receive_between_start_and_wait_what_another_sends_after_its_wait(int size, string topology) =>
        ForEachAlgorithmAsync(size, topology, (world, algorithm) =>
        {
            using Communicator messages = world.Duplicate();
            foreach (int late in new[] { 0, size / 2, size - 1 })
            {
                using PersistentCollective call = Prepare(world, algorithm.Collective, root: size - 1 - late);
                call.Start();
                if (world.Rank == late)
                {
                    for (int i = 1; i < size; i++)
                        messages.Receive<int>(Communicator.AnySource);
                    call.Wait();
                }
                else
                {
                    call.Wait();
                    messages.Send(world.Rank, late);
                }
            }
        });

    [Theory, MemberData(nameof(Places))]
    public Task Two_may_be_waited_for_in_different_orders(int size, string topology) =>
        ForEachAlgorithmAsync(size, topology, (world, algorithm) =>
        {
            using PersistentCollective first = Prepare(world, algorithm.Collective, root: 0);
            using PersistentCollective second = Prepare(world, algorithm.Collective, root: size - 1);
            for (int times = 0; times < 2; times++)
            {
                first.Start();
                second.Start();
                bool inOrder = (world.Rank + times) % 2 == 0;
                (inOrder ? first : second).Wait();
                (inOrder ? second : first).Wait();
            }
        });

    [Theory, InlineData(true), InlineData(false)]
    public async Task All_rounds_move_on_while_a_rank_computes(bool ownOperation)
    {
        const int Size = 5;
        using SemaphoreSlim done = new(0);
        await ForEachAlgorithmAsync(Size, "mesh", async (world, algorithm, token) =>
        {
            ReduceOp<long> sum = Sum(ownOperation);
            foreach (bool persistent in new[] { true, false })
            {
                long[] values = new long[Length];
                Array.Fill(values, world.Rank);
                using PersistentCollective call = world.PrepareAllReduce(values, sum);
                if (world.Rank != 2)
                {
                    call.Run();
                    done.Release();
                }
                else
                {
                    ValueTask task = default;
                    if (persistent)
                        call.Start();
                    else
                        task = call.StartAsync(token);

                    // This rank makes no call until all others have their results.
                    for (int i = 1; i < Size; i++)
                        Assert.True(done.Wait(Patience, token), $"{algorithm}: the others got no further.");
                    if (persistent)
                        call.Wait();
                    await task;
                }

                Assert.All(values, value => Assert.Equal(10, value));
            }
        }, collective => collective == Collective.AllReduce);
    }

    [Theory, InlineData(true), InlineData(false)]
    public Task Asynchronous_ones_move_on_while_their_rank_blocks_in_a_receive(bool ownOperation) =>
        ForEachAlgorithmAsync(5, "mesh", async (world, algorithm, token) =>
        {
            using Communicator messages = world.Duplicate();
            ReduceOp<long> sum = Sum(ownOperation);
            long[] values = new long[Length];
            Array.Fill(values, world.Rank);
            ValueTask reduction = world.AllReduceAsync(values, sum, token);
            if (world.Rank == 0)
            {
                for (int i = 1; i < world.Size; i++)
                    messages.Receive<int>(Communicator.AnySource);
                await reduction;
            }
            else
            {
                await reduction;
                messages.Send(world.Rank, 0);
            }

            Assert.All(values, value => Assert.Equal(10, value));
        }, collective => collective == Collective.AllReduce);

    [Fact]
    public Task Long_vectors_are_folded_without_the_lock_of_the_rank_held() =>
        LocalCluster.RunAsync(4, async (world, token) =>
        {
            // Above what is folded where the message is seen to arrive; several at once, mixed with blocking calls.
            long[][] vectors = [.. Enumerable.Range(0, 3).Select(_ => new long[60_000])];
            PersistentCollective[] calls = [.. vectors.Select((vector, i) => world.PrepareAllReduce(vector, Sum(i == 1)))];
            for (int times = 0; times < 3; times++)
            {
                foreach (long[] vector in vectors)
                    Array.Fill(vector, world.Rank + times);
                calls[0].Start();
                calls[1].Start();
                ValueTask last = calls[2].StartAsync(token);
                Assert.Equal(6, world.AllReduce(world.Rank, ReduceOp<int>.Sum));
                calls[world.Rank % 2].Wait();
                calls[(world.Rank + 1) % 2].Wait();
                await last;
                foreach (long[] vector in vectors)
                    Assert.All(vector, value => Assert.Equal(6 + (4 * times), value));
            }

            foreach (PersistentCollective call in calls)
                call.Dispose();
        });

    [Fact]
    public Task An_own_operation_may_send_and_receive() =>
        LocalCluster.RunAsync(2, world =>
        {
            using Communicator inner = world.Duplicate();
            ReduceOp<int> talks = ReduceOp.Create<int>((a, b) =>
            {
                int[] other = new int[1];
                inner.SendReceive<int>([inner.Rank], 1 - inner.Rank, other, 1 - inner.Rank);
                return a + b + other[0];
            });
            int[] value = [world.Rank];
            world.SetCollectiveOptions(new CollectiveOptions().With(Collective.AllReduce, "recursive-doubling"));
            using PersistentCollective sum = world.PrepareAllReduce(value, talks);
            sum.Run();
            Assert.Equal(1 + 1 - world.Rank, value[0]);
        }, new() { OperationTimeout = Patience });

    private static Task ForEachAlgorithmAsync(int size, string topology, Action<Communicator, CollectiveAlgorithm> body) =>
        ForEachAlgorithmAsync(
            size,
            topology,
            (world, algorithm, _) =>
            {
                body(world, algorithm);
                return Task.CompletedTask;
            },
            _ => true);

    private static Task ForEachAlgorithmAsync(
        int size, string topology, Func<Communicator, CollectiveAlgorithm, CancellationToken, Task> body, Func<Collective, bool> isMeant) =>
        LocalCluster.RunAsync(size, async (world, token) =>
        {
            foreach (Collective collective in Prepared.Where(isMeant))
            {
                foreach (CollectiveAlgorithm algorithm in ClusterTests.Usable(world, collective, [.. Enumerable.Range(0, size)]))
                {
                    world.SetCollectiveOptions(
                        new CollectiveOptions { Window = 2, SegmentBytes = 128 }.With(algorithm.Collective, algorithm.Name));
                    try
                    {
                        await body(world, algorithm, token);
                    }
                    catch (MpiTimeoutException exception)
                    {
                        Assert.Fail($"Rank {world.Rank}, {algorithm}: {exception.Message}");
                    }
                }
            }
        }, new() { Topology = topology, OperationTimeout = TimeSpan.FromSeconds(30) });

    private static PersistentCollective Prepare(Communicator world, Collective collective, int root)
    {
        (long[] one, long[] many, long[] other) = (new long[Length], new long[Length * world.Size], new long[Length * world.Size]);
        ReduceOp<long> sum = ReduceOp<long>.Sum;
        return collective switch
        {
            Collective.Barrier => world.PrepareBarrier(),
            Collective.Broadcast => world.PrepareBroadcast<long>(one, root),
            Collective.Reduce => world.PrepareReduce(one, other.AsMemory(0, Length), sum, root),
            Collective.AllReduce => world.PrepareAllReduce<long>(one, sum),
            Collective.AllGather => world.PrepareAllGather<long>(one, many),
            Collective.AllToAll => world.PrepareAllToAll<long>(many, other),
            Collective.Gather => world.PrepareGather<long>(one, many, root),
            Collective.Scatter => world.PrepareScatter<long>(many, one, root),
            Collective.ReduceScatterBlock => world.PrepareReduceScatterBlock(many, one, sum),
            Collective.Scan => world.PrepareScan<long>(one, sum),
            _ => world.PrepareExclusiveScan<long>(one, sum),
        };
    }

    private static ReduceOp<long> Sum(bool ownOperation) =>
        ownOperation ? ReduceOp.Create<long>((a, b) => a + b, commutative: true) : ReduceOp<long>.Sum;
}
