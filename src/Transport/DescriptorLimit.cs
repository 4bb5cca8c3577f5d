namespace BoxerMpi.Transport;

/// <summary>How many file descriptors this process may have, and whether few of them are left.</summary>
/// <remarks>
/// A process without descriptors does not go on: the runtime itself needs one here and there and ends it. So strangers, of whom
/// there may be any number, give way before.
/// </remarks>
internal static class DescriptorLimit
{
    // For what the runtime opens by itself (assemblies, name look-ups, event queues) and what a program has open for a moment.
    private const int LargestReserve = 64;
    private const int SmallestReserve = 16;

    /// <summary>Strangers that there may always be: whoever is to become a member or a link is one for a round trip.</summary>
    public const int LeastStrangers = 8;

    /// <summary>Descriptors that this process may have now; <see cref="int.MaxValue"/> where that is not known.</summary>
    public static int Current => OperatingSystem.IsLinux() && TryRead(out ResourceLimit limit)
        ? (int)Math.Min(limit.Soft, int.MaxValue)
        : int.MaxValue;

    /// <summary>Descriptors that are left free for what cannot wait.</summary>
    public static int Reserve => ReserveOf(Current);

    /// <summary>What to tell when there was no descriptor.</summary>
    public static string Shortage =>
        "no file descriptor is left"
        + (Current == int.MaxValue ? "" : $" (this process may have {Current})")
        + "; raise the limit (ulimit -n), or have fewer files and connections open";

    /// <summary>Descriptors that are open now, or 0 where that is not known.</summary>
    public static int Open
    {
        get
        {
            if (!OperatingSystem.IsLinux())
                return 0;
            try
            {
                return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }

    /// <summary>Raises the soft limit to the hard one, as the runtime of programs that are not compiled ahead of time does by itself.</summary>
    public static unsafe void Raise()
    {
        if (!OperatingSystem.IsLinux() || !TryRead(out ResourceLimit limit) || limit.Soft >= limit.Hard)
            return;

        // Where the system does not want it, the limit stays as it is, and is kept to.
        limit.Soft = limit.Hard;
        _ = ResourceLimit.Set(ResourceLimit.OpenFiles, &limit);
    }

    /// <summary>Descriptors of a limit that are left free.</summary>
    public static int ReserveOf(int limit) => Math.Clamp(limit / 8, SmallestReserve, LargestReserve);

    /// <summary>Whether so many are in use that a newcomer who can be spared has to go.</summary>
    /// <param name="newest">A descriptor that was opened just now.</param>
    public static bool IsNear(int newest) => newest >= Current - Reserve;

    private static unsafe bool TryRead(out ResourceLimit limit)
    {
        fixed (ResourceLimit* target = &limit)
            return ResourceLimit.Get(ResourceLimit.OpenFiles, target) == 0;
    }
}
