using System.Runtime.InteropServices;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Hosts;

/// <summary>Copies the launcher's standard input to ranks: to all for <c>--stdin all</c>, and to one when it is a terminal.</summary>
/// <remarks>
/// A rank is in a session of its own, so the kernel would let it read the terminal whoever is in the foreground. The launcher reads in its
/// place, only while it is in the foreground itself, and no more once nobody has a pipe's other end.
/// A rank that does not read holds the others up once its pipe is full; a rank that has ended does not.
/// </remarks>
/// <param name="entered">Called with each line that was entered at a terminal.</param>
internal sealed class StandardInputFeeder(Action entered)
{
    // A shell's fg tells a job that runs nothing, so the terminal has to be asked.
    private const int BackgroundMilliseconds = 100;

    private readonly List<Pipe> _pipes = [];

    public static bool IsTerminal { get; } = NativeMethods.IsUnix && NativeMethods.IsTerminal(0) == 1;

    /// <summary>A descriptor for one rank to read from; close it with <see cref="Pipe.CloseReadEnd"/> once the rank has it.</summary>
    public Pipe Add()
    {
        Pipe pipe = Pipe.Create();
        _pipes.Add(pipe);
        return pipe;
    }

    /// <summary>All ranks are there: starts copying.</summary>
    public void Start()
    {
        // A read that comes too late to the foreground's end then fails instead of stopping the launcher without its ranks.
        if (IsTerminal)
            _ = NativeMethods.SetHandler(NativeMethods.SigTerminalInput, NativeMethods.Ignore);
        new Thread(Copy, 256 * 1024) { IsBackground = true, Name = "standard input" }.Start();
    }

    private void Copy()
    {
        byte[] chunk = new byte[16 * 1024];
        while (_pipes.Count > 0 && (IsTerminal ? ReadTerminal(chunk) : Pipe.Read(0, chunk)) is > 0 and int count)
        {
            if (IsTerminal)
                entered();
            for (int i = _pipes.Count - 1; i >= 0; i--)
            {
                if (!_pipes[i].TryWrite(chunk.AsSpan(0, count)))
                    Remove(i);
            }
        }

        foreach (Pipe pipe in _pipes)
            pipe.Dispose();
    }

    /// <summary>What is entered next; 0 at the end, and when nobody reads.</summary>
    private unsafe int ReadTerminal(byte[] chunk)
    {
        while (true)
        {
            bool isInFront = IsInForeground();
            NativeMethods.PollDescriptor[] polled =
            [
                new() { Descriptor = isInFront ? 0 : -1, Events = NativeMethods.PollIn },
                .. _pipes.Select(pipe => new NativeMethods.PollDescriptor { Descriptor = pipe.WriteEnd }),
            ];
            fixed (NativeMethods.PollDescriptor* first = polled)
                _ = NativeMethods.Poll(first, (nuint)polled.Length, isInFront ? -1 : BackgroundMilliseconds);
            for (int i = _pipes.Count - 1; i >= 0; i--)
            {
                if (polled[i + 1].Returned != 0)
                    Remove(i);
            }

            if (_pipes.Count == 0)
                return 0;
            if (polled[0].Returned == 0 || !IsInForeground())
                continue;

            nint count;
            fixed (byte* start = chunk)
                count = NativeMethods.Read(0, start, (nuint)chunk.Length);
            if (count >= 0)
                return (int)count;

            int error = Marshal.GetLastPInvokeError();
            bool isPassing = error == NativeMethods.ErrorInterrupted || error == NativeMethods.ErrorAgain;
            if (!isPassing && IsInForeground())
                return 0;
        }
    }

    private void Remove(int index)
    {
        _pipes[index].Dispose();
        _pipes.RemoveAt(index);
    }

    private static bool IsInForeground()
    {
        // -1: not this session's terminal, so there is no foreground to respect.
        int foreground = NativeMethods.ForegroundGroup(0);
        return foreground == -1 || foreground == NativeMethods.OwnGroup();
    }
}
