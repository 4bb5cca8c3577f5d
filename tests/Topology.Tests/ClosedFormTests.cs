using System.Numerics;

namespace BoxerMpi.Tests;

/// <summary>Links, degree and diameter by formula, each written down apart from the code that it checks.</summary>
public class ClosedFormTests
{
    [Theory]
    [InlineData("mesh", 120, 2016, 32640, 523776)]
    [InlineData("grid", 48, 448, 3840, 31744)]
    [InlineData("hypercube", 32, 192, 1024, 5120)]
    [InlineData("tree", 15, 63, 255, 1023)]
    [InlineData("ring", 16, 64, 256, 1024)]
    [InlineData("star", 15, 63, 255, 1023)]
    public void Link_counts_of_square_powers_of_two(string spec, long of16, long of64, long of256, long of1024)
    {
        Assert.Equal(of16, Topology.Parse(spec, 16).LinkCount);
        Assert.Equal(of64, Topology.Parse(spec, 64).LinkCount);
        Assert.Equal(of256, Topology.Parse(spec, 256).LinkCount);
        Assert.Equal(of1024, Topology.Parse(spec, 1024).LinkCount);
    }

    [Fact]
    public void Mesh_has_all_pairs()
    {
        for (int size = 1; size <= 64; size++)
        {
            Topology mesh = Topology.Mesh(size);
            Assert.Equal(size * (size - 1) / 2, mesh.LinkCount);
            Assert.Equal(size == 1 ? 0 : 1, mesh.Diameter);
            Assert.All(Enumerable.Range(0, size), rank => Assert.Equal(size - 1, mesh.Degree(rank)));
        }
    }

    [Fact]
    public void Full_grid_has_row_and_column_cliques()
    {
        for (int rows = 1; rows <= 9; rows++)
        {
            for (int columns = 1; columns <= 9; columns++)
            {
                int size = rows * columns;
                Topology grid = Topology.Grid(size, rows, columns);
                Assert.Equal(size * (rows + columns - 2) / 2, grid.LinkCount);
                Assert.All(Enumerable.Range(0, size), rank => Assert.Equal(rows + columns - 2, grid.Degree(rank)));
                Assert.Equal((rows > 1 ? 1 : 0) + (columns > 1 ? 1 : 0), grid.Diameter);
            }
        }
    }

    [Fact]
    public void Hypercube_of_a_power_of_two_has_a_dimension_a_bit()
    {
        for (int bits = 0; bits <= 12; bits++)
        {
            Topology cube = Topology.Hypercube(1 << bits);
            Assert.Equal((1 << bits) * bits / 2, cube.LinkCount);
            Assert.Equal(bits, cube.Diameter);
            Assert.All(Enumerable.Range(0, 1 << bits), rank => Assert.Equal(bits, cube.Degree(rank)));
        }
    }

    [Fact]
    public void Hypercube_of_any_size_is_cut_from_the_next_power_of_two()
    {
        for (int size = 1; size <= 64; size++)
        {
            Topology full = Topology.Hypercube((int)BitOperations.RoundUpToPowerOf2((uint)size));
            Topology cut = Topology.Hypercube(size);
            Assert.Equal(full.Edges().Where(edge => edge.B < size), cut.Edges());
            Assert.Equal(full.Diameter, cut.Diameter);
        }
    }

    [Fact]
    public void Grid_with_a_power_of_two_of_columns_contains_the_hypercube()
    {
        for (int size = 1; size <= 4096; size *= 2)
        {
            Topology grid = Topology.Grid(size);
            Assert.True(BitOperations.IsPow2(grid.Columns));
            Assert.All(Topology.Hypercube(size).Edges(), edge => Assert.True(grid.HasLink(edge.A, edge.B)));
        }
    }

    [Theory]
    [InlineData(2, 12)]
    [InlineData(3, 7)]
    [InlineData(4, 6)]
    public void Full_tree_is_twice_as_wide_as_deep(int arity, int levels)
    {
        for (int depth = 0, size = 1; depth < levels; depth++, size = size * arity + 1)
        {
            Topology tree = Topology.Tree(size, arity);
            Assert.Equal(2 * depth, tree.Diameter);
            Assert.Equal(size - 1, tree.LinkCount);
            Assert.Equal(depth == 0 ? 0 : arity, tree.Degree(0));
            Assert.Equal(Math.Min(depth, 1), tree.Degree(size - 1));
            Assert.True(Enumerable.Range(0, size).Max(tree.Degree) <= arity + 1);
        }
    }

    [Fact]
    public void Ring_star_and_chain()
    {
        for (int size = 3; size <= 64; size++)
        {
            Topology ring = Topology.Ring(size);
            Assert.Equal((size, size / 2), (ring.LinkCount, ring.Diameter));
            Assert.All(Enumerable.Range(0, size), rank => Assert.Equal(2, ring.Degree(rank)));

            Topology star = Topology.Star(size);
            Assert.Equal((size - 1, 2), (star.LinkCount, star.Diameter));
            Assert.Equal(size - 1, star.Degree(0));
            Assert.All(Enumerable.Range(1, size - 1), rank => Assert.Equal(1, star.Degree(rank)));

            Topology chain = Topology.Tree(size, 1);
            Assert.Equal(Enumerable.Range(0, size - 1).Select(rank => (rank, rank + 1)), chain.Edges());
            Assert.Equal(size - 1, chain.Diameter);
        }
    }

    [Fact]
    public void Ring_of_an_even_size_goes_up_to_the_opposite_rank()
    {
        Topology ring = Topology.Ring(6);
        Assert.Equal([4, 5, 0, 1], ring.Path(4, 1));
        Assert.Equal([1, 0, 5], ring.Path(1, 5));
    }

    [Fact]
    public void Grid_goes_along_the_row_first()
    {
        Topology grid = Topology.Grid(11, 3, 4);
        Assert.Equal([1, 2, 10], grid.Path(1, 10));
        Assert.Equal([10, 9, 5], grid.Path(10, 5));

        // The short row 8, 9, 10 has no fourth place: up the column first.
        Assert.Equal([9, 5, 7], grid.Path(9, 7));
    }

    [Fact]
    public void The_default_is_a_mesh_up_to_32_ranks_and_a_grid_above()
    {
        Assert.Equal(TopologyKind.Mesh, Topology.Default(1).Kind);
        Assert.Equal(TopologyKind.Mesh, Topology.Default(32).Kind);
        Assert.Equal("grid:5x7", Topology.Default(33).Spec);
        Assert.Equal("grid:8x8", Topology.Default(64).Spec);
        Assert.Throws<ArgumentOutOfRangeException>("size", () => Topology.Default(0));
    }

    [Theory]
    [InlineData("mesh", 1, "mesh: 1 rank, 0 links, degree 0, diameter 0")]
    [InlineData("mesh", 2, "mesh: 2 ranks, 1 link, degree 1, diameter 1")]
    [InlineData("grid", 16, "grid 4x4: 16 ranks, 48 links, degree 6, diameter 2")]
    [InlineData("grid:3x4", 11, "grid 3x4 (last row 3): 11 ranks, 25 links, degree 4 to 5, diameter 2")]
    [InlineData("tree", 15, "tree 2: 15 ranks, 14 links, degree 1 to 3, diameter 6")]
    [InlineData("ring", 5, "ring: 5 ranks, 5 links, degree 2, diameter 2")]
    [InlineData("star", 5, "star: 5 ranks, 4 links, degree 1 to 4, diameter 2")]
    [InlineData("hypercube", 8, "hypercube: 8 ranks, 12 links, degree 3, diameter 3")]
    [InlineData("edges:0-1,1-2", 3, "edge list: 3 ranks, 2 links, degree 1 to 2, diameter 2")]
    public void Described_in_one_line(string spec, int size, string line) => Assert.Equal(line, Topology.Parse(spec, size).Describe());

    [Fact]
    public void Properties_tell_the_shape()
    {
        Topology grid = Topology.Grid(11, 3);
        Assert.Equal((TopologyKind.Grid, 11, 3, 4, 0), (grid.Kind, grid.Size, grid.Rows, grid.Columns, grid.Arity));
        Assert.Equal("grid:3x4", grid.ToString());
        Topology tree = Topology.Tree(5, 3);
        Assert.Equal((TopologyKind.Tree, 5, 0, 0, 3), (tree.Kind, tree.Size, tree.Rows, tree.Columns, tree.Arity));
        Assert.Equal(
            [TopologyKind.Mesh, TopologyKind.Ring, TopologyKind.Star, TopologyKind.Hypercube],
            [Topology.Mesh(4).Kind, Topology.Ring(4).Kind, Topology.Star(4).Kind, Topology.Hypercube(4).Kind]);
    }
}
