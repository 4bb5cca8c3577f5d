namespace BoxerMpi;

/// <summary>Which elements of a buffer belong to which rank: a count and a displacement for each. Made once, used for many calls.</summary>
/// <remarks>
/// Blocks may overlap where they are only read: the same elements may go to several ranks. A call that writes to the blocks of a layout
/// refuses one whose blocks overlap. Schedules are cached by the instance. MPI 4.1 §6.5 (recvcounts and displs).
/// </remarks>
public sealed class BlockLayout
{
    private readonly long[] _counts;
    private readonly long[] _displacements;

    private BlockLayout(long[] counts, long[] displacements)
    {
        _counts = counts;
        _displacements = displacements;
        for (int rank = 0; rank < counts.Length; rank++)
        {
            Total = Sum(Total, counts[rank], rank);
            Extent = Math.Max(Extent, counts[rank] == 0 ? 0 : Sum(displacements[rank], counts[rank], rank));
        }

        long next = 0;
        IsContiguous = true;
        for (int rank = 0; rank < counts.Length; rank++)
        {
            IsContiguous &= displacements[rank] == next;
            next += counts[rank];
        }

        if (!IsContiguous)
            Overlap = FindOverlap(counts, displacements);
    }

    /// <summary>The number of blocks: the size of the communicators it fits.</summary>
    public int Size => _counts.Length;

    /// <summary>The elements of all blocks.</summary>
    public long Total { get; }

    /// <summary>The elements that a buffer needs at least: the end of the block that ends last.</summary>
    public long Extent { get; }

    /// <summary>Whether the blocks follow each other in the order of the ranks, without gaps.</summary>
    public bool IsContiguous { get; }

    /// <summary>The elements of each rank.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>The first element of each rank.</summary>
    public ReadOnlySpan<long> Displacements => _displacements;

    /// <summary>Two ranks whose blocks share elements, or null.</summary>
    internal (int First, int Second)? Overlap { get; }

    /// <summary>Blocks one after the other, in the order of the ranks.</summary>
    /// <exception cref="ArgumentException">There are no counts, or one is negative.</exception>
    /// <exception cref="OverflowException">The counts add up to more than 2⁶³−1.</exception>
    public static BlockLayout FromCounts(params ReadOnlySpan<int> counts)
    {
        long[] wide = new long[counts.Length];
        for (int rank = 0; rank < counts.Length; rank++)
            wide[rank] = counts[rank];
        return Contiguous(wide);
    }

    /// <inheritdoc cref="FromCounts(ReadOnlySpan{int})"/>
    public static BlockLayout FromCounts(params ReadOnlySpan<long> counts) => Contiguous(counts.ToArray());

    /// <summary>Blocks anywhere in a buffer.</summary>
    /// <param name="counts">The elements of each rank.</param>
    /// <param name="displacements">The first element of each rank.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a number is negative.</exception>
    public static BlockLayout FromCounts(ReadOnlySpan<long> counts, ReadOnlySpan<long> displacements)
    {
        CheckCounts(counts);
        if (displacements.Length != counts.Length)
        {
            throw new ArgumentException(
                $"There are {counts.Length} counts but {displacements.Length} displacements; each rank has one of both.",
                nameof(displacements));
        }

        for (int rank = 0; rank < displacements.Length; rank++)
        {
            if (displacements[rank] < 0)
                throw new ArgumentException(
                    $"The displacement of rank {rank} is {displacements[rank]}; it may not be negative.", nameof(displacements));
        }

        return new(counts.ToArray(), displacements.ToArray());
    }

    /// <summary>The same count for every rank, one block after the other.</summary>
    /// <exception cref="ArgumentException">The size is not positive or the count negative.</exception>
    public static BlockLayout Uniform(int size, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        long[] counts = new long[size];
        Array.Fill(counts, count);
        return Contiguous(counts);
    }

    /// <summary>The elements of <paramref name="rank"/>.</summary>
    public long Count(int rank) => _counts[rank];

    /// <summary>The first element of <paramref name="rank"/>.</summary>
    public long Displacement(int rank) => _displacements[rank];

    /// <inheritdoc/>
    public override string ToString() => $"{Size} blocks, {Total} elements";

    private static BlockLayout Contiguous(long[] counts)
    {
        CheckCounts(counts);
        long[] displacements = new long[counts.Length];
        for (int rank = 1; rank < counts.Length; rank++)
            displacements[rank] = Sum(displacements[rank - 1], counts[rank - 1], rank - 1);
        return new(counts, displacements);
    }

    private static (int First, int Second)? FindOverlap(long[] counts, long[] displacements)
    {
        int[] order = [.. Enumerable.Range(0, counts.Length).Where(rank => counts[rank] > 0).OrderBy(rank => displacements[rank])];
        for (int i = 1; i < order.Length; i++)
        {
            (int before, int after) = (order[i - 1], order[i]);
            if (displacements[before] + counts[before] > displacements[after])
                return (before, after);
        }

        return null;
    }

    private static long Sum(long before, long count, int rank) => count <= long.MaxValue - before
        ? before + count
        : throw new OverflowException(
            $"The block of rank {rank}, {count} elements behind {before} others, ends beyond element {long.MaxValue}.");

    private static void CheckCounts(ReadOnlySpan<long> counts)
    {
        if (counts.IsEmpty)
            throw new ArgumentException("A layout has one count for each rank; there are none.", nameof(counts));
        for (int rank = 0; rank < counts.Length; rank++)
        {
            if (counts[rank] < 0)
                throw new ArgumentException($"The count of rank {rank} is {counts[rank]}; it may not be negative.", nameof(counts));
        }
    }
}
