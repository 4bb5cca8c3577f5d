using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BoxerMpi.Transport;

/// <summary>Files and folders that boxer makes for itself: nobody but their owner, and root, gets at them.</summary>
/// <remarks>What a user names (reports, files of output) is not among them: those have the modes that the user's umask says.</remarks>
internal static partial class PrivateFiles
{
    private const UnixFileMode OfFiles = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OfFolders = OfFiles | UnixFileMode.UserExecute; // and of programs
    private const UnixFileMode OfOthers = (UnixFileMode)0x3F;

    /// <summary>Makes a folder that was not there: where others may write as well, theirs is never taken for ours.</summary>
    /// <exception cref="IOException">There is something of that name, or it cannot be made.</exception>
    public static string CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return Directory.CreateDirectory(path).FullName;
        return MakeFolder(path, (uint)OfFolders) == 0
            ? Path.GetFullPath(path)
            : throw new IOException($"{path} cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Makes a folder, with those above it, unless it is there: for places in which only its owner may write.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static string EnsureFolder(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            return full;

        // Those above it would have the modes that the umask says.
        if (Path.GetDirectoryName(full) is { } above)
            EnsureFolder(above);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(full);
        else
            Directory.CreateDirectory(full, OfFolders);
        return full;
    }

    /// <summary>Opens a file for writing; when it makes one, it is private from the first moment.</summary>
    public static FileStream Open(string path, FileMode mode, FileShare share = FileShare.Read, bool executable = false)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
            options.UnixCreateMode = executable ? OfFolders : OfFiles;
        return new FileStream(path, options);
    }

    /// <summary>Opens a new file without a name that anybody knows; it goes when it is closed.</summary>
    public static FileStream OpenTemporary(string folder)
    {
        FileStreamOptions options = new()
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OfFiles;
        return new FileStream(Path.Combine(folder, Guid.NewGuid().ToString("N")), options);
    }

    /// <summary>Whether a folder is of this process's user, and a folder, not a link to one.</summary>
    public static bool IsOwnFolder(string path) =>
        OperatingSystem.IsLinux() && TryStatus(path, out Status status) && status.IsFolder && status.Owner == EffectiveUser();

    /// <summary>Whether there is a socket at a path.</summary>
    public static bool IsSocket(string path) => OperatingSystem.IsLinux()
        ? TryStatus(path, out Status status) && status.IsSocket
        : new FileInfo(path) is { Exists: true, Length: 0 };

    /// <summary>Gives a file to its owner alone.</summary>
    public static void Restrict(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, OfFiles);
    }

    /// <summary>The same for the path that a socket is going to be bound to, on Linux.</summary>
    public static void Restrict(Socket socket)
    {
        using SafeFileHandle handle = new(socket.Handle, ownsHandle: false);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(handle, OfFiles);
    }

    /// <summary>The mode of an open file, in octal, if others than its owner may read, write or run it; else null.</summary>
    public static string? ModeForOthers(FileStream file) =>
        !OperatingSystem.IsWindows() && File.GetUnixFileMode(file.SafeFileHandle) is var mode && (mode & OfOthers) != 0
        ? "0" + Convert.ToString((int)mode, 8)
        : null;

    private static unsafe bool TryStatus(string path, out Status status)
    {
        fixed (Status* target = &status)
            return ReadStatus(WorkingDirectory, path, NoFollow, TypeAndOwner, target) == 0;
    }

    private const int WorkingDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint TypeAndOwner = 0x1 | 0x8; // STATX_TYPE and STATX_UID

    /// <summary>The parts of the kernel's <c>struct statx</c> that are looked at.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(28)]
        public ushort Mode;

        public readonly bool IsFolder => (Mode & 0xF000) == 0x4000;

        public readonly bool IsSocket => (Mode & 0xF000) == 0xC000;
    }

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFolder(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int ReadStatus(int folder, string path, int flags, uint wanted, Status* status);

    /// <summary>The user as whom this process acts.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();
}
