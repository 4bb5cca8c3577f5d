using System.Runtime.InteropServices;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Relay;

/// <summary>The clock by which the kernel stamps packets, and waiting by it.</summary>
internal static unsafe partial class PacketClock
{
    private const int Real = 0, TimerSlack = 29, RoundRobin = 2;

    /// <summary>Nanoseconds since 1970.</summary>
    public static long Now
    {
        get
        {
            long* time = stackalloc long[2];
            _ = GetTime(Real, time);
            return (time[0] * 1_000_000_000) + time[1];
        }
    }

    /// <summary>The calling thread's sleeps end when they are to end; otherwise up to 50 µs later.</summary>
    public static void SharpenTimers() => _ = Control(TimerSlack, 1, 0, 0, 0);

    /// <summary>
    /// The calling thread comes before all others when there is a packet: what the lab's processes compute must not become delay.
    /// The kernel keeps it from more than 95 % of the time (sched_rt_runtime_us).
    /// </summary>
    public static void Prefer()
    {
        int priority = 1;
        _ = SetScheduler(0, RoundRobin, &priority);
    }

    /// <summary>Waits for a descriptor, or for a time to pass; for ever when that is negative.</summary>
    public static void Wait(NativeMethods.PollDescriptor* descriptors, int count, long nanoseconds)
    {
        long* time = stackalloc long[2];
        (time[0], time[1]) = Math.DivRem(nanoseconds, 1_000_000_000);
        _ = Poll(descriptors, (nuint)count, nanoseconds < 0 ? null : time, null);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int GetTime(int clock, long* time);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int process, int policy, int* priority);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int Poll(NativeMethods.PollDescriptor* descriptors, nuint count, long* time, void* signals);
}
