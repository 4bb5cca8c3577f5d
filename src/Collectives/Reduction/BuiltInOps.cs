using System.Numerics;

namespace BoxerMpi.Collectives;

/// <summary>The ready-made operations.</summary>
internal enum BuiltInOp
{
    Sum,
    Product,
    Min,
    Max,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    LogicalAnd,
    LogicalOr,
    LogicalXor,
}

/// <summary>Makes the ready-made operations of a type; no reflection, so that ahead-of-time compilation sees all of them.</summary>
internal static class BuiltInOps
{
    /// <summary>One for each <see cref="BuiltInOp"/>; null where the type has no such operation.</summary>
    public static ReduceOp<T>?[] Create<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
            return As<T, byte>(Integers<byte>());
        if (typeof(T) == typeof(sbyte))
            return As<T, sbyte>(Integers<sbyte>());
        if (typeof(T) == typeof(short))
            return As<T, short>(Integers<short>());
        if (typeof(T) == typeof(ushort))
            return As<T, ushort>(Integers<ushort>());
        if (typeof(T) == typeof(int))
            return As<T, int>(Integers<int>());
        if (typeof(T) == typeof(uint))
            return As<T, uint>(Integers<uint>());
        if (typeof(T) == typeof(long))
            return As<T, long>(Integers<long>());
        if (typeof(T) == typeof(ulong))
            return As<T, ulong>(Integers<ulong>());
        if (typeof(T) == typeof(nint))
            return As<T, nint>(Integers<nint>());
        if (typeof(T) == typeof(nuint))
            return As<T, nuint>(Integers<nuint>());
        if (typeof(T) == typeof(char))
            return As<T, char>(Integers<char>());
        if (typeof(T) == typeof(Int128))
            return As<T, Int128>(Integers<Int128>());
        if (typeof(T) == typeof(UInt128))
            return As<T, UInt128>(Integers<UInt128>());
        if (typeof(T) == typeof(float))
            return As<T, float>(Numbers<float>());
        if (typeof(T) == typeof(double))
            return As<T, double>(Numbers<double>());
        if (typeof(T) == typeof(Half))
            return As<T, Half>(Numbers<Half>());
        if (typeof(T) == typeof(decimal))
            return As<T, decimal>(Numbers<decimal>());
        if (typeof(T) == typeof(bool))
            return As<T, bool>(Bools());
        return new ReduceOp<T>?[Enum.GetValues<BuiltInOp>().Length];
    }

    private static ReduceOp<T>?[] As<T, TActual>(ReduceOp<TActual>?[] ops)
        where T : unmanaged
        where TActual : unmanaged => (ReduceOp<T>?[])(object)ops;

    private static ReduceOp<T>?[] Numbers<T>()
        where T : unmanaged, INumber<T>
    {
        ReduceOp<T>?[] ops = new ReduceOp<T>?[Enum.GetValues<BuiltInOp>().Length];
        ops[(int)BuiltInOp.Sum] = new VectorOp<T, SumOf<T>>(nameof(BuiltInOp.Sum));
        ops[(int)BuiltInOp.Product] = new VectorOp<T, ProductOf<T>>(nameof(BuiltInOp.Product));
        ops[(int)BuiltInOp.Min] = new VectorOp<T, MinOf<T>>(nameof(BuiltInOp.Min));
        ops[(int)BuiltInOp.Max] = new VectorOp<T, MaxOf<T>>(nameof(BuiltInOp.Max));
        return ops;
    }

    private static ReduceOp<T>?[] Integers<T>()
        where T : unmanaged, IBinaryInteger<T>
    {
        ReduceOp<T>?[] ops = Numbers<T>();
        ops[(int)BuiltInOp.BitwiseAnd] = new VectorOp<T, AndOf<T>>(nameof(BuiltInOp.BitwiseAnd));
        ops[(int)BuiltInOp.BitwiseOr] = new VectorOp<T, OrOf<T>>(nameof(BuiltInOp.BitwiseOr));
        ops[(int)BuiltInOp.BitwiseXor] = new VectorOp<T, XorOf<T>>(nameof(BuiltInOp.BitwiseXor));
        ops[(int)BuiltInOp.LogicalAnd] = new VectorOp<T, LogicalAndOf<T>>(nameof(BuiltInOp.LogicalAnd));
        ops[(int)BuiltInOp.LogicalOr] = new VectorOp<T, LogicalOrOf<T>>(nameof(BuiltInOp.LogicalOr));
        ops[(int)BuiltInOp.LogicalXor] = new VectorOp<T, LogicalXorOf<T>>(nameof(BuiltInOp.LogicalXor));
        return ops;
    }

    /// <summary>A bool is a byte that is 0 or not.</summary>
    private static ReduceOp<bool>?[] Bools()
    {
        ReduceOp<bool>?[] ops = new ReduceOp<bool>?[Enum.GetValues<BuiltInOp>().Length];
        ops[(int)BuiltInOp.BitwiseAnd] = new BoolOp<LogicalAndOf<byte>>(nameof(BuiltInOp.BitwiseAnd));
        ops[(int)BuiltInOp.BitwiseOr] = new BoolOp<LogicalOrOf<byte>>(nameof(BuiltInOp.BitwiseOr));
        ops[(int)BuiltInOp.BitwiseXor] = new BoolOp<LogicalXorOf<byte>>(nameof(BuiltInOp.BitwiseXor));
        ops[(int)BuiltInOp.LogicalAnd] = new BoolOp<LogicalAndOf<byte>>(nameof(BuiltInOp.LogicalAnd));
        ops[(int)BuiltInOp.LogicalOr] = new BoolOp<LogicalOrOf<byte>>(nameof(BuiltInOp.LogicalOr));
        ops[(int)BuiltInOp.LogicalXor] = new BoolOp<LogicalXorOf<byte>>(nameof(BuiltInOp.LogicalXor));
        return ops;
    }
}
