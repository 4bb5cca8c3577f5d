using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BoxerMpi.Collectives;

/// <summary>A commutative operation on an element and on a vector register of elements.</summary>
internal interface IElementOp<T>
{
    static abstract T Apply(T earlier, T later);

    static abstract Vector<T> Apply(Vector<T> earlier, Vector<T> later);
}

/// <summary>Folds with vector registers where the type has them, element by element where not.</summary>
internal sealed class VectorOp<T, TOp>(string name) : ReduceOp<T>(name, isCommutative: true)
    where T : unmanaged
    where TOp : struct, IElementOp<T>
{
    public override void Fold(Span<T> accumulator, ReadOnlySpan<T> later) => VectorFold.Run<T, TOp>(accumulator, later);
}

/// <summary>Folds bools as bytes.</summary>
internal sealed class BoolOp<TOp>(string name) : ReduceOp<bool>(name, isCommutative: true)
    where TOp : struct, IElementOp<byte>
{
    public override void Fold(Span<bool> accumulator, ReadOnlySpan<bool> later) =>
        VectorFold.Run<byte, TOp>(MemoryMarshal.AsBytes(accumulator), MemoryMarshal.AsBytes(later));
}

internal static class VectorFold
{
    public static void Run<T, TOp>(Span<T> accumulator, ReadOnlySpan<T> later)
        where T : unmanaged
        where TOp : struct, IElementOp<T>
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(later.Length, accumulator.Length);
        ref T a = ref MemoryMarshal.GetReference(accumulator);
        ref T b = ref MemoryMarshal.GetReference(later);
        nuint count = (nuint)accumulator.Length;
        nuint i = 0;
        if (Vector.IsHardwareAccelerated && Vector<T>.IsSupported)
        {
            nuint width = (nuint)Vector<T>.Count;

            // Four registers at a time keep both load ports busy and hide the latency of floating-point additions.
            for (; i + 4 * width <= count; i += 4 * width)
            {
                Vector<T> first = TOp.Apply(Load(ref a, i), Load(ref b, i));
                Vector<T> second = TOp.Apply(Load(ref a, i + width), Load(ref b, i + width));
                Vector<T> third = TOp.Apply(Load(ref a, i + 2 * width), Load(ref b, i + 2 * width));
                Vector<T> fourth = TOp.Apply(Load(ref a, i + 3 * width), Load(ref b, i + 3 * width));
                Store(first, ref a, i);
                Store(second, ref a, i + width);
                Store(third, ref a, i + 2 * width);
                Store(fourth, ref a, i + 3 * width);
            }

            for (; i + width <= count; i += width)
                Store(TOp.Apply(Load(ref a, i), Load(ref b, i)), ref a, i);
        }

        for (; i < count; i++)
            Unsafe.Add(ref a, i) = TOp.Apply(Unsafe.Add(ref a, i), Unsafe.Add(ref b, i));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> Load<T>(ref T start, nuint index) =>
        Unsafe.ReadUnaligned<Vector<T>>(ref Unsafe.As<T, byte>(ref Unsafe.Add(ref start, index)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(Vector<T> value, ref T start, nuint index) =>
        Unsafe.WriteUnaligned(ref Unsafe.As<T, byte>(ref Unsafe.Add(ref start, index)), value);
}

internal readonly struct SumOf<T> : IElementOp<T>
    where T : unmanaged, INumber<T>
{
    public static T Apply(T earlier, T later) => unchecked(earlier + later);

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => earlier + later;
}

internal readonly struct ProductOf<T> : IElementOp<T>
    where T : unmanaged, INumber<T>
{
    public static T Apply(T earlier, T later) => unchecked(earlier * later);

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => earlier * later;
}

internal readonly struct MinOf<T> : IElementOp<T>
    where T : unmanaged, INumber<T>
{
    public static T Apply(T earlier, T later) => T.Min(earlier, later);

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => Vector.Min(earlier, later);
}

internal readonly struct MaxOf<T> : IElementOp<T>
    where T : unmanaged, INumber<T>
{
    public static T Apply(T earlier, T later) => T.Max(earlier, later);

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => Vector.Max(earlier, later);
}

internal readonly struct AndOf<T> : IElementOp<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static T Apply(T earlier, T later) => earlier & later;

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => earlier & later;
}

internal readonly struct OrOf<T> : IElementOp<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static T Apply(T earlier, T later) => earlier | later;

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => earlier | later;
}

internal readonly struct XorOf<T> : IElementOp<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static T Apply(T earlier, T later) => earlier ^ later;

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) => earlier ^ later;
}

internal readonly struct LogicalAndOf<T> : IElementOp<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static T Apply(T earlier, T later) => !T.IsZero(earlier) && !T.IsZero(later) ? T.One : T.Zero;

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) =>
        Vector.AndNot(Vector<T>.One, Vector.Equals(earlier, Vector<T>.Zero) | Vector.Equals(later, Vector<T>.Zero));
}

internal readonly struct LogicalOrOf<T> : IElementOp<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static T Apply(T earlier, T later) => !T.IsZero(earlier) || !T.IsZero(later) ? T.One : T.Zero;

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) =>
        Vector.AndNot(Vector<T>.One, Vector.Equals(earlier | later, Vector<T>.Zero));
}

internal readonly struct LogicalXorOf<T> : IElementOp<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static T Apply(T earlier, T later) => !T.IsZero(earlier) != !T.IsZero(later) ? T.One : T.Zero;

    public static Vector<T> Apply(Vector<T> earlier, Vector<T> later) =>
        (Vector.Equals(earlier, Vector<T>.Zero) ^ Vector.Equals(later, Vector<T>.Zero)) & Vector<T>.One;
}
