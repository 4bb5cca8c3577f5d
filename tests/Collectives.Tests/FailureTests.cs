using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>A collective that fails on one rank ends on all, at once and with the reason; wrong arguments end nothing.</summary>
public sealed class FailureTests
{
    [Theory, InlineData("blocking"), InlineData("asynchronous"), InlineData("persistent"), InlineData("persistent, asynchronous")]
    public Task What_an_operation_throws_is_told_to_all_ranks(string form) =>
        LocalCluster.RunAsync(4, async (world, token) =>
        {
            foreach (CollectiveAlgorithm algorithm in ClusterTests.Usable(world, Collective.AllReduce))
            {
                using Communicator twin = world.Duplicate();
                twin.SetCollectiveOptions(new CollectiveOptions().With(algorithm.Collective, algorithm.Name));
                ReduceOp<int> fails = ReduceOp.Create<int>(
                    (a, b) => twin.Rank == 0 ? throw new ArithmeticException("too much") : a + b, commutative: true);
                Exception? error = await Record.ExceptionAsync(async () =>
                {
                    await ReduceAsync(twin, form, fails, token);

                    // Who had its result before rank 0 failed is told by the next call.
                    twin.Barrier();
                });
                if (twin.Rank == 0)
                {
                    Assert.Equal("too much", Assert.IsType<ArithmeticException>(error).Message);
                    Assert.Contains(nameof(FailureTests), error.StackTrace!, StringComparison.Ordinal);
                }
                else
                {
                    CommunicatorRevokedException revoked = Assert.IsType<CommunicatorRevokedException>(error);
                    Assert.Equal(0, revoked.RevokedBy);
                    Assert.Contains("failed with ArithmeticException: too much", revoked.Reason, StringComparison.Ordinal);
                    Assert.Contains("AllReduce #", revoked.Reason, StringComparison.Ordinal);
                }

                Assert.Throws<CommunicatorRevokedException>(twin.Barrier);
                world.Barrier();
            }
        });

    [Theory, InlineData(false), InlineData(true)]
    public Task A_count_that_differs_is_told_to_all_ranks(bool asynchronous) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            BlockLayout receives = BlockLayout.FromCounts(2, world.Rank == 0 ? 3 : 2, 2);
            BlockLayout sends = BlockLayout.Uniform(3, 2);
            Exception? error = await Record.ExceptionAsync(async () =>
            {
                if (asynchronous)
                    await world.AllToAllVAsync<int>(new int[6], sends, new int[7], receives, token);
                else
                    world.AllToAllV(new int[6], sends, new int[7], receives);
                world.Barrier();
            });
            if (world.Rank == 0)
            {
                Assert.IsType<MessageTruncatedException>(error);
            }
            else
            {
                CommunicatorRevokedException revoked = Assert.IsType<CommunicatorRevokedException>(error);
                Assert.Equal(0, revoked.RevokedBy);
                Assert.Contains("a message of 8 bytes from rank 1", revoked.Reason, StringComparison.Ordinal);
            }
        });

    [Fact]
    public Task Wrong_arguments_on_one_rank_may_be_put_right() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            if (world.Rank == 1)
            {
                Assert.Throws<ArgumentException>(() => world.AllGather<int>(new int[2], new int[5]));
                Assert.Throws<ArgumentException>(() => world.PrepareAllGather<int>(new int[2], new int[5]));
                await Assert.ThrowsAsync<OperationCanceledException>(async () => await world.BarrierAsync(new(canceled: true)));
            }

            int[] all = new int[3];
            await world.AllGatherAsync<int>(new[] { world.Rank }, all, token);
            Assert.Equal([0, 1, 2], all);
        });

    private static async Task ReduceAsync(Communicator world, string form, ReduceOp<int> op, CancellationToken token)
    {
        int[] values = new int[8];
        using PersistentCollective? call = form.StartsWith("persistent", StringComparison.Ordinal)
            ? world.PrepareAllReduce(values, op)
            : null;
        if (form == "blocking")
            world.AllReduce(values.AsSpan(), op);
        else if (form == "asynchronous")
            await world.AllReduceAsync(values, op, token);
        else if (form == "persistent")
            call!.Run();
        else
            await call!.StartAsync(token);
    }
}
