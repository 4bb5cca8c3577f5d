using System.Buffers;

namespace BoxerMpi;

/// <summary>A block of rows from one rank; disposing it makes room for the next one.</summary>
/// <typeparam name="T">The element type.</typeparam>
public sealed class Arrival<T> : IDisposable
    where T : unmanaged
{
    private readonly int _count;
    private readonly SemaphoreSlim _room;
    private T[]? _block;

    internal Arrival(int source, T[] block, int count, SemaphoreSlim room)
    {
        Source = source;
        _block = block;
        _count = count;
        _room = room;
    }

    /// <summary>The rank that wrote the rows.</summary>
    public int Source { get; }

    /// <summary>The rows, in the order in which the source wrote them. Not to be used after <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<T> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_block is null, this);
            return _block.AsMemory(0, _count);
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        T[]? block = Interlocked.Exchange(ref _block, null);
        if (block is null)
            return;
        ArrayPool<T>.Shared.Return(block);
        _room.Release();
    }
}
