using System.Buffers;
using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>A message of any length in unmanaged memory of its own, given back when disposed.</summary>
/// <remarks>There is no finalizer: a span of it must never outlive its memory, so whoever receives it disposes it.</remarks>
public sealed unsafe class Received<T> : MemoryManager<T>
    where T : unmanaged
{
    private byte* _block;
    private readonly long _bytes;

    internal Received(byte* block, long bytes, Status status)
    {
        (_bytes, Status) = (bytes, status);
        _block = block;
    }

    /// <summary>Who sent it, with which tag, how many bytes.</summary>
    public Status Status { get; }

    /// <summary>The number of elements.</summary>
    public long Count => _bytes / sizeof(T);

    /// <summary>
    /// The elements, when a span can hold them: up to 2,147,483,647. <see cref="Pieces"/> has them whatever their number.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are more.</exception>
    public Span<T> Span => GetSpan();

    /// <inheritdoc/>
    public override Span<T> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_block is null && _bytes > 0, this);
        return Count <= int.MaxValue
            ? new Span<T>(_block, (int)Count)
            : throw new InvalidOperationException(
                $"The message has {Count} elements, more than a span or a memory can hold ({int.MaxValue}); " +
                "Received.Pieces() has them in pieces.");
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_block is null && _bytes > 0, this);
        CheckIndex(elementIndex, Count);
        return new MemoryHandle((T*)_block + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
        // The memory is unmanaged and stays where it is.
    }

    /// <summary>The elements in pieces, for messages longer than a span can be.</summary>
    public IEnumerable<ReadOnlyMemory<T>> Pieces()
    {
        const int pieceElements = 1 << 28;
        for (long start = 0; start < Count; start += pieceElements)
            yield return new Piece(this, start, (int)Math.Min(pieceElements, Count - start)).Memory;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_block is not null)
            NativeBlocks.Free(_block);
        _block = null;
    }

    private static void CheckIndex(int elementIndex, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, count);
    }

    private sealed class Piece(Received<T> owner, long start, int count) : MemoryManager<T>
    {
        public override Span<T> GetSpan()
        {
            ObjectDisposedException.ThrowIf(owner._block is null, owner);
            return new Span<T>((T*)owner._block + start, count);
        }

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ObjectDisposedException.ThrowIf(owner._block is null, owner);
            CheckIndex(elementIndex, count);
            return new MemoryHandle((T*)owner._block + start + elementIndex);
        }

        public override void Unpin()
        {
            // As above.
        }

        protected override void Dispose(bool disposing)
        {
            // The message owns the memory.
        }
    }
}
