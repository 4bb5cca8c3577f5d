using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace HashJoin;

/// <summary>What the query asks for, as plain numbers that add up over ranks in any order.</summary>
internal sealed class JoinResult
{
    private const int RevenueAt = Priorities.Count;
    private const int ChecksumAt = 2 * Priorities.Count;
    private const int OrdersAt = ChecksumAt + 1;
    private const int LinesReadAt = ChecksumAt + 2;

    /// <summary>Lines by priority, revenue by priority, checksum, orders seen, lines seen: what is reduced over the ranks.</summary>
    public long[] Cells { get; } = new long[ChecksumAt + 3];

    public Span<long> Lines => Cells.AsSpan(0, Priorities.Count);

    /// <summary>In 1/10,000 of the currency.</summary>
    public Span<long> Revenue => Cells.AsSpan(RevenueAt, Priorities.Count);

    /// <summary>Sum of a hash of every joined row, so the order of rows does not matter but every bit of them does.</summary>
    public ref long Checksum => ref Cells[ChecksumAt];

    public ref long OrdersSeen => ref Cells[OrdersAt];

    public ref long LinesSeen => ref Cells[LinesReadAt];

    public long JoinedRows
    {
        get
        {
            long sum = 0;
            foreach (long lines in Lines)
                sum += lines;
            return sum;
        }
    }

    /// <summary>Probes the orders with some lines.</summary>
    public void Join(OrderTable orders, ReadOnlySpan<LineRow> lines)
    {
        LinesSeen += lines.Length;
        foreach (ref readonly LineRow line in lines)
        {
            int priority = orders.Find(line.Key);
            if (priority >= 0)
                Add(line, priority);
        }
    }

    public void Add(in LineRow line, int priority)
    {
        Lines[priority]++;
        Revenue[priority] = checked(Revenue[priority] + line.Revenue);
        JoinedRow row = new(line.Key, line.PriceCents, line.DiscountPercent, priority);
        Checksum = unchecked(Checksum + (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(new ReadOnlySpan<JoinedRow>(in row))));
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct JoinedRow(long Key, int PriceCents, int DiscountPercent, int Priority);
}
