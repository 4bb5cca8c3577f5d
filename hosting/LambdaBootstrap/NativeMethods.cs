using System.Runtime.InteropServices;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>Signals, which .NET does not send, and what the kernel counts of children.</summary>
internal static class NativeMethods
{
    public const int SigKill = 9, SigTerm = 15;

    private const int RusageChildren = -1;

    /// <summary>A negative id is a whole process group.</summary>
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Kill(int process, int signal);

    /// <summary>Processor time of the children that have ended: in user mode and in the kernel.</summary>
    public static (TimeSpan User, TimeSpan System) ChildrenTimes()
    {
        // struct rusage on 64-bit Linux: two timevals of seconds and microseconds, then 14 counters.
        long[] usage = new long[18];
        return ResourceUsage(RusageChildren, usage) == 0 ? (Time(usage, 0), Time(usage, 2)) : default;
    }

    private static TimeSpan Time(long[] usage, int index) =>
        TimeSpan.FromSeconds(usage[index]) + TimeSpan.FromMicroseconds(usage[index + 1]);

    [DllImport("libc", EntryPoint = "getrusage", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ResourceUsage(int who, [Out] long[] usage);
}
