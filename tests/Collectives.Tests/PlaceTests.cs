namespace BoxerMpi.Collectives.Tests;

/// <summary>Boxes, grids and graphs over real links, and what is told when they do not fit.</summary>
public sealed class PlaceTests
{
    [Theory]
    [InlineData(6, "mesh", false, LocalTransport.Memory)]
    [InlineData(6, "grid", true, LocalTransport.Tcp)]
    [InlineData(4, "mesh", true, LocalTransport.Memory)]
    [InlineData(9, "ring", true, LocalTransport.Memory)]
    [InlineData(12, "grid", false, LocalTransport.Tcp)]
    [InlineData(2, "mesh", true, LocalTransport.Tcp)]
    [InlineData(3, "mesh", true, LocalTransport.Tcp)]
    [InlineData(1, "mesh", true, LocalTransport.Memory)]
    public Task Halos_come_from_the_neighbours_of_a_box(int size, string topology, bool periodic, LocalTransport transport) =>
        LocalCluster.RunAsync(size, async (world, token) =>
        {
            using CartesianCommunicator box = world.CreateCartesian(dimensions: 2, periodic);
            CartesianShape shape = box.Shape;
            Assert.Equal(size, shape.Size);
            Assert.Equal(world.Rank, box.RankAt(box.Coordinates));
            Assert.Equal(shape.Shift(box.Rank, 1), box.Shift(1));

            int[] neighbours = shape.Neighbours(box.Rank);
            int[] send = new int[8];
            for (int i = 0; i < send.Length; i++)
                send[i] = Halo(box.Rank, i / 2, i % 2);
            int[] expected =
                [.. Enumerable.Range(0, 8).Select(i => neighbours[i / 2] < 0 ? -7 : Halo(neighbours[i / 2], (i / 2) ^ 1, i % 2))];
            foreach (bool blocking in new[] { true, false })
            {
                int[] receive = Filled(8);
                if (blocking)
                    box.NeighbourAllToAll(send, receive);
                else
                    await box.NeighbourAllToAllAsync<int>(send, receive, token);
                Assert.Equal(expected, receive);

                receive = Filled(8);
                BlockLayout two = BlockLayout.Uniform(4, 2);
                if (blocking)
                    box.NeighbourAllToAllV(send, two, receive, two);
                else
                    await box.NeighbourAllToAllVAsync<int>(send, two, receive, two, token);
                Assert.Equal(expected, receive);

                receive = Filled(8);
                int[] own = [box.Rank, 100 + box.Rank];
                if (blocking)
                    box.NeighbourAllGather(own, receive);
                else
                    await box.NeighbourAllGatherAsync<int>(own, receive, token);
                int[] gathered = [.. Enumerable.Range(0, 8).Select(i => neighbours[i / 2] < 0 ? -7 : neighbours[i / 2] + 100 * (i % 2))];
                Assert.Equal(gathered, receive);

                receive = Filled(8);
                if (blocking)
                    box.NeighbourAllGatherV(own, receive, two);
                else
                    await box.NeighbourAllGatherVAsync<int>(own, receive, two, token);
                Assert.Equal(gathered, receive);
            }

            await CheckUnequalBlocksAsync(box, token);
            int[] kept = Filled(8);
            using PersistentCollective exchange = box.PrepareNeighbourAllToAll<int>(send, kept);
            for (int start = 0; start < 3; start++)
            {
                kept.AsSpan().Fill(-7);
                exchange.Run();
                Assert.Equal(expected, kept);
            }

            Assert.Equal(size * (size - 1) / 2, box.AllReduce(box.Rank, ReduceOp<int>.Sum));
        }, new() { Topology = topology, Transport = transport });

    [Fact]
    public Task A_box_parts_into_lines_and_leaves_surplus_ranks_out() =>
        LocalCluster.RunAsync(8, world =>
        {
            using CartesianCommunicator? box = world.CreateCartesian(new([2, 3], [false, true]));
            Assert.Equal(world.Rank < 6, box is not null);
            if (box is null)
                return;
            using CartesianCommunicator row = box.Sub(false, true);
            using CartesianCommunicator column = box.Sub(true, false);
            Assert.Equal((3, 2), (row.Size, column.Size));
            Assert.Equal((box.Rank % 3, box.Rank / 3), (row.Rank, column.Rank));
            Assert.True(row.Shape.Periodic[0]);
            Assert.False(column.Shape.Periodic[0]);
            Assert.Equal(9 * (box.Rank / 3) + 3, row.AllReduce(box.Rank, ReduceOp<int>.Sum));
            Assert.Equal(2 * (box.Rank % 3) + 3, column.AllReduce(box.Rank, ReduceOp<int>.Sum));
            int[] beside = row.NeighbourAllGather(box.Rank);
            Assert.Equal([box.Rank / 3 * 3 + (box.Rank + 2) % 3, box.Rank / 3 * 3 + (box.Rank + 1) % 3], beside);
        });

    [Theory, InlineData("mesh"), InlineData("grid")]
    public Task A_grid_has_rows_and_columns_of_its_own(string topology) =>
        LocalCluster.RunAsync(12, world =>
        {
            GridCommunicator grid = topology == "grid" ? world.CreateGrid() : world.CreateGrid(rows: 3);
            Assert.Equal((3, 4), (grid.Rows, grid.Columns));
            Assert.Equal((grid.RowIndex, grid.ColumnIndex), (world.Rank / 4, world.Rank % 4));
            Assert.Equal((grid.ColumnIndex, grid.RowIndex), (grid.Row.Rank, grid.Column.Rank));
            Assert.Equal(16 * grid.RowIndex + 6, grid.Row.AllReduce(world.Rank, ReduceOp<int>.Sum));
            Assert.Equal(3 * grid.ColumnIndex + 12, grid.Column.AllReduce(world.Rank, ReduceOp<int>.Sum));
            Assert.Equal(66, grid.AllReduce(world.Rank, ReduceOp<int>.Sum));

            // Both work at the same time, apart from each other: two phases of an exchange by hand.
            int[] block = new int[12];
            for (int to = 0; to < 12; to++)
                block[to] = world.Rank * 100 + to;
            int[] staged = new int[12];
            int[] byColumn = new int[12];
            for (int c = 0; c < 4; c++)
            {
                for (int r = 0; r < 3; r++)
                    byColumn[c * 3 + r] = block[r * 4 + c];
            }

            grid.Row.AllToAll(byColumn, staged);
            int[] byRow = new int[12];
            for (int c = 0; c < 4; c++)
            {
                for (int r = 0; r < 3; r++)
                    byRow[r * 4 + c] = staged[c * 3 + r];
            }

            int[] result = new int[12];
            grid.Column.AllToAll(byRow, result);
            int[] expected = [.. Enumerable.Range(0, 12).Select(from => from * 100 + world.Rank)];
            Assert.Equal(expected, result);
            grid.Dispose();
            Assert.True(grid.Row.IsDisposed && grid.Column.IsDisposed);
        }, new() { Topology = topology });

    [Fact]
    public Task A_graph_carries_what_its_edges_say() =>
        LocalCluster.RunAsync(5, async (world, token) =>
        {
            // Rank 0 sends to all; all send twice to their next; rank 4 to itself.
            List<int> destinations = [(world.Rank + 1) % 5, (world.Rank + 1) % 5];
            List<int> sources = [(world.Rank + 4) % 5, (world.Rank + 4) % 5];
            if (world.Rank == 0)
                destinations.AddRange([1, 2, 3, 4]);
            else
                sources.Add(0);
            if (world.Rank == 4)
            {
                destinations.Add(4);
                sources.Insert(0, 4);
            }

            using GraphCommunicator graph = world.CreateGraph([.. sources], [.. destinations]);
            Assert.Equal([.. sources], graph.Sources.ToArray());
            Assert.Equal([.. sources], graph.NeighbourAllGather(world.Rank));
            int[] send = [.. destinations.Select((_, i) => world.Rank * 10 + i)];
            int[] receive = new int[sources.Count];
            graph.NeighbourAllToAll(send, receive);
            int previous = (world.Rank + 4) % 5 * 10;
            int[] expected = world.Rank switch
            {
                0 => [40, 41],
                1 => [0, 1, 2],
                4 => [42, previous, previous + 1, 5],
                _ => [previous, previous + 1, 1 + world.Rank],
            };
            Assert.Equal(expected, receive);

            using GraphCommunicator again = await world.CreateGraphAsync([.. sources], [.. destinations], token);
            BlockLayout sends = BlockLayout.FromCounts([.. destinations.Select(to => (long)to)]);
            BlockLayout receives = BlockLayout.Uniform(sources.Count, world.Rank);
            int[] leaving = new int[sends.Total];
            Array.Fill(leaving, world.Rank + 1);
            int[] arrived = new int[receives.Total];
            again.NeighbourAllToAllV(leaving, sends, arrived, receives);
            int[] filled = [.. sources.SelectMany(source => Enumerable.Repeat(source + 1, world.Rank))];
            Assert.Equal(filled, arrived);

            // One rank names all edges: a star to itself.
            using GraphCommunicator star = world.CreateGraph(world.Rank == 3 ? [(0, 2), (1, 2), (4, 2)] : default);
            int[] all = star.NeighbourAllGather(world.Rank);
            Assert.Equal(world.Rank == 2 ? [0, 1, 4] : [], all);
        });

    [Fact]
    public Task What_does_not_fit_is_told() =>
        LocalCluster.RunAsync(6, world =>
        {
            ArgumentException grid = Assert.Throws<ArgumentException>(() => world.CreateGrid(rows: 4));
            Assert.Contains("4x1 has 4 places, \"world\" has 6 ranks", grid.Message, StringComparison.Ordinal);
            Assert.Contains("2x3 fits", grid.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentOutOfRangeException>(() => world.CreateGrid(rows: -1));
            ArgumentException box = Assert.Throws<ArgumentException>(() => world.CreateCartesian(new([3, 3])));
            Assert.Contains("9 places", box.Message, StringComparison.Ordinal);
            Assert.Contains("gives 3x2", box.Message, StringComparison.Ordinal);

            using CartesianCommunicator line = world.CreateCartesian(dimensions: 1);
            Assert.Throws<ArgumentException>(() => line.Sub(false));
            Assert.Throws<ArgumentException>(() => line.Sub(true, true));
            ArgumentException halo = Assert.Throws<ArgumentException>(() => line.NeighbourAllToAll(new int[4], new int[3]));
            Assert.Contains("receive has 3 elements, expected 4 (a block for each of 2 sources)", halo.Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => line.NeighbourAllGather(new int[4], new int[4]));
            ArgumentException layout = Assert.Throws<ArgumentException>(
                () => line.NeighbourAllGatherV(new int[4], new int[8], BlockLayout.Uniform(3, 2)));
            Assert.Contains("layout has 3 blocks", layout.Message, StringComparison.Ordinal);

            ArgumentException edge = Assert.Throws<ArgumentException>(() => world.CreateGraph(world.Rank == 2 ? [1] : [], []));
            Assert.Contains(
                "rank 2 names rank 1 as a source 1 time(s) more than rank 1 names it as a destination", edge.Message,
                StringComparison.Ordinal);
            Assert.Contains("rank 9", Assert.Throws<ArgumentException>(
                () => world.CreateGraph([], world.Rank == 5 ? [9] : [])).Message, StringComparison.Ordinal);
            Assert.Contains("Edge 0-6", Assert.Throws<ArgumentException>(
                () => world.CreateGraph(world.Rank == 0 ? [(0, 6)] : default)).Message, StringComparison.Ordinal);

            // Nothing of all this has upset the others.
            Assert.Equal(15, world.AllReduce(world.Rank, ReduceOp<int>.Sum));
        });

    [Fact]
    public Task A_missing_link_to_a_neighbour_is_an_error_that_names_both_where_the_job_refuses() =>
        LocalCluster.RunAsync(4, world =>
        {
            int[] other = world.Rank is 1 or 2 ? [3 - world.Rank] : [];
            using GraphCommunicator pair = world.CreateGraph(other, other);
            if (other.Length == 0)
            {
                Assert.Empty(pair.NeighbourAllGather(world.Rank));
                return;
            }

            LinkException error = Assert.Throws<LinkException>(() => pair.NeighbourAllGather(world.Rank));
            Assert.Equal(other[0], error.Peer);
            Assert.Contains($"{world.Rank}", error.Message, StringComparison.Ordinal);
            Assert.Contains($"{other[0]}", error.Message, StringComparison.Ordinal);
        }, new() { Topology = "star", OffTopology = OffTopologyPolicy.Refuse, OperationTimeout = TimeSpan.FromSeconds(20) });

    /// <summary>
    /// Blocks of as many elements as their sender says for that direction, down and up unequal and some empty; with gaps.
    /// </summary>
    private static async Task CheckUnequalBlocksAsync(CartesianCommunicator box, CancellationToken token)
    {
        int[] neighbours = box.Shape.Neighbours(box.Rank);
        long[] sent = [.. Enumerable.Range(0, 4).Select(block => Count(box.Rank, block))];
        long[] got = [.. Enumerable.Range(0, 4).Select(block => neighbours[block] < 0 ? 2 : Count(neighbours[block], block ^ 1))];
        BlockLayout sends = BlockLayout.FromCounts(sent, [10, 0, 20, 30]);
        BlockLayout receives = BlockLayout.FromCounts(got, [30, 20, 0, 10]);
        int[] send = new int[40], expected = Filled(40);
        for (int block = 0; block < 4; block++)
        {
            for (int i = 0; i < sent[block]; i++)
                send[sends.Displacement(block) + i] = Halo(box.Rank, block, i);
            for (int i = 0; i < got[block] && neighbours[block] >= 0; i++)
                expected[receives.Displacement(block) + i] = Halo(neighbours[block], block ^ 1, i);
        }

        int[] receive = Filled(40);
        box.NeighbourAllToAllV(send, sends, receive, receives);
        Assert.Equal(expected, receive);
        receive = Filled(40);
        await box.NeighbourAllToAllVAsync<int>(send, sends, receive, receives, token);
        Assert.Equal(expected, receive);
        receive = Filled(40);
        using PersistentCollective exchange = box.PrepareNeighbourAllToAllV<int>(send, sends, receive, receives);
        exchange.Run();
        Assert.Equal(expected, receive);

        // What a rank gathers has the length that its owner says.
        int[] own = [.. Enumerable.Range(0, 1 + box.Rank % 3).Select(i => Halo(box.Rank, 0, i))];
        BlockLayout owners = BlockLayout.FromCounts([.. neighbours.Select(neighbour => neighbour < 0 ? 0L : 1 + neighbour % 3)]);
        int[] gathered = new int[owners.Total];
        box.NeighbourAllGatherV(own, gathered, owners);
        Assert.Equal([.. neighbours.Where(neighbour => neighbour >= 0).SelectMany(neighbour =>
            Enumerable.Range(0, 1 + neighbour % 3).Select(i => Halo(neighbour, 0, i)))], gathered);

        static long Count(int rank, int block) => (rank * 3 + block * 5) % 8;
    }

    private static int Halo(int rank, int block, int i) => rank * 100 + block * 10 + i;

    private static int[] Filled(int length)
    {
        int[] array = new int[length];
        Array.Fill(array, -7);
        return array;
    }
}
