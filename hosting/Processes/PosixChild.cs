using System.Runtime.InteropServices;

namespace BoxerMpi.Processes;

/// <summary>A child whose end is noticed at once but which stays a zombie until <see cref="Reap"/>.</summary>
/// <remarks>
/// Invariant: until <see cref="Reap"/> the kernel cannot give the process id to anyone else, so a signal to the
/// group can only reach this child's own descendants, even after the child itself has ended.
/// </remarks>
internal sealed class PosixChild
{
    private const int WaitForExit = 4;
    private const int ByProcessId = 1;

    // The thread only waits: the smallest stack the runtime grants is enough.
    private const int WatcherStackBytes = 128 * 1024;

    private readonly Action<ExitStatus> _exited;
    private readonly Thread _watcher;

    /// <param name="id">A process that this process has just spawned.</param>
    /// <param name="exited">Called once, on a thread of its own.</param>
    public PosixChild(int id, Action<ExitStatus> exited)
    {
        Id = id;
        _exited = exited;
        _watcher = new Thread(Watch, WatcherStackBytes) { IsBackground = true, Name = $"wait for {id}" };
        _watcher.Start();
    }

    public int Id { get; }

    /// <summary>Signals the child's whole process group; false when there is nobody left in it.</summary>
    public bool SignalGroup(int signal) => NativeMethods.Kill(-Id, signal) == 0;

    /// <summary>Takes the ended child off the process table; call it when the group needs no more signals.</summary>
    public unsafe ResourceUsage? Reap()
    {
        const int NoHang = 1;
        long* usage = stackalloc long[18];
        int status;
        if (NativeMethods.Wait4(Id, &status, NoHang, usage) != Id)
            return null;

        // struct rusage starts with user and system time (seconds, microseconds) and ru_maxrss: KiB on Linux, bytes on macOS.
        return new ResourceUsage(
            usage[4] * (OperatingSystem.IsMacOS() ? 1 : 1024),
            Time(usage[0], (int)usage[1]),
            Time(usage[2], (int)usage[3]));

        static TimeSpan Time(long seconds, int microseconds) => TimeSpan.FromSeconds(seconds) + TimeSpan.FromMicroseconds(microseconds);
    }

    private unsafe void Watch()
    {
        int noReap = OperatingSystem.IsMacOS() ? 0x20 : 0x01000000;
        int statusIndex = OperatingSystem.IsMacOS() ? 5 : 6;
        int* information = stackalloc int[32];
        while (NativeMethods.WaitId(ByProcessId, (uint)Id, information, WaitForExit | noReap) != 0)
        {
            if (Marshal.GetLastPInvokeError() == NativeMethods.ErrorInterrupted)
                continue;

            // Somebody made the system reap children by itself (SIGCHLD ignored): the end is known, the code is not.
            _exited(new ExitStatus(1, 0));
            return;
        }

        // siginfo_t: signal, error, code (1 = exited, else killed), … status.
        bool exited = information[2] == 1;
        int status = information[statusIndex];
        _exited(exited ? new ExitStatus(status, 0) : new ExitStatus(0, status));
    }
}
