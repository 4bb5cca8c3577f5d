using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Set operations on groups.</summary>
public sealed class GroupTests
{
    private static readonly Gen<int[]> Members = Gen.Int[0, 12].Array[0, 9].Select(ranks => ranks.Distinct().ToArray());

    [Fact]
    public void Set_operations_keep_the_order_of_the_first_group()
    {
        Group a = new([5, 1, 3, 0]), b = new([3, 7, 5]);
        Assert.Equal([5, 1, 3, 0, 7], a.Union(b).Members.ToArray());
        Assert.Equal([5, 3], a.Intersection(b).Members.ToArray());
        Assert.Equal([1, 0], a.Difference(b).Members.ToArray());
        Assert.Equal([0, 5], a.Include(3, 0).Members.ToArray());
        Assert.Equal([1, 3], a.Exclude(3, 0).Members.ToArray());
        Assert.Equal([2, -1], new[] { b.Translate(2, new Group([1, 2, 5])), a.Translate(1, b) });
    }

    [Fact]
    public void Set_operations_agree_with_sets() =>
        Gen.Select(Members, Members).Sample(
            (x, y) =>
            {
                Group a = new(x), b = new(y);
                Assert.Equal(x.Union(y), a.Union(b).Members.ToArray());
                Assert.Equal(x.Intersect(y), a.Intersection(b).Members.ToArray());
                Assert.Equal(x.Except(y), a.Difference(b).Members.ToArray());
                for (int i = 0; i < x.Length; i++)
                {
                    Assert.Equal(Array.IndexOf(y, x[i]), a.Translate(i, b));
                    Assert.Equal(i, a.PositionOf(x[i]));
                }

                GroupComparison expected = x.SequenceEqual(y) ? GroupComparison.Identical
                    : x.Order().SequenceEqual(y.Order()) ? GroupComparison.Similar : GroupComparison.Unequal;
                Assert.Equal(expected, a.Compare(b));
                Assert.Equal(expected, b.Compare(a));
            },
            iter: 2_000, threads: 1);

    [Fact]
    public void Ranks_out_of_range_and_twice_are_refused()
    {
        Group group = new([0, 1, 2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Include(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Exclude(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Translate(3, group));
        Assert.Throws<ArgumentException>(() => group.Include(1, 1));
        Assert.Throws<ArgumentException>(() => new Group([4, 2, 4]));
        Assert.Throws<ArgumentNullException>(() => group.Union(null!));
        Assert.Equal(0, new Group([]).Size);
        Assert.Equal(-1, group.PositionOf(-1));
        Assert.False(new Group([1, 2]).Contains(0));
    }
}
