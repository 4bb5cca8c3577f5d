namespace BoxerMpi.Collectives.Tests;

/// <summary>Calls on one value a rank, and on objects.</summary>
public sealed class ValueTests
{
    [Fact]
    public Task Scalars_and_objects_reach_everybody() =>
        ClusterTests.RunAsync(5, "grid", LocalTransport.Memory, async (world, token) =>
        {
            Assert.Equal(7.5, world.Broadcast(world.Rank == 2 ? 7.5 : 0, root: 2));
            Assert.Equal(7, await world.BroadcastAsync(world.Rank == 2 ? 7 : 0, root: 2, token));
            int[] ranks = [0, 1, 2, 3, 4];
            Assert.Equal(ranks, world.AllGather(world.Rank));
            Assert.Equal(ranks, await world.AllGatherAsync(world.Rank, token));
            Assert.Equal(world.Rank == 3 ? ranks : [], world.Gather(world.Rank, root: 3));
            Assert.Equal(world.Rank == 1 ? 10 : world.Rank, world.Reduce(world.Rank, ReduceOp<int>.Sum, root: 1));
            Assert.Equal(world.Rank == 1 ? 10 : world.Rank, await world.ReduceAsync(world.Rank, ReduceOp<int>.Sum, root: 1, token));
            Assert.Equal(world.Rank == 3 ? ranks : [], await world.GatherAsync(world.Rank, root: 3, token));
            Assert.Equal(world.Rank, world.ScatterValue<int>(world.Rank == 4 ? ranks : [], root: 4));
            Assert.Equal(world.Rank, await world.ScatterValueAsync<int>(world.Rank == 0 ? ranks : default, root: 0, token));
            int[] prefixes = [0, 1, 3, 6, 10, 15];
            Assert.Equal(prefixes[world.Rank], world.Scan(world.Rank, ReduceOp<int>.Sum));
            Assert.Equal(prefixes[world.Rank + 1], await world.ScanAsync(world.Rank + 1, ReduceOp<int>.Sum, token));
            Assert.Equal(world.Rank == 0 ? -1 : world.Rank - 1, world.ExclusiveScan(world.Rank, ReduceOp<int>.Max, first: -1));
            Assert.Equal(prefixes[world.Rank], await world.ExclusiveScanAsync(world.Rank + 1, ReduceOp<int>.Sum, cancellationToken: token));
            int[] forEach = [.. ranks.Select(to => world.Rank + to * 100)];
            Assert.Equal(10 + world.Rank * 500, world.ReduceScatterValue(forEach, ReduceOp<int>.Sum));
            Assert.Equal(10 + world.Rank * 500, await world.ReduceScatterValueAsync<int>(forEach, ReduceOp<int>.Sum, token));

            string text = new('x', 10_000);
            Assert.Equal(text, world.BroadcastObject(world.Rank == 4 ? text : null, root: 4));
            Assert.Null(await world.BroadcastObjectAsync<string>(world.Rank == 4 ? null : "ignored", root: 4, token));
            string[] expected = [.. Enumerable.Range(0, 5).Select(rank => new string((char)('a' + rank), rank * 300))];
            Assert.Equal(expected, world.AllGatherObject(expected[world.Rank]));
            Assert.Equal(expected, await world.AllGatherObjectAsync(expected[world.Rank], token));
            Assert.Equal(world.Rank == 2 ? expected : [], world.GatherObject(expected[world.Rank], root: 2));
            Assert.Equal(world.Rank == 0 ? expected : [], await world.GatherObjectAsync(expected[world.Rank], root: 0, token));

            Assert.Equal(expected[world.Rank], world.ScatterObject(world.Rank == 2 ? expected : null, root: 2));
            Assert.Equal(expected[world.Rank], await world.ScatterObjectAsync(world.Rank == 0 ? expected : null, root: 0, token));
            string[] dealt = [.. ranks.Select(to => $"{world.Rank} to {to}")];
            string[] got = [.. ranks.Select(from => $"{from} to {world.Rank}")];
            Assert.Equal(got, world.AllToAllObject(dealt));
            Assert.Equal(got, await world.AllToAllObjectAsync(dealt, token));

            string letter = $"{(char)('a' + world.Rank)}";
            Assert.Equal("abcde", world.AllReduceObject(letter, string.Concat));
            Assert.Equal("abcde", await world.AllReduceObjectAsync(letter, string.Concat, token));
            Assert.Equal("abcde"[..(world.Rank + 1)], world.ScanObject(letter, string.Concat));
            Assert.Equal("abcde"[..(world.Rank + 1)], await world.ScanObjectAsync(letter, string.Concat, token));
            Assert.Equal(world.Rank == 0 ? "none" : "abcde"[..world.Rank], world.ExclusiveScanObject(letter, string.Concat, first: "none"));
            Assert.Equal(world.Rank == 0 ? null : "abcde"[..world.Rank], await world.ExclusiveScanObjectAsync(
                letter, string.Concat, cancellationToken: token));
            string[] forOthers = [.. ranks.Select(to => $"{letter}{to} ")];
            string forMe = string.Concat("abcde".Select(from => $"{from}{world.Rank} "));
            Assert.Equal(forMe, world.ReduceScatterObject(forOthers, string.Concat));
            Assert.Equal(forMe, await world.ReduceScatterObjectAsync(forOthers, string.Concat, token));
            Assert.Equal(world.Rank == 3 ? "abcde" : letter, world.ReduceObject(letter, string.Concat, root: 3));
            Assert.Equal(world.Rank == 0 ? "abcde" : letter, await world.ReduceObjectAsync(letter, string.Concat, root: 0, token));
        });

    [Theory, InlineData(6, false), InlineData(4, true), InlineData(1, true)]
    public Task Neighbours_exchange_values_and_objects(int size, bool periodic) =>
        LocalCluster.RunAsync(size, async (world, token) =>
        {
            using CartesianCommunicator box = world.CreateCartesian(dimensions: 2, periodic);
            int[] neighbours = box.Shape.Neighbours(box.Rank);
            Assert.Equal(neighbours.Select(from => from < 0 ? 0 : from + 1), box.NeighbourAllGather(box.Rank + 1));
            Assert.Equal(neighbours.Select(from => from < 0 ? 0 : from + 1), await box.NeighbourAllGatherAsync(box.Rank + 1, token));

            string?[] all = [.. neighbours.Select(from => from < 0 ? null : Name(from))];
            Assert.Equal(all, box.NeighbourAllGatherObject(Name(box.Rank)));
            Assert.Equal(all, await box.NeighbourAllGatherObjectAsync(Name(box.Rank), token));

            // What is sent down arrives from above.
            string[] sent = [.. neighbours.Select((_, i) => $"{Name(box.Rank)} by {i}")];
            string?[] received = [.. neighbours.Select((from, i) => from < 0 ? null : $"{Name(from)} by {i ^ 1}")];
            Assert.Equal(received, box.NeighbourAllToAllObject(sent));
            Assert.Equal(received, await box.NeighbourAllToAllObjectAsync(sent, token));
            Assert.Contains($"1 objects for the 4 destinations of rank {box.Rank}", Assert.Throws<ArgumentException>(
                () => box.NeighbourAllToAllObject(["one"])).Message, StringComparison.Ordinal);

            // A graph in which rank 0 hears nobody and the last tells nobody.
            int[] sources = box.Rank > 0 ? [box.Rank - 1] : [];
            int[] destinations = box.Rank < size - 1 ? [box.Rank + 1] : [];
            using GraphCommunicator line = world.CreateGraph(sources, destinations);
            Assert.Equal(sources.Select(Name), line.NeighbourAllGatherObject(Name(box.Rank)));
            Assert.Equal(sources.Select(Name), line.NeighbourAllToAllObject([.. destinations.Select(_ => Name(box.Rank))]));
        });

    private static string Name(int rank) => new((char)('a' + rank), 1 + rank * 100);
}
