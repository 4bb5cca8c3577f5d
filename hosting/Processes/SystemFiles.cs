namespace BoxerMpi.Processes;

/// <summary>Looks at files by paths that may be no UTF-8 (<see cref="SystemText"/>), which .NET cannot name.</summary>
internal static unsafe class SystemFiles
{
    private const int Exists = 0, MayExecute = 1;
    private const int LongestPath = 4096;

    public static bool FolderExists(string path)
    {
        string full = FullPath(path);
        return SystemText.IsWhole(full) ? Directory.Exists(full) : Access(full + "/.", Exists);
    }

    public static bool FileExists(string path)
    {
        string full = FullPath(path);
        return SystemText.IsWhole(full) ? File.Exists(full) : Access(full, Exists) && !FolderExists(full);
    }

    public static bool IsExecutable(string path)
    {
        if (OperatingSystem.IsWindows())
            return true;
        string full = FullPath(path);
        return SystemText.IsWhole(full)
            ? (File.GetUnixFileMode(full) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0
            : Access(full, MayExecute);
    }

    /// <summary>The path from the root; the current folder's name may be no UTF-8 either.</summary>
    public static string FullPath(string path) =>
        NativeMethods.IsUnix && path.Length > 0 && !Path.IsPathRooted(path)
            ? Path.GetFullPath(path, CurrentFolder())
            : Path.GetFullPath(path);

    private static string CurrentFolder()
    {
        byte* buffer = stackalloc byte[LongestPath];
        return NativeMethods.CurrentFolder(buffer, LongestPath) is null
            ? Environment.CurrentDirectory
            : SystemText.Decode(System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(buffer));
    }

    private static bool Access(string path, int mode)
    {
        using NativeStrings strings = new();
        return NativeMethods.Access(strings.Add(path), mode) == 0;
    }
}
