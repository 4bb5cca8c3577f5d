namespace BoxerMpi.Tests;

/// <summary>Places in a box, by formula and against a search over all factorisations.</summary>
public sealed class CartesianShapeTests
{
    [Theory]
    [InlineData(6, 2, new[] { 3, 2 })]
    [InlineData(7, 2, new[] { 7, 1 })]
    [InlineData(12, 2, new[] { 4, 3 })]
    [InlineData(16, 2, new[] { 4, 4 })]
    [InlineData(24, 3, new[] { 4, 3, 2 })]
    [InlineData(64, 3, new[] { 4, 4, 4 })]
    [InlineData(1, 4, new[] { 1, 1, 1, 1 })]
    [InlineData(36, 3, new[] { 4, 3, 3 })]
    [InlineData(1_000_000, 2, new[] { 1000, 1000 })]
    public void Balanced_extents_are_as_equal_as_there_are(int size, int dimensions, int[] expected) =>
        Assert.Equal(expected, CartesianShape.Balance(size, dimensions));

    [Fact]
    public void No_extents_have_a_smaller_largest_one()
    {
        for (int size = 1; size <= 200; size++)
        {
            int[] found = CartesianShape.Balance(size, 3);
            Assert.Equal(size, found[0] * found[1] * found[2]);
            Assert.True(found[0] >= found[1] && found[1] >= found[2]);
            int smallest = size;
            for (int a = 1; a <= size; a++)
            {
                for (int b = 1; size % a == 0 && b <= size / a; b++)
                {
                    if (size / a % b == 0)
                        smallest = Math.Min(smallest, Math.Max(a, Math.Max(b, size / a / b)));
                }
            }

            Assert.Equal(smallest, found[0]);
        }
    }

    [Fact]
    public void Given_extents_stay()
    {
        Assert.Equal([3, 2, 2], CartesianShape.Balance(12, [3, 0, 0]));
        Assert.Equal([2, 3, 2], CartesianShape.Balance(12, [0, 3, 0]));
        Assert.Equal([4, 3], CartesianShape.Balance(12, [4, 3]));
        ArgumentException error = Assert.Throws<ArgumentException>(() => CartesianShape.Balance(12, [5, 0]));
        Assert.Contains("12 ranks do not fill 5x0 (0 is free): 5 does not divide 12", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => CartesianShape.Balance(12, [2, 3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CartesianShape.Balance(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => CartesianShape.Balance(4, 0));
    }

    [Fact]
    public void Coordinates_and_ranks_are_each_others_inverse()
    {
        CartesianShape shape = new([3, 4, 5], [true, false, true]);
        Assert.Equal(60, shape.Size);
        Assert.Equal([1, 2, 3], shape.Coordinates(1 * 20 + 2 * 5 + 3));
        for (int rank = 0; rank < shape.Size; rank++)
            Assert.Equal(rank, shape.RankAt(shape.Coordinates(rank)));
        Assert.Equal(shape.RankAt(2, 1, 4), shape.RankAt(-1, 1, 9));
        Assert.Throws<ArgumentOutOfRangeException>(() => shape.RankAt(0, 4, 0));
        Assert.Throws<ArgumentException>(() => shape.RankAt(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => shape.Coordinates(60));
    }

    [Fact]
    public void Shifts_wrap_around_or_end_at_the_edge()
    {
        CartesianShape shape = new([3, 4], [true, false]);
        Assert.Equal((8, 4), shape.Shift(0, 0));
        Assert.Equal((CartesianShape.NoRank, 1), shape.Shift(0, 1));
        Assert.Equal((2, CartesianShape.NoRank), shape.Shift(3, 1));
        Assert.Equal((3, CartesianShape.NoRank), shape.Shift(1, 1, -2));
        Assert.Equal((0, 0), shape.Shift(0, 0, 3));
        Assert.Equal([8, 4, CartesianShape.NoRank, 1], shape.Neighbours(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => shape.Shift(0, 2));
    }

    [Fact]
    public void What_is_no_box_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => new CartesianShape([]));
        Assert.Throws<ArgumentException>(() => new CartesianShape([2, 0]));
        Assert.Throws<ArgumentException>(() => new CartesianShape([2, 2], [true]));
        Assert.Throws<OverflowException>(() => new CartesianShape([100_000, 100_000]));
        Assert.Equal("3 (periodic)x4", new CartesianShape([3, 4], [true, false]).ToString());
    }
}
