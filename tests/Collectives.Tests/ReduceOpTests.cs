using System.Numerics;

namespace BoxerMpi.Collectives.Tests;

/// <summary>The ready-made operations against the same thing element by element, in lengths around the vector width.</summary>
public sealed class ReduceOpTests
{
    private static readonly int[] Lengths = [0, 1, 2, 7, 31, 32, 33, 64, 127, 129, 1000];

    [Fact]
    public void Integers_fold_as_one_by_one()
    {
        CheckInteger<byte>();
        CheckInteger<sbyte>();
        CheckInteger<short>();
        CheckInteger<ushort>();
        CheckInteger<int>();
        CheckInteger<uint>();
        CheckInteger<long>();
        CheckInteger<ulong>();
        CheckInteger<nint>();
        CheckInteger<nuint>();
        CheckInteger<char>();
        CheckInteger<Int128>();
        CheckInteger<UInt128>();
    }

    [Fact]
    public void Other_numbers_fold_as_one_by_one()
    {
        CheckNumber<float>(i => i * 0.5f - 7);
        CheckNumber<double>(i => i * 0.25 - 7);
        CheckNumber<Half>(i => (Half)(i % 13 * 0.5));
        CheckNumber<decimal>(i => i * 0.1m - 7);
    }

    [Fact]
    public void What_is_not_a_number_wins_minimum_and_maximum()
    {
        double[] accumulator = new double[40];
        double[] later = new double[40];
        later[3] = double.NaN;
        accumulator[37] = double.NaN;
        ReduceOp<double>.Min.Fold(accumulator, later);
        Assert.Equal([3, 37], Enumerable.Range(0, 40).Where(i => double.IsNaN(accumulator[i])));
    }

    [Fact]
    public void Bools_fold_as_truth_values()
    {
        bool[] truths = [false, false, true, true];
        bool[] later = [false, true, false, true];
        Assert.Equal([false, false, false, true], Folded(ReduceOp<bool>.LogicalAnd, truths, later));
        Assert.Equal([false, true, true, true], Folded(ReduceOp<bool>.LogicalOr, truths, later));
        Assert.Equal([false, true, true, false], Folded(ReduceOp<bool>.LogicalXor, truths, later));
        Assert.Equal([false, true, true, false], Folded(ReduceOp<bool>.BitwiseXor, truths, later));
        Assert.Throws<NotSupportedException>(() => ReduceOp<bool>.Sum);
    }

    [Fact]
    public void Operations_that_a_type_does_not_have_say_so()
    {
        Assert.Contains("ReduceOp<Double>.BitwiseAnd", Assert.Throws<NotSupportedException>(
            () => ReduceOp<double>.BitwiseAnd).Message, StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => ReduceOp<Guid>.Sum);
        Assert.Throws<NotSupportedException>(() => ReduceOp<DayOfWeek>.Max);
    }

    [Fact]
    public void Own_operations_get_earlier_and_later()
    {
        ReduceOp<int> subtract = ReduceOp.Create<int>((earlier, later) => earlier - later);
        Assert.False(subtract.IsCommutative);
        Assert.Equal([7, -1], Folded(subtract, [10, 1], [3, 2]));
        ReduceOp<int> kernel = ReduceOp.FromKernel<int>((accumulator, later) => later.CopyTo(accumulator), commutative: true);
        Assert.True(kernel.IsCommutative);
        Assert.Equal([3, 2], Folded(kernel, [10, 1], [3, 2]));
    }

    [Fact]
    public void Layouts_are_checked()
    {
        BlockLayout layout = BlockLayout.FromCounts(2, 0, 3);
        Assert.Equal((3, 5L, 5L, true, 2L), (layout.Size, layout.Total, layout.Extent, layout.IsContiguous, layout.Displacement(2)));
        BlockLayout gaps = BlockLayout.FromCounts([2, 0, 3], [5, 0, 1]);
        Assert.Equal((5L, 7L, false), (gaps.Total, gaps.Extent, gaps.IsContiguous));
        Assert.Equal([4L, 4L], BlockLayout.Uniform(2, 4).Counts.ToArray());
        Assert.Throws<ArgumentException>(() => BlockLayout.FromCounts(1, -1));
        Assert.Throws<ArgumentException>(() => BlockLayout.FromCounts(Array.Empty<long>()));
        Assert.Throws<ArgumentException>(() => BlockLayout.FromCounts([1L, 2], [0L]));
        Assert.Throws<ArgumentException>(() => BlockLayout.FromCounts([1L, 2], [0L, -1]));
        OverflowException beyond = Assert.Throws<OverflowException>(() => BlockLayout.FromCounts(long.MaxValue, 1L, 1L));
        Assert.StartsWith("The block of rank 1, 1 elements behind 9223372036854775807 others", beyond.Message, StringComparison.Ordinal);
    }

    private static void CheckInteger<T>()
        where T : unmanaged, IBinaryInteger<T>
    {
        CheckNumber(i => T.CreateTruncating(i * 7919 + 3));
        Check(ReduceOp<T>.BitwiseAnd, (a, b) => a & b, Mixed);
        Check(ReduceOp<T>.BitwiseOr, (a, b) => a | b, Mixed);
        Check(ReduceOp<T>.BitwiseXor, (a, b) => a ^ b, Mixed);
        Check(ReduceOp<T>.LogicalAnd, (a, b) => a != T.Zero && b != T.Zero ? T.One : T.Zero, Mixed);
        Check(ReduceOp<T>.LogicalOr, (a, b) => a != T.Zero || b != T.Zero ? T.One : T.Zero, Mixed);
        Check(ReduceOp<T>.LogicalXor, (a, b) => a != T.Zero ^ b != T.Zero ? T.One : T.Zero, Mixed);

        static T Mixed(int i) => i % 3 == 0 ? T.Zero : T.CreateTruncating(i * 40503);
    }

    private static void CheckNumber<T>(Func<int, T> value)
        where T : unmanaged, INumber<T>
    {
        Check(ReduceOp<T>.Sum, (a, b) => unchecked(a + b), value);
        Check(ReduceOp<T>.Product, (a, b) => unchecked(a * b), value);
        Check(ReduceOp<T>.Min, T.Min, value);
        Check(ReduceOp<T>.Max, T.Max, value);
    }

    private static void Check<T>(ReduceOp<T> op, Func<T, T, T> expected, Func<int, T> value)
        where T : unmanaged
    {
        foreach (int length in Lengths)
        {
            T[] accumulator = [.. Enumerable.Range(0, length).Select(value)];
            T[] later = [.. Enumerable.Range(0, length).Select(i => value(length - i + 5))];
            Assert.Equal([.. accumulator.Zip(later, expected)], Folded(op, accumulator, later));
        }
    }

    private static T[] Folded<T>(ReduceOp<T> op, T[] accumulator, T[] later)
        where T : unmanaged
    {
        T[] result = accumulator.ToArray();
        op.Fold(result, later);
        return result;
    }
}
