using System.Runtime.InteropServices;

namespace BoxerMpi.Processes;

/// <summary>
/// What the launcher asks of libc and .NET does not offer: spawning into a session, group signals, resource usage, polled pipes.
/// </summary>
internal static unsafe partial class NativeMethods
{
    private const string Libc = "libc";

    // The same on Linux and macOS unless said otherwise.
    public const int SigHup = 1, SigInt = 2, SigQuit = 3, SigKill = 9, SigPipe = 13, SigTerm = 15, SigTerminalInput = 21;
    public const nint Ignore = 1;
    public const int ErrorInterrupted = 4, ErrorNoSuchFile = 2, ErrorExec = 8, ErrorAccess = 13, ErrorBrokenPipe = 32;
    public const short PollIn = 1, PollOut = 4, PollHangUp = 16;

    public static bool IsUnix => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();
    public static int SigUser1 => OperatingSystem.IsMacOS() ? 30 : 10;
    public static int SigUser2 => OperatingSystem.IsMacOS() ? 31 : 12;
    public static int SigContinue => OperatingSystem.IsMacOS() ? 19 : 18;
    public static int SigStop => OperatingSystem.IsMacOS() ? 17 : 19;
    public static int ErrorAgain => OperatingSystem.IsMacOS() ? 35 : 11;

    // <spawn.h>; glibc and musl agree, macOS has its own and can close everything that is not named.
    public static short SpawnFlags => OperatingSystem.IsMacOS()
        ? (short)(0x0400 /* SETSID */ | 0x0004 /* SETSIGDEF */ | 0x0008 /* SETSIGMASK */ | 0x4000 /* CLOEXEC_DEFAULT */)
        : (short)(0x80 /* SETSID */ | 0x04 /* SETSIGDEF */ | 0x08 /* SETSIGMASK */);

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport(Libc, EntryPoint = "sched_getaffinity")]
    public static partial int GetAffinity(int process, nint bytes, byte* mask);

    [LibraryImport(Libc, EntryPoint = "sched_setaffinity")]
    public static partial int SetAffinity(int process, nint bytes, byte* mask);

    [LibraryImport(Libc, EntryPoint = "posix_spawn")]
    public static partial int Spawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** environment);

    /// <summary>Returns only when it fails.</summary>
    [LibraryImport(Libc, EntryPoint = "execvpe", SetLastError = true)]
    public static partial int Execute(byte* file, byte** arguments, byte** environment);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int InitActions(void* actions);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int DestroyActions(void* actions);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int AddDuplicate(void* actions, int from, int to);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_addopen")]
    public static partial int AddOpen(void* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_addchdir_np")]
    public static partial int AddChangeDirectory(void* actions, byte* path);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_init")]
    public static partial int InitAttributes(void* attributes);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int DestroyAttributes(void* attributes);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SetFlags(void* attributes, short flags);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SetDefaultSignals(void* attributes, void* set);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SetSignalMask(void* attributes, void* set);

    [LibraryImport(Libc, EntryPoint = "sigfillset")]
    public static partial int FillSignals(void* set);

    [LibraryImport(Libc, EntryPoint = "sigemptyset")]
    public static partial int EmptySignals(void* set);

    [LibraryImport(Libc, EntryPoint = "waitid", SetLastError = true)]
    public static partial int WaitId(int kind, uint id, int* information, int options);

    [LibraryImport(Libc, EntryPoint = "wait4", SetLastError = true)]
    public static partial int Wait4(int pid, int* status, int options, long* usage);

    [LibraryImport(Libc, EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int pid, int signal);

    [LibraryImport(Libc, EntryPoint = "signal")]
    public static partial nint SetHandler(int signal, nint handler);

    [LibraryImport(Libc, EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe2(int* ends, int flags);

    [LibraryImport(Libc, EntryPoint = "pipe", SetLastError = true)]
    public static partial int Pipe(int* ends);

    [LibraryImport(Libc, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int descriptor, void* buffer, nuint count);

    [LibraryImport(Libc, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int descriptor, void* buffer, nuint count);

    [LibraryImport(Libc, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport(Libc, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport(Libc, EntryPoint = "access", SetLastError = true)]
    public static partial int Access(byte* path, int mode);

    [LibraryImport(Libc, EntryPoint = "getcwd", SetLastError = true)]
    public static partial byte* CurrentFolder(byte* buffer, nuint size);

    [LibraryImport(Libc, EntryPoint = "isatty")]
    public static partial int IsTerminal(int descriptor);

    [LibraryImport(Libc, EntryPoint = "tcgetpgrp")]
    public static partial int ForegroundGroup(int descriptor);

    [LibraryImport(Libc, EntryPoint = "getpgrp")]
    public static partial int OwnGroup();
}
