namespace BoxerMpi.Collectives.Tests;

/// <summary>Ranks that call collectives of objects of different types, or something else.</summary>
public sealed class ObjectTests
{
    [Theory, InlineData(false), InlineData(true)]
    public Task Objects_of_different_types_are_an_error_that_names_both(bool asynchronous) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            using CartesianCommunicator ring = world.CreateCartesian(dimensions: 1, periodic: true);
            if (world.Rank == 0)
            {
                await Expect<int[]>([7, 8], "is a String, not a Int32[]");
                Assert.Equal(3, world.AllReduce(1, ReduceOp<int>.Sum));
                return;
            }

            await Expect("text", "is a Int32[], not a String");
            Assert.Equal(3, world.AllReduce(1, ReduceOp<int>.Sum));

            // The root of a broadcast or scatter has nothing to complain of, nor has a rank that is no root of a gather.
            async Task Expect<T>(T value, string message)
            {
                T[] values = [value, value, value];
                T[] two = [value, value];
                int root = world.Size - 1;
                if (asynchronous)
                {
                    await Fails(world.Rank == 0, async () => await world.BroadcastObjectAsync(value, root, token));
                    await Fails(world.Rank == 0, async () => await world.ScatterObjectAsync(values, root, token));
                    await Fails(world.Rank == root, async () => await world.GatherObjectAsync(value, root, token));
                    await Fails(world.Rank == root, async () => await world.ReduceObjectAsync(value, (a, _) => a, root, token));
                    await Fails(true, async () => await world.AllGatherObjectAsync(value, token));
                    await Fails(true, async () => await world.AllReduceObjectAsync(value, (a, _) => a, token));
                    await Fails(true, async () => await world.ScanObjectAsync(value, (a, _) => a, token));
                    await Fails(true, async () => await world.AllToAllObjectAsync(values, token));
                    await Fails(true, async () => await world.ReduceScatterObjectAsync(values, (a, _) => a, token));
                    await Fails(true, async () => await ring.NeighbourAllGatherObjectAsync(value, token));
                    await Fails(true, async () => await ring.NeighbourAllToAllObjectAsync(two, token));
                    return;
                }

                await Fails(world.Rank == 0, () => Task.FromResult(world.BroadcastObject(value, root)));
                await Fails(world.Rank == 0, () => Task.FromResult(world.ScatterObject(values, root)));
                await Fails(world.Rank == root, () => Task.FromResult(world.GatherObject(value, root)));
                await Fails(world.Rank == root, () => Task.FromResult(world.ReduceObject(value, (a, _) => a, root)));
                await Fails(true, () => Task.FromResult(world.AllGatherObject(value)));
                await Fails(true, () => Task.FromResult(world.AllReduceObject(value, (a, _) => a)));
                await Fails(true, () => Task.FromResult(world.ScanObject(value, (a, _) => a)));
                await Fails(true, () => Task.FromResult(world.AllToAllObject(values)));
                await Fails(true, () => Task.FromResult(world.ReduceScatterObject(values, (a, _) => a)));
                await Fails(true, () => Task.FromResult(ring.NeighbourAllGatherObject(value)));
                await Fails(true, () => Task.FromResult(ring.NeighbourAllToAllObject(two)));

                async Task Fails(bool here, Func<Task> call)
                {
                    WireFormatException? error = await Record.ExceptionAsync(call) as WireFormatException;
                    Assert.Equal(here, error is not null);
                    if (here)
                        Assert.Contains(message, error!.Message, StringComparison.Ordinal);
                }
            }
        });

    [Theory, InlineData(false), InlineData(true)]
    public Task A_number_is_not_taken_for_the_length_of_an_object(bool asynchronous) =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            // As long as what ranks tell each other first; as a length it would be two gigabytes.
            double number = BitConverter.Int64BitsToDouble(0x7000_0000_7000_0000);
            if (world.Rank == 0)
            {
                world.AllGather(number);
                Assert.Contains("calls another collective", Assert.Throws<CommunicatorRevokedException>(
                    () => world.Barrier()).Reason, StringComparison.Ordinal);
                return;
            }

            WireFormatException error = await Assert.ThrowsAsync<WireFormatException>(async () => _ = asynchronous
                ? await world.AllGatherObjectAsync("text", token)
                : world.AllGatherObject("text"));
            Assert.Contains("What rank 0 of \"world\" told is not the length of an object", error.Message, StringComparison.Ordinal);
        });
}
