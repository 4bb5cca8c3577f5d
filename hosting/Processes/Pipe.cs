using System.ComponentModel;
using System.Runtime.InteropServices;

namespace BoxerMpi.Processes;

/// <summary>A pipe whose ends no child inherits unless they are named in its <see cref="SpawnRequest"/>.</summary>
internal sealed class Pipe : IDisposable
{
    private int _readEnd;
    private int _writeEnd;

    private Pipe(int readEnd, int writeEnd) => (_readEnd, _writeEnd) = (readEnd, writeEnd);

    public int ReadEnd => _readEnd;

    public int WriteEnd => _writeEnd;

    public static unsafe Pipe Create()
    {
        int* ends = stackalloc int[2];

        // macOS has no pipe2; there the spawn flags close everything that is not named.
        int result = OperatingSystem.IsMacOS() ? NativeMethods.Pipe(ends) : NativeMethods.Pipe2(ends, flags: 0x80000 /* O_CLOEXEC */);
        return result == 0
            ? new Pipe(ends[0], ends[1])
            : throw new Win32Exception(Marshal.GetLastPInvokeError(), "Cannot create a pipe: " + Marshal.GetLastPInvokeErrorMessage());
    }

    public void CloseReadEnd() => Close(ref _readEnd);

    public void CloseWriteEnd() => Close(ref _writeEnd);

    /// <summary>Hands the reading end to somebody who will close it.</summary>
    public int TakeReadEnd() => Interlocked.Exchange(ref _readEnd, -1);

    /// <summary>Writes everything; false when the reader is gone.</summary>
    public bool TryWrite(ReadOnlySpan<byte> bytes) => TryWrite(_writeEnd, bytes);

    /// <summary>Writes everything to a descriptor, waiting when it is a full non-blocking one; false when the reader is gone.</summary>
    public static unsafe bool TryWrite(int descriptor, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint written;
            fixed (byte* start = bytes)
                written = NativeMethods.Write(descriptor, start, (nuint)bytes.Length);
            if (written >= 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == NativeMethods.ErrorAgain)
            {
                NativeMethods.PollDescriptor wait = new() { Descriptor = descriptor, Events = NativeMethods.PollOut };
                _ = NativeMethods.Poll(&wait, 1, -1);
            }
            else if (error != NativeMethods.ErrorInterrupted)
                return false;
        }

        return true;
    }

    /// <summary>Reads once; 0 at the end or when the descriptor has failed.</summary>
    public static unsafe int Read(int descriptor, Span<byte> buffer)
    {
        while (true)
        {
            nint count;
            fixed (byte* start = buffer)
                count = NativeMethods.Read(descriptor, start, (nuint)buffer.Length);
            if (count >= 0)
                return (int)count;

            int error = Marshal.GetLastPInvokeError();
            if (error == NativeMethods.ErrorAgain)
            {
                NativeMethods.PollDescriptor wait = new() { Descriptor = descriptor, Events = NativeMethods.PollIn };
                _ = NativeMethods.Poll(&wait, 1, -1);
            }
            else if (error != NativeMethods.ErrorInterrupted)
                return 0;
        }
    }

    public void Dispose()
    {
        CloseReadEnd();
        CloseWriteEnd();
    }

    private static void Close(ref int end)
    {
        int descriptor = Interlocked.Exchange(ref end, -1);
        if (descriptor >= 0)
            _ = NativeMethods.Close(descriptor);
    }
}
