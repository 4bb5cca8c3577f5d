using System.Buffers;

namespace BoxerMpi;

/// <summary>What an exchange brought, block after block in the order of the sources, in one piece of pooled memory.</summary>
/// <typeparam name="T">The element type.</typeparam>
public sealed class Exchanged<T> : IDisposable
    where T : unmanaged
{
    private readonly BlockLayout _layout;
    private T[]? _rented;

    private Exchanged(BlockLayout layout, T[] rented)
    {
        _layout = layout;
        _rented = rented;
    }

    /// <summary>The elements received, this rank's own part included.</summary>
    public int Count => (int)_layout.Total;

    /// <summary>
    /// Everything received: the part of rank 0, then that of rank 1, and so on. Not to be used after <see cref="Dispose"/>.
    /// </summary>
    public ReadOnlyMemory<T> All => Writable;

    /// <summary>How many elements came from each rank, and where they stand in <see cref="All"/>.</summary>
    public BlockLayout Layout => _layout;

    internal Memory<T> Writable
    {
        get
        {
            ObjectDisposedException.ThrowIf(_rented is null, this);
            return _rented.AsMemory(0, Count);
        }
    }

    /// <summary>The part that one rank sent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public ReadOnlyMemory<T> From(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, _layout.Size);
        return Writable.Slice((int)_layout.Displacement(rank), (int)_layout.Count(rank));
    }

    /// <summary>Gives the memory back to the pool.</summary>
    public void Dispose()
    {
        T[]? rented = Interlocked.Exchange(ref _rented, null);
        if (rented is not null)
            ArrayPool<T>.Shared.Return(rented);
    }

    /// <exception cref="OverflowException">More elements than one <see cref="Memory{T}"/> can hold.</exception>
    internal static Exchanged<T> Rent(ReadOnlySpan<long> counts)
    {
        BlockLayout layout = BlockLayout.FromCounts(counts);
        if (layout.Total > Array.MaxLength)
        {
            throw new OverflowException(
                $"This rank would receive {layout.Total} elements, more than one memory can hold ({Array.MaxLength}); " +
                "exchange in several turns or use a streaming exchange.");
        }

        return new Exchanged<T>(layout, ArrayPool<T>.Shared.Rent((int)layout.Total));
    }
}
