using System.Numerics;
using System.Runtime.InteropServices;

namespace BoxerMpi.Collectives;

/// <summary>Native memory for the scratch regions of schedules, kept for the next call in sizes of powers of two.</summary>
internal static unsafe class ScratchMemory
{
    private const int Alignment = 64;
    private const int SmallestShift = 10;
    private const int LargestKeptShift = 26;
    private const int KeptPerSize = 8;
    private const long LargestKeptBytes = 256L << 20;

    private static readonly Lock Gate = new();
    private static readonly nint[] Kept = new nint[(LargestKeptShift + 1) * KeptPerSize];
    private static readonly int[] KeptCount = new int[LargestKeptShift + 1];
    private static long _keptBytes;

    /// <summary>Memory of at least this many bytes with undefined contents; 0 for none.</summary>
    /// <exception cref="OutOfMemoryException">There is no such memory.</exception>
    public static nint Rent(long bytes)
    {
        if (bytes == 0)
            return 0;
        int shift = ShiftOf(bytes);
        if (shift > LargestKeptShift)
            return (nint)NativeMemory.AlignedAlloc(checked((nuint)bytes), Alignment);
        lock (Gate)
        {
            if (KeptCount[shift] > 0)
            {
                _keptBytes -= 1L << shift;
                return Kept[shift * KeptPerSize + --KeptCount[shift]];
            }
        }

        return (nint)NativeMemory.AlignedAlloc((nuint)1 << shift, Alignment);
    }

    public static void Return(nint memory, long bytes)
    {
        if (memory == 0)
            return;
        int shift = ShiftOf(bytes);
        if (shift <= LargestKeptShift)
        {
            lock (Gate)
            {
                if (KeptCount[shift] < KeptPerSize && _keptBytes + (1L << shift) <= LargestKeptBytes)
                {
                    _keptBytes += 1L << shift;
                    Kept[shift * KeptPerSize + KeptCount[shift]++] = memory;
                    return;
                }
            }
        }

        NativeMemory.AlignedFree((void*)memory);
    }

    private static int ShiftOf(long bytes) => Math.Max(SmallestShift, BitOperations.Log2((ulong)(bytes - 1) | 1) + 1);
}
