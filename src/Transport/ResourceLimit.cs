using System.Runtime.InteropServices;

namespace BoxerMpi.Transport;

/// <summary>A limit of this process; laid out like the kernel's <c>struct rlimit</c>.</summary>
internal unsafe partial struct ResourceLimit
{
    public const int OpenFiles = 7; // RLIMIT_NOFILE

    public ulong Soft;
    public ulong Hard;

    /// <returns>Zero, or -1.</returns>
    [LibraryImport("libc", EntryPoint = "getrlimit")]
    public static partial int Get(int resource, ResourceLimit* limit);

    /// <returns>Zero, or -1.</returns>
    [LibraryImport("libc", EntryPoint = "setrlimit")]
    public static partial int Set(int resource, ResourceLimit* limit);
}
