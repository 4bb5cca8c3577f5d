namespace BoxerMpi.Tests;

public class InducedTests
{
    private static readonly string[] Specs = ["mesh", "grid", "tree:3", "ring", "star", "hypercube", "edges:0-1,1-2,2-0,2-3,3-4,4-5,5-6"];

    [Fact]
    public void Links_are_those_whose_both_ends_are_members()
    {
        foreach (string spec in Specs)
        {
            Topology whole = Topology.Parse(spec, 7);

            // Every subset, in ascending, descending and rotated order.
            for (int subset = 1; subset < 1 << 7; subset++)
            {
                int[] ascending = [.. Enumerable.Range(0, 7).Where(rank => (subset >> rank & 1) != 0)];
                int[] rotated = [.. ascending[(ascending.Length / 2)..], .. ascending[..(ascending.Length / 2)]];
                foreach (int[] members in (int[][])[ascending, [.. ascending.Reverse()], rotated])
                    Check(whole, members);
            }
        }
    }

    [Fact]
    public void Parts_of_larger_grids()
    {
        foreach (Topology grid in (Topology[])[Topology.Grid(16), Topology.Grid(23, 5, 5), Topology.Grid(24, 3, 8)])
        {
            for (int step = 1; step <= 9; step++)
                Check(grid, [.. Enumerable.Range(0, grid.Size).Where(rank => rank % step == 0)]);
            for (int count = 1; count <= grid.Size; count++)
                Check(grid, [.. Enumerable.Range(grid.Size - count, count)]);
        }
    }

    [Fact]
    public void A_row_a_column_and_any_part_of_a_mesh_are_meshes()
    {
        Topology grid = Topology.Grid(16);
        Assert.Equal(TopologyKind.Mesh, grid.Induced([4, 5, 6, 7]).Kind);
        Assert.Equal(TopologyKind.Mesh, grid.Induced([13, 1, 5]).Kind);
        Assert.Equal(TopologyKind.Mesh, grid.Induced([9]).Kind);
        Assert.Equal(TopologyKind.Mesh, Topology.Mesh(9).Induced([8, 0, 3]).Kind);
        Assert.Equal(TopologyKind.Mesh, Topology.Hypercube(8).Induced([1, 3]).Kind);
    }

    [Fact]
    public void Rows_by_columns_are_a_grid()
    {
        Topology grid = Topology.Grid(16);
        Assert.Equal("grid:2x3", grid.Induced([4, 5, 7, 12, 13, 15]).Spec);
        Assert.Equal("grid:2x3", grid.Induced([7, 4, 5, 15, 12]).Spec);
        Assert.Equal(TopologyKind.EdgeList, grid.Induced([4, 5, 7, 12, 15, 13]).Kind);
        Assert.Equal(TopologyKind.EdgeList, grid.Induced([0, 1, 4, 5, 2, 3]).Kind);
    }

    [Fact]
    public void All_ranks_in_their_order_are_the_same_topology()
    {
        foreach (string spec in Specs)
        {
            Topology whole = Topology.Parse(spec, 7);
            Assert.Same(whole, whole.Induced([0, 1, 2, 3, 4, 5, 6]));
        }
    }

    [Fact]
    public void Members_may_be_left_without_a_path()
    {
        Topology part = Topology.Ring(6).Induced([0, 1, 3, 4]);
        Assert.False(part.IsConnected);
        Assert.Equal(-1, part.Diameter);
        Assert.Equal([(0, 1), (2, 3)], part.Edges());
        Assert.Equal([2, 3], part.Path(2, 3));
        Assert.Equal("edge list: 4 ranks, 2 links, degree 1, not connected", part.Describe());
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => part.Path(0, 3));
        Assert.Contains("No links lead from rank 0 to rank 3", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => part.NextHop(0, 3));
    }

    [Fact]
    public void Wrong_members_are_refused()
    {
        Topology ring = Topology.Ring(6);
        Assert.Throws<ArgumentException>("members", () => ring.Induced([]));
        Assert.Throws<ArgumentOutOfRangeException>("members", () => ring.Induced([0, 6]));
        Assert.Throws<ArgumentOutOfRangeException>("members", () => ring.Induced([-1]));
        ArgumentException error = Assert.Throws<ArgumentException>("members", () => ring.Induced([2, 3, 2]));
        Assert.Contains("Rank 2 is given twice, as member 0 and 2.", error.Message, StringComparison.Ordinal);
    }

    private static void Check(Topology whole, int[] members)
    {
        Topology part = whole.Induced(members);
        (int, int)[] expected =
        [
            .. from a in Enumerable.Range(0, members.Length)
               from b in Enumerable.Range(a + 1, members.Length - a - 1)
               where whole.HasLink(members[a], members[b])
               select (a, b),
        ];
        Assert.Equal(members.Length, part.Size);
        Assert.Equal(expected, part.Edges());
        TopologyAssert.IsConsistent(part);

        int[][] distances = new Oracle(part.Size, expected).AllDistances();
        Assert.Equal(distances[0].Min() >= 0, part.IsConnected);
        if (part.IsConnected)
            TopologyAssert.HasShortestPaths(part);
        else
            Assert.Equal(-1, part.Diameter);
    }
}
