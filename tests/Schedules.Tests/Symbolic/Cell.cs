using System.Numerics;

namespace BoxerMpi.Schedules.Tests;

/// <summary>One symbolic byte: which ranks' byte at which place of their send buffers it is, or is the fold of.</summary>
/// <param name="Offset">The place in the send buffer, or -1 for memory that nobody has written.</param>
/// <param name="Ranks">The ranks folded into it, as bits.</param>
/// <param name="First">The first of them.</param>
/// <param name="Last">The last of them.</param>
internal readonly record struct Cell(long Offset, ulong Ranks, int First, int Last)
{
    public static readonly Cell Undefined = new(-1, 0, -1, -1);

    public static Cell Of(int rank, long offset) => new(offset, 1UL << rank, rank, rank);

    public static Cell Fold(long offset, int size) => new(offset, size == 64 ? ulong.MaxValue : (1UL << size) - 1, 0, size - 1);

    /// <summary>The fold of this with what comes from later ranks; null with a reason when that is wrong.</summary>
    public Cell? With(Cell later, bool commutative, out string reason)
    {
        reason = Offset < 0 || later.Offset < 0 ? "undefined memory is folded"
            : Offset != later.Offset ? "different places of a vector are folded"
            : (Ranks & later.Ranks) != 0 ? "a rank is folded twice"
            : !commutative && later.First != Last + 1 ? "ranks are folded out of order"
            : "";
        return reason.Length == 0
            ? new(Offset, Ranks | later.Ranks, Math.Min(First, later.First), Math.Max(Last, later.Last))
            : null;
    }

    public override string ToString() => Offset < 0 ? "undefined"
        : BitOperations.PopCount(Ranks) == 1 ? $"byte {Offset} of rank {First}"
        : $"byte {Offset} of ranks {Ranks:b}";
}
