namespace BoxerMpi.Tests;

public class GridTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 2)]
    [InlineData(3, 1, 3)]
    [InlineData(4, 2, 2)]
    [InlineData(5, 2, 3)]
    [InlineData(6, 2, 3)]
    [InlineData(7, 2, 4)]
    [InlineData(8, 2, 4)]
    [InlineData(10, 2, 5)]
    [InlineData(11, 3, 4)]
    [InlineData(12, 3, 4)]
    [InlineData(13, 3, 5)]
    [InlineData(16, 4, 4)]
    [InlineData(17, 3, 6)]
    [InlineData(32, 4, 8)]
    [InlineData(100, 10, 10)]
    [InlineData(128, 8, 16)]
    [InlineData(4096, 64, 64)]
    public void Near_square(int size, int rows, int columns)
    {
        Assert.Equal((rows, columns), Topology.NearSquare(size));
        Assert.Equal($"grid:{rows}x{columns}", Topology.Grid(size).Spec);
    }

    [Fact]
    public void Near_square_always_holds_all_ranks_with_few_links_each()
    {
        for (int size = 1; size <= 4096; size++)
        {
            (int rows, int columns) = Topology.NearSquare(size);
            Assert.InRange(size, (rows - 1) * columns + 1, rows * columns);
            Assert.InRange(columns, rows, size);

            // A full rectangle twice as wide as high has 3√(P/2) ranks in a row and a column, the worst that is chosen.
            Assert.True(rows + columns <= 2.13 * Math.Sqrt(size) + 1, $"{rows}x{columns} for {size}");
        }
    }

    [Fact]
    public void Any_rows_and_columns_with_only_a_short_last_row_reach_all_in_two_steps()
    {
        for (int size = 1; size <= 30; size++)
        {
            for (int rows = 1; rows <= size + 1; rows++)
            {
                for (int columns = 1; columns <= size + 1; columns++)
                {
                    if (rows * columns < size || (rows - 1) * columns >= size || columns > size)
                    {
                        Assert.Throws<ArgumentException>(() => Topology.Grid(size, rows, columns));
                        continue;
                    }

                    Topology grid = Topology.Grid(size, rows, columns);
                    Assert.Equal((rows, columns), (grid.Rows, grid.Columns));
                    Assert.InRange(grid.Diameter, 0, 2);
                    TopologyAssert.IsConsistent(grid);
                    TopologyAssert.HasShortestPaths(grid);
                }
            }
        }
    }

    [Fact]
    public void Links_are_exactly_those_within_a_row_or_a_column()
    {
        Topology grid = Topology.Grid(7, 2, 4);
        Assert.Equal(
            [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 5), (2, 3), (2, 6), (4, 5), (4, 6), (5, 6)],
            grid.Edges());
        Assert.Equal([0, 1, 2], grid.Neighbours(3));
    }

    [Theory]
    [InlineData(12, 3, 0, "grid:3x4")]
    [InlineData(12, 0, 3, "grid:4x3")]
    [InlineData(11, 0, 4, "grid:3x4")]
    [InlineData(11, 2, 0, "grid:2x6")]
    [InlineData(9, 5, 0, "grid:5x2")]
    [InlineData(5, 1, 0, "grid:1x5")]
    [InlineData(5, 0, 1, "grid:5x1")]
    public void One_of_rows_and_columns_gives_the_other(int size, int rows, int columns, string spec) =>
        Assert.Equal(spec, Topology.Grid(size, rows, columns).Spec);

    [Theory]
    [InlineData(17, 4, 4, "A grid of 4x4 holds at most 16 ranks, the job has 17 ranks")]
    [InlineData(12, 4, 4, "A grid of 4x4 would have 1 of its 4 rows empty, the job has 12 ranks")]
    [InlineData(5, 9, 2, "would have 6 of its 9 rows empty")]
    [InlineData(5, 1, 8, "would have 3 of its 8 columns empty")]
    [InlineData(5, 4, 0, "A grid of 4x2 would have 1 of its 4 rows empty")]
    [InlineData(5, 0, 6, "A grid of 1x6 would have 1 of its 6 columns empty")]
    [InlineData(3, int.MaxValue, int.MaxValue, "would have 2147483646 of its 2147483647 rows empty")]
    public void A_grid_that_does_not_fit_says_which_does(int size, int rows, int columns, string wrong)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Topology.Grid(size, rows, columns));
        (int fitRows, int fitColumns) = Topology.NearSquare(size);
        Assert.Contains(wrong, error.Message, StringComparison.Ordinal);
        Assert.Contains("only the last row may be short", error.Message, StringComparison.Ordinal);
        Assert.Contains($"grid:{fitRows}x{fitColumns}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Negative_rows_and_columns_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("rows", () => Topology.Grid(4, -1, 2));
        Assert.Throws<ArgumentOutOfRangeException>("columns", () => Topology.Grid(4, 2, -1));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => Topology.NearSquare(0));
    }
}
