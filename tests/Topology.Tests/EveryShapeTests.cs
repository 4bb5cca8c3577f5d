namespace BoxerMpi.Tests;

public class EveryShapeTests
{
    public static readonly TheoryData<string> Specs =
        ["mesh", "grid", "tree", "tree:1", "tree:3", "tree:7", "ring", "star", "hypercube"];

    [Theory, MemberData(nameof(Specs))]
    public void Links_are_symmetric_and_counted_right(string spec)
    {
        for (int size = 1; size <= 64; size++)
            TopologyAssert.IsConsistent(Topology.Parse(spec, size));
    }

    [Theory, MemberData(nameof(Specs))]
    public void Paths_are_links_and_as_short_as_a_plain_search_finds(string spec)
    {
        for (int size = 1; size <= 64; size++)
            TopologyAssert.HasShortestPaths(Topology.Parse(spec, size));
    }

    [Theory, MemberData(nameof(Specs))]
    public void An_edge_list_of_the_same_links_agrees(string spec)
    {
        for (int size = 1; size <= 64; size += 7)
        {
            Topology shape = Topology.Parse(spec, size);
            Topology list = Topology.FromEdges(size, shape.Edges());
            Assert.Equal(TopologyKind.EdgeList, list.Kind);
            Assert.Equal(shape.Diameter, list.Diameter);
            TopologyAssert.SameLinks(shape, list);
            TopologyAssert.IsConsistent(list);
            TopologyAssert.HasShortestPaths(list);
        }
    }

    [Theory, MemberData(nameof(Specs))]
    public void The_spec_is_parsed_to_the_same_links(string spec)
    {
        for (int size = 1; size <= 64; size++)
        {
            Topology topology = Topology.Parse(spec, size);
            Topology again = Topology.Parse(topology.Spec, size);
            Assert.Equal(topology.Kind, again.Kind);
            Assert.Equal(topology.Spec, again.Spec);
            TopologyAssert.SameLinks(topology, again);

            Topology list = Topology.FromEdges(size, topology.Edges());
            TopologyAssert.SameLinks(list, Topology.Parse(list.Spec, size));
        }
    }

    [Theory, MemberData(nameof(Specs))]
    public void Thousands_of_ranks_hold_to_the_same(string spec)
    {
        foreach (int size in (int[])[97, 1000, 1024, 2047, 4095, 4096])
        {
            Topology topology = Topology.Parse(spec, size);
            int[] sources = [0, 1, size / 3, size / 2, size - 1];
            Assert.Equal(2 * topology.LinkCount, Enumerable.Range(0, size).Sum(rank => (long)topology.Degree(rank)));

            // The search lists the links itself; of a mesh this size only a few rows.
            Oracle? oracle = topology.Kind == TopologyKind.Mesh ? null : new Oracle(size, topology.Edges());
            foreach (int from in sources)
            {
                int[] neighbours = topology.Neighbours(from).ToArray();
                Assert.Equal(topology.Degree(from), neighbours.Length);
                Assert.All(neighbours, neighbour => Assert.True(topology.HasLink(neighbour, from)));

                int[]? distances = oracle?.Distances(from);
                Assert.True(distances is null || distances.Max() <= topology.Diameter);
                for (int to = from % 7; to < size; to += 61)
                    TopologyAssert.IsShortestPath(topology, from, to, distances is null ? (from == to ? 0 : 1) : distances[to]);
            }
        }
    }

    [Theory, MemberData(nameof(Specs))]
    public void A_rank_that_does_not_exist_is_refused(string spec)
    {
        Topology topology = Topology.Parse(spec, 5);
        foreach (int rank in (int[])[-1, 5, int.MinValue, int.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>("rank", () => { _ = topology.Neighbours(rank).Length; });
            Assert.Throws<ArgumentOutOfRangeException>("rank", () => topology.Degree(rank));
            Assert.Throws<ArgumentOutOfRangeException>("a", () => topology.HasLink(rank, 0));
            Assert.Throws<ArgumentOutOfRangeException>("b", () => topology.HasLink(0, rank));
            Assert.Throws<ArgumentOutOfRangeException>("from", () => topology.Path(rank, 0));
            Assert.Throws<ArgumentOutOfRangeException>("to", () => topology.Path(0, rank));
            Assert.Throws<ArgumentOutOfRangeException>("from", () => topology.NextHop(rank, 0));
            ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>("to", () => topology.NextHop(0, rank));
            Assert.Contains($"Rank {rank} is not one of 0 to 4.", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("mesh")]
    [InlineData("grid")]
    [InlineData("tree")]
    [InlineData("ring")]
    [InlineData("star")]
    [InlineData("hypercube")]
    [InlineData("edges:")]
    public void A_job_without_ranks_is_refused(string spec)
    {
        foreach (int size in (int[])[0, -1, int.MinValue])
        {
            ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>("size", () => Topology.Parse(spec, size));
            Assert.Contains($"A topology has at least 1 rank, not {size}.", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Describing_a_mesh_of_thousands_does_not_build_it()
    {
        _ = Describe(2);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal("mesh: 4096 ranks, 8386560 links, degree 4095, diameter 1", Describe(4096));

        // The neighbours of one rank (16 KiB) and a place for each rank's (32 KiB); all of them would be 64 MiB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 * 1024);

        static string Describe(int size)
        {
            Topology mesh = Topology.Mesh(size);
            Assert.True(mesh.HasLink(0, size - 1) && mesh.NextHop(0, size - 1) == size - 1 && mesh.IsConnected);
            Assert.Equal(size - 1, mesh.Neighbours(0).Length);
            return mesh.Describe();
        }
    }

    [Fact]
    public void Ranks_far_beyond_any_job_do_not_overflow()
    {
        const int Huge = int.MaxValue;
        Assert.Equal((long)Huge * (Huge - 1) / 2, Topology.Mesh(Huge).LinkCount);
        Assert.Equal(31, Topology.Hypercube(Huge).Diameter);
        Assert.Equal(Huge - 1, Topology.Tree(Huge, Huge).Degree(0));
        Assert.Equal(2, Topology.Tree(Huge, Huge - 1).Degree(0) - (Huge - 3));
        Assert.Equal(Huge - 1, Topology.Ring(Huge).NextHop(0, Huge - 1));
        (int rows, int columns) = Topology.NearSquare(Huge);
        Assert.InRange((long)rows * columns, Huge, (long)Huge + columns - 1);
    }
}
