namespace BoxerMpi.Schedules.Tests;

/// <summary>Schedules among neighbours, on symbolic data: boxes of every kind, graphs with repeated edges and edges to oneself.</summary>
public sealed class NeighbourScheduleTests
{
    private const long Bytes = 3;

    public static TheoryData<int[], bool[]> Boxes() => new()
    {
        { [1], [true] },
        { [2], [true] },
        { [5], [false] },
        { [3, 2], [true, false] },
        { [2, 2], [true, true] },
        { [1, 4], [true, true] },
        { [3, 3, 3], [true, false, true] },
        { [2, 1, 2, 3], [true, true, false, true] },
    };

    [Theory, MemberData(nameof(Boxes))]
    public void What_is_sent_down_arrives_from_above(int[] dimensions, bool[] periodic)
    {
        CartesianShape shape = new(dimensions, periodic);
        for (int rank = 0; rank < shape.Size; rank++)
        {
            foreach (Collective collective in new[] { Collective.NeighbourAllGather, Collective.NeighbourAllToAll })
            {
                Cell[] received = Run(collective, shape.Size, r => Neighbourhood.OfShape(shape, r))[rank];
                int[] neighbours = shape.Neighbours(rank);
                for (int block = 0; block < neighbours.Length; block++)
                {
                    // The block from below is what the rank there sends up, and the other way round.
                    long sent = collective == Collective.NeighbourAllGather ? 0 : (block ^ 1) * Bytes;
                    for (int i = 0; i < Bytes; i++)
                        Assert.Equal(
                            neighbours[block] < 0 ? Cell.Undefined : Cell.Of(neighbours[block], sent + i), received[block * Bytes + i]);
                }
            }
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(6), InlineData(17)]
    public void Every_edge_of_a_graph_carries_one_block_in_the_order_of_both_lists(int size)
    {
        // Every rank sends to its double, twice to the next but one, and to itself.
        List<(int From, int To)> edges = [];
        for (int rank = 0; rank < size; rank++)
            edges.AddRange([(rank, 2 * rank % size), (rank, (rank + 2) % size), (rank, (rank + 2) % size), (rank, rank)]);
        Cell[][] received = Run(Collective.NeighbourAllToAll, size, Of);
        for (int rank = 0; rank < size; rank++)
        {
            int[] sources = Of(rank).Sources;
            for (int block = 0; block < sources.Length; block++)
            {
                // The n-th edge between two ranks is the n-th in the lists of both.
                int nth = sources.Take(block).Count(source => source == sources[block]);
                int[] destinations = Of(sources[block]).Destinations;
                int sent = Enumerable.Range(0, destinations.Length).Where(i => destinations[i] == rank).ElementAt(nth);
                Assert.Equal(Cell.Of(sources[block], sent * Bytes), received[rank][block * Bytes]);
            }
        }

        Neighbourhood Of(int rank) => Neighbourhood.OfGraph(
            [.. edges.Where(edge => edge.To == rank).Select(edge => edge.From)],
            [.. edges.Where(edge => edge.From == rank).Select(edge => edge.To)]);
    }

    [Fact]
    public void A_changed_neighbour_is_noticed()
    {
        CartesianShape ring = new([5], [true]);
        Assert.Throws<ScheduleException>(() => Run(Collective.NeighbourAllToAll, 5, rank =>
            rank == 2 ? new([1, 4], [1, 4], [1, 0]) : Neighbourhood.OfShape(ring, rank)));
    }

    private static Cell[][] Run(Collective collective, int size, Func<int, Neighbourhood> neighbours)
    {
        SymbolicRun run =
            new(CollectiveAlgorithms.Find(collective, "linear")!, Topology.Mesh(size)) { Bytes = Bytes, Neighbours = neighbours };
        return run.Run(run.Build());
    }
}
