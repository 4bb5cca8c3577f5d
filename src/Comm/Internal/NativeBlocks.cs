using System.Numerics;
using System.Runtime.InteropServices;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>
/// Unmanaged memory for messages that came before their receive; blocks are kept for the next one, large ones up to 4 MiB in all.
/// </summary>
/// <remarks>Used under the engine's gate, except <see cref="Free"/>, which any thread may call for a block it owns.</remarks>
internal sealed unsafe class NativeBlocks
{
    private const int SmallestShift = 6;
    private const int LargestSmallShift = 16;
    private const int LargestShift = 22;
    private const int KeptPerSize = 64;

    // What one peer's credit holds: memory that is new each time costs more in page faults than the copy into it.
    private const long LargestKeptBytes = WireLimits.CreditWindowBytes;

    private readonly Stack<nint>[] _kept = [.. Enumerable.Range(0, LargestShift - SmallestShift + 1).Select(_ => new Stack<nint>())];
    private long _keptLargeBytes;

    /// <summary>A block of at least this many bytes; null for none.</summary>
    /// <exception cref="OutOfMemoryException">There is no such block.</exception>
    public byte* Rent(long bytes)
    {
        if (bytes == 0)
            return null;
        int size = SizeClass(bytes);
        if (size < 0)
            return (byte*)NativeMemory.Alloc((nuint)bytes);
        if (!_kept[size].TryPop(out nint block))
            return (byte*)NativeMemory.Alloc((nuint)BytesOf(size));
        if (size > LargestSmallShift - SmallestShift)
            _keptLargeBytes -= BytesOf(size);
        return (byte*)block;
    }

    public void Return(byte* block, long bytes)
    {
        int size = SizeClass(bytes);
        if (block is null)
            return;
        if (size < 0 || !Keeps(size))
            Free(block);
        else
            _kept[size].Push((nint)block);
    }

    public static void Free(byte* block) => NativeMemory.Free(block);

    /// <summary>Frees what is kept.</summary>
    public void Clear()
    {
        foreach (Stack<nint> kept in _kept)
        {
            while (kept.TryPop(out nint block))
                Free((byte*)block);
        }
    }

    private bool Keeps(int size)
    {
        if (size <= LargestSmallShift - SmallestShift)
            return _kept[size].Count < KeptPerSize;
        if (_keptLargeBytes + BytesOf(size) > LargestKeptBytes)
            return false;
        _keptLargeBytes += BytesOf(size);
        return true;
    }

    private static long BytesOf(int size) => 1L << (size + SmallestShift);

    private static int SizeClass(long bytes)
    {
        if (bytes > 1 << LargestShift)
            return -1;
        return Math.Max(0, BitOperations.Log2((ulong)Math.Max(bytes - 1, 1)) + 1 - SmallestShift);
    }
}
