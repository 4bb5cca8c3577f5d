using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace HashJoin;

/// <summary>What the join needs of a row of <c>orders</c>: 12 bytes on the wire.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct OrderRow(long Key, int Priority);

/// <summary>What the join needs of a row of <c>lineitem</c>; money is whole cents and whole percents, so that sums are exact.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct LineRow(long Key, int PriceCents, int DiscountPercent)
{
    /// <summary>l_extendedprice × (1 − l_discount) in 1/10,000 of the currency.</summary>
    public long Revenue => (long)PriceCents * (100 - DiscountPercent);
}

/// <summary>Rows [First, First + Count) of a table.</summary>
internal readonly record struct RowRange(long First, long Count)
{
    public long End => First + Count;

    /// <summary>The share of one rank: the ranks' shares cover the table once and differ by one row at most.</summary>
    public static RowRange Of(long rows, int rank, int size)
    {
        long first = (long)((Int128)rows * rank / size);
        return new RowRange(first, (long)((Int128)rows * (rank + 1) / size) - first);
    }
}

/// <summary>Decides which rank owns a key; the same on every rank and every machine.</summary>
internal static class Owner
{
    // The hash's high bits choose the rank (multiply instead of modulo); OrderTable uses a hash of its own, so that
    // the keys of one rank do not crowd into one part of its table.
    public static int Of(long key, int size)
    {
        ulong hash = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in key)));
        return (int)Math.BigMul(hash, (ulong)size, out _);
    }

    /// <summary>Reorders rows so that those of one owner stand together: counts first, then one copy of every row.</summary>
    public static ReadOnlyMemory<T>[] Partition<T>(T[] rows, Func<T, int> ownerOf, int size)
    {
        int[] owners = new int[rows.Length];
        int[] next = new int[size + 1];
        for (int i = 0; i < rows.Length; i++)
        {
            owners[i] = ownerOf(rows[i]);
            next[owners[i] + 1]++;
        }

        for (int owner = 0; owner < size; owner++)
            next[owner + 1] += next[owner];

        ReadOnlyMemory<T>[] parts = new ReadOnlyMemory<T>[size];
        T[] ordered = new T[rows.Length];
        for (int owner = 0; owner < size; owner++)
            parts[owner] = ordered.AsMemory(next[owner], next[owner + 1] - next[owner]);
        for (int i = 0; i < rows.Length; i++)
            ordered[next[owners[i]]++] = rows[i];
        return parts;
    }
}
