using System.Numerics;
using BoxerMpi.Collectives;

namespace BoxerMpi;

/// <summary>Folds elements of later ranks into an accumulator that holds the fold of earlier ranks.</summary>
/// <typeparam name="T">The element.</typeparam>
/// <param name="accumulator">What earlier ranks give; takes the result, element by element.</param>
/// <param name="later">What later ranks give, of the same length.</param>
public delegate void ReduceKernel<T>(Span<T> accumulator, ReadOnlySpan<T> later)
    where T : unmanaged;

/// <summary>An operation that folds the vectors of all ranks into one. All are taken as associative. MPI 4.1 §6.9.</summary>
public abstract class ReduceOp
{
    private protected ReduceOp(string name, bool isCommutative)
    {
        Name = name;
        IsCommutative = isCommutative;
    }

    /// <summary>The name in messages.</summary>
    public string Name { get; }

    /// <summary>Whether ranks may be folded in any order; otherwise they are folded in the order of their ranks.</summary>
    public bool IsCommutative { get; }

    /// <summary>An operation on single elements.</summary>
    /// <param name="function">Gets what earlier ranks give and what later ranks give.</param>
    /// <param name="commutative">Whether the order of its arguments does not matter; faster when it does not.</param>
    public static ReduceOp<T> Create<T>(Func<T, T, T> function, bool commutative = false)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(function);
        return new FunctionOp<T>(function, commutative);
    }

    /// <summary>An operation on spans, for what is faster a vector at a time.</summary>
    /// <param name="kernel">Folds a span of later ranks into the accumulator of earlier ranks.</param>
    /// <param name="commutative">Whether the order of ranks does not matter; faster when it does not.</param>
    public static ReduceOp<T> FromKernel<T>(ReduceKernel<T> kernel, bool commutative = false)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return new KernelOp<T>("kernel", kernel, commutative);
    }

    /// <summary>
    /// The smallest value and where it is; of equal values the one with the smallest index. A value that is not a number wins.
    /// </summary>
    public static ReduceOp<ValueAt<T>> MinLocation<T>()
        where T : unmanaged, INumber<T> => LocationOp<T>.Min;

    /// <summary>
    /// The largest value and where it is; of equal values the one with the smallest index. A value that is not a number wins.
    /// </summary>
    public static ReduceOp<ValueAt<T>> MaxLocation<T>()
        where T : unmanaged, INumber<T> => LocationOp<T>.Max;

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Whether it is the library's own code throughout: it takes little time for little data, calls nothing and does not fail.</summary>
    internal virtual bool IsBuiltIn => true;

    /// <summary>Folds bytes that hold whole elements.</summary>
    internal abstract unsafe void Fold(byte* accumulator, byte* later, long bytes);

    private static class LocationOp<T>
        where T : unmanaged, INumber<T>
    {
        public static readonly ReduceOp<ValueAt<T>> Min = new KernelOp<ValueAt<T>>(
            "MinLocation", (accumulator, later) => Locate(accumulator, later, smallest: true), isCommutative: true, typeof(T).IsPrimitive);

        public static readonly ReduceOp<ValueAt<T>> Max = new KernelOp<ValueAt<T>>(
            "MaxLocation", (accumulator, later) => Locate(accumulator, later, smallest: false), isCommutative: true, typeof(T).IsPrimitive);

        private static void Locate(Span<ValueAt<T>> accumulator, ReadOnlySpan<ValueAt<T>> later, bool smallest)
        {
            for (int i = 0; i < accumulator.Length; i++)
            {
                (ValueAt<T> a, ValueAt<T> b) = (accumulator[i], later[i]);
                bool aIsNumber = !T.IsNaN(a.Value);
                bool bIsNumber = !T.IsNaN(b.Value);
                bool equal = a.Value == b.Value || (!aIsNumber && !bIsNumber);
                if (equal ? b.Index < a.Index : !bIsNumber || (aIsNumber && (smallest ? b.Value < a.Value : b.Value > a.Value)))
                    accumulator[i] = b;
            }
        }
    }
}

/// <summary>An operation on elements of type <typeparamref name="T"/>.</summary>
/// <typeparam name="T">Any unmanaged type; the ready-made operations are for the primitive ones.</typeparam>
public abstract class ReduceOp<T> : ReduceOp
    where T : unmanaged
{
    // A span holds at most 2³¹−1 elements; longer vectors are folded piece by piece.
    private const int LongestSpan = 1 << 30;

    private protected ReduceOp(string name, bool isCommutative)
        : base(name, isCommutative)
    {
    }

    /// <summary>The sum; integers wrap around.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is not a number.</exception>
    public static ReduceOp<T> Sum => Ready.Get(BuiltInOp.Sum);

    /// <summary>The product; integers wrap around.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is not a number.</exception>
    public static ReduceOp<T> Product => Ready.Get(BuiltInOp.Product);

    /// <summary>The smallest value; one that is not a number wins, as in <see cref="Math.Min(double, double)"/>.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is not a number.</exception>
    public static ReduceOp<T> Min => Ready.Get(BuiltInOp.Min);

    /// <summary>The largest value; one that is not a number wins, as in <see cref="Math.Max(double, double)"/>.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is not a number.</exception>
    public static ReduceOp<T> Max => Ready.Get(BuiltInOp.Max);

    /// <summary>Bit by bit and.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither an integer nor bool.</exception>
    public static ReduceOp<T> BitwiseAnd => Ready.Get(BuiltInOp.BitwiseAnd);

    /// <summary>Bit by bit or.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither an integer nor bool.</exception>
    public static ReduceOp<T> BitwiseOr => Ready.Get(BuiltInOp.BitwiseOr);

    /// <summary>Bit by bit exclusive or.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither an integer nor bool.</exception>
    public static ReduceOp<T> BitwiseXor => Ready.Get(BuiltInOp.BitwiseXor);

    /// <summary>1 (true) where no rank gives 0 (false), else 0.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither an integer nor bool.</exception>
    public static ReduceOp<T> LogicalAnd => Ready.Get(BuiltInOp.LogicalAnd);

    /// <summary>1 (true) where some rank does not give 0 (false), else 0.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither an integer nor bool.</exception>
    public static ReduceOp<T> LogicalOr => Ready.Get(BuiltInOp.LogicalOr);

    /// <summary>1 (true) where an odd number of ranks does not give 0 (false), else 0.</summary>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither an integer nor bool.</exception>
    public static ReduceOp<T> LogicalXor => Ready.Get(BuiltInOp.LogicalXor);

    /// <summary>Folds elements of later ranks into those of earlier ranks.</summary>
    /// <param name="accumulator">What earlier ranks give; takes the result.</param>
    /// <param name="later">What later ranks give, of the same length.</param>
    public abstract void Fold(Span<T> accumulator, ReadOnlySpan<T> later);

    internal override unsafe void Fold(byte* accumulator, byte* later, long bytes)
    {
        long count = bytes / sizeof(T);
        for (long first = 0; first < count; first += LongestSpan)
        {
            int length = (int)Math.Min(LongestSpan, count - first);
            Fold(new Span<T>((T*)accumulator + first, length), new ReadOnlySpan<T>((T*)later + first, length));
        }
    }

    /// <summary>The operations of this type, made when the first of them is asked for.</summary>
    private static class Ready
    {
        private static readonly ReduceOp<T>?[] Ops = BuiltInOps.Create<T>();

        public static ReduceOp<T> Get(BuiltInOp op) => Ops[(int)op] ?? throw new NotSupportedException(
            $"ReduceOp<{typeof(T).Name}>.{op} does not exist: it is for " +
            $"{(op <= BuiltInOp.Max ? "primitive numbers" : "integers and bool")}. " +
            "Use ReduceOp.Create or ReduceOp.FromKernel for other types.");
    }
}

/// <summary>A value and where it is: what the location operations work on.</summary>
/// <typeparam name="T">The value.</typeparam>
/// <param name="Value">The value.</param>
/// <param name="Index">Its place: a rank, or an index into a distributed vector.</param>
public readonly record struct ValueAt<T>(T Value, long Index)
    where T : unmanaged;
