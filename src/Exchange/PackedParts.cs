using System.Buffers;
using System.Runtime.InteropServices;

namespace BoxerMpi;

/// <summary>The parts of an exchange as one buffer and a layout; parts that already stand one after the other are not copied.</summary>
internal sealed class PackedParts<T> : IDisposable
    where T : unmanaged
{
    private T[]? _rented;

    private PackedParts(ReadOnlyMemory<T> all, BlockLayout layout, T[]? rented)
    {
        All = all;
        Layout = layout;
        _rented = rented;
    }

    public ReadOnlyMemory<T> All { get; }

    public BlockLayout Layout { get; }

    public static PackedParts<T> From(IReadOnlyList<ReadOnlyMemory<T>> parts, int size)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count != size)
            throw new ArgumentException(
                $"There are {parts.Count} parts for {size} ranks; give one part for each rank, empty where there is nothing.",
                nameof(parts));

        long[] counts = new long[size];
        for (int rank = 0; rank < size; rank++)
            counts[rank] = parts[rank].Length;
        BlockLayout layout = BlockLayout.FromCounts(counts);
        if (TryJoin(parts, out ReadOnlyMemory<T> joined))
            return new PackedParts<T>(joined, layout, rented: null);

        if (layout.Total > Array.MaxLength)
            throw new OverflowException($"The parts hold {layout.Total} elements, more than one memory can hold ({Array.MaxLength}).");
        T[] rented = ArrayPool<T>.Shared.Rent((int)layout.Total);
        int filled = 0;
        foreach (ReadOnlyMemory<T> part in parts)
        {
            part.CopyTo(rented.AsMemory(filled));
            filled += part.Length;
        }

        return new PackedParts<T>(rented.AsMemory(0, filled), layout, rented);
    }

    public void Dispose()
    {
        T[]? rented = Interlocked.Exchange(ref _rented, null);
        if (rented is not null)
            ArrayPool<T>.Shared.Return(rented);
    }

    /// <summary>Forgets the buffer without giving it back: an operation that failed may still read it.</summary>
    public void Abandon() => _rented = null;

    // A partitioning by counting sort cuts its parts from one array.
    private static bool TryJoin(IReadOnlyList<ReadOnlyMemory<T>> parts, out ReadOnlyMemory<T> joined)
    {
        joined = default;
        ArraySegment<T> all = default;
        foreach (ReadOnlyMemory<T> part in parts)
        {
            if (part.IsEmpty)
                continue;
            if (!MemoryMarshal.TryGetArray(part, out ArraySegment<T> segment))
                return false;
            if (all.Array is null)
                all = segment;
            else if (segment.Array == all.Array && segment.Offset == all.Offset + all.Count)
                all = new ArraySegment<T>(all.Array, all.Offset, all.Count + segment.Count);
            else
                return false;
        }

        joined = all;
        return true;
    }
}
