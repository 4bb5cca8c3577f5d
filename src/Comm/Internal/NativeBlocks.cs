using System.Numerics;
using System.Runtime.InteropServices;

namespace BoxerMpi.Internal;

/// <summary>Unmanaged memory for messages that came before their receive; small blocks are kept for the next one.</summary>
/// <remarks>Used under the engine's gate, except <see cref="Free"/>, which any thread may call for a block it owns.</remarks>
internal sealed unsafe class NativeBlocks
{
    private const int SmallestShift = 6;
    private const int LargestShift = 16;
    private const int KeptPerSize = 64;

    private readonly Stack<nint>[] _kept = [.. Enumerable.Range(0, LargestShift - SmallestShift + 1).Select(_ => new Stack<nint>())];

    /// <summary>A block of at least this many bytes; null for none.</summary>
    /// <exception cref="OutOfMemoryException">There is no such block.</exception>
    public byte* Rent(long bytes)
    {
        if (bytes == 0)
            return null;
        int size = SizeClass(bytes);
        if (size < 0)
            return (byte*)NativeMemory.Alloc((nuint)bytes);
        return _kept[size].TryPop(out nint block) ? (byte*)block : (byte*)NativeMemory.Alloc((nuint)1 << (size + SmallestShift));
    }

    public void Return(byte* block, long bytes)
    {
        int size = SizeClass(bytes);
        if (block is null)
            return;
        if (size >= 0 && _kept[size].Count < KeptPerSize)
            _kept[size].Push((nint)block);
        else
            Free(block);
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

    private static int SizeClass(long bytes)
    {
        if (bytes > 1 << LargestShift)
            return -1;
        return Math.Max(0, BitOperations.Log2((ulong)Math.Max(bytes - 1, 1)) + 1 - SmallestShift);
    }
}
