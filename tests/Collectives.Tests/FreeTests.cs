namespace BoxerMpi.Collectives.Tests;

/// <summary>Collectives that are pending when their communicator is freed.</summary>
public sealed class FreeTests
{
    [Theory, InlineData(false), InlineData(true)]
    public Task Pending_collectives_complete_on_a_communicator_that_is_freed(bool check) =>
        LocalCluster.RunAsync(4, async (world, token) =>
        {
            using GridCommunicator grid = world.CreateGrid(2, 2);
            grid.SetCollectiveOptions(CollectiveOptions.Default with { Check = check });
            grid.Row.SetCollectiveOptions(CollectiveOptions.Default with { Check = check });

            // The last rank comes when all others have freed it.
            if (world.Rank == 3)
            {
                for (int rank = 0; rank < 3; rank++)
                    world.Receive<int>(rank);
            }

            int[] sums = Numbers(100_000), parts = [.. Enumerable.Repeat(world.Rank, 4)], dealt = new int[4];
            int[] folded = new int[1];
            using PersistentCollective persistent = grid.PrepareAllReduce<int>(new[] { 1 }, folded, ReduceOp<int>.Sum);
            if (!check)
                persistent.Start(); // the check of a start waits for all
            Task summing = grid.AllReduceAsync<int>(sums, ReduceOp<int>.Sum, token).AsTask();
            Task dealing = grid.AllToAllAsync<int>(parts, dealt, token).AsTask();
            Task<string?[]> gathering = grid.AllGatherObjectAsync($"{world.Rank}", token).AsTask();
            Task<string?> brought = grid.Row.BroadcastObjectAsync(grid.RowIndex.ToString(), 0, token).AsTask();
            ReadOnlyMemory<int>[] rows = [.. Enumerable.Range(0, 2).Select(to => (ReadOnlyMemory<int>)Numbers(to * 1000))];
            Task<Exchanged<int>> exchanging = grid.Column.ExchangeAsync(rows, token).AsTask();
            Task<Communicator> splitting = grid.SplitAsync(colour: 0, cancellationToken: token).AsTask();
            Task ended = grid.FreeAsync(token).AsTask();
            Assert.Throws<ObjectDisposedException>(() => grid.Send(1, 0));
            await Assert.ThrowsAsync<ObjectDisposedException>(async () => await grid.BarrierAsync(token));
            if (world.Rank < 3)
            {
                Assert.False(ended.IsCompleted);
                world.Send(1, 3);
            }

            await ended;
            persistent.Wait();
            Assert.Equal(check ? 0 : 4, folded[0]);
            await Task.WhenAll(summing, dealing);
            Assert.Equal(Numbers(100_000).Select(number => number * 4), sums);
            Assert.Equal([0, 1, 2, 3], dealt);
            Assert.Equal(["0", "1", "2", "3"], await gathering);
            Assert.Equal(grid.RowIndex.ToString(), await brought);
            using Exchanged<int> exchanged = await exchanging;
            Assert.Equal(grid.RowIndex * 2000, exchanged.Layout.Total);
            using Communicator part = await splitting;
            Assert.Equal(4, part.AllReduce(1, ReduceOp<int>.Sum));
            Assert.Throws<ObjectDisposedException>(persistent.Start);
            Assert.Throws<ObjectDisposedException>(() => grid.Barrier());
            Assert.Throws<ObjectDisposedException>(() => grid.Column.Barrier());
        });

    private static int[] Numbers(int count) => [.. Enumerable.Range(0, count)];
}
