using System.Runtime.InteropServices;

namespace BoxerMpi.Processes;

/// <summary>Starts programs with <c>posix_spawn</c>, each as the leader of its own session and process group.</summary>
/// <remarks>
/// A session of its own keeps the terminal's signals from the ranks: the launcher passes them on in its own order.
/// Signal handlers and mask are reset, because the .NET runtime ignores SIGPIPE and children would inherit that.
/// </remarks>
internal static unsafe class PosixSpawner
{
    // Larger than posix_spawnattr_t (336 in glibc), posix_spawn_file_actions_t (80) and sigset_t (128) on every system.
    private const int OpaqueBytes = 512;

    /// <summary>The process id, which is the process group and the session as well.</summary>
    /// <exception cref="LaunchException">The file cannot be executed or the system is out of processes.</exception>
    public static int Spawn(SpawnRequest request) =>
        request.Network is { } network ? network.Run(() => SpawnHere(request)) : SpawnHere(request);

    /// <summary>In the network of the calling thread.</summary>
    private static int SpawnHere(SpawnRequest request)
    {
        int error = TrySpawn(request, request.File, request.Arguments, out int pid);

        // A script without an interpreter line runs under sh, as execvp and every shell do it.
        if (error == NativeMethods.ErrorExec)
            error = TrySpawn(request, "/bin/sh", [request.File, .. request.Arguments], out pid);
        if (error == 0)
            return pid;

        string reason = Marshal.GetPInvokeErrorMessage(error);
        string hint = error switch
        {
            NativeMethods.ErrorNoSuchFile when request.WorkingDirectory is { } folder && !SystemFiles.FolderExists(folder) =>
                $" (working directory {SystemText.Show(folder)})",
            NativeMethods.ErrorNoSuchFile when SystemFiles.FileExists(request.File) =>
                " (the file is there; its interpreter or dynamic loader is not)",
            NativeMethods.ErrorAccess => "; is it executable? (chmod +x)",
            _ => "",
        };
        throw new LaunchException($"Cannot start {SystemText.Show(request.File)}: {reason}{hint}.");
    }

    private static int TrySpawn(SpawnRequest request, string file, IReadOnlyList<string> arguments, out int pid)
    {
        byte* actions = stackalloc byte[OpaqueBytes];
        byte* attributes = stackalloc byte[OpaqueBytes];
        byte* signals = stackalloc byte[OpaqueBytes];
        using NativeStrings strings = new();
        pid = 0;

        Check(NativeMethods.InitActions(actions));
        Check(NativeMethods.InitAttributes(attributes));
        try
        {
            Check(NativeMethods.SetFlags(attributes, NativeMethods.SpawnFlags));
            _ = NativeMethods.EmptySignals(signals);
            Check(NativeMethods.SetSignalMask(attributes, signals));
            _ = NativeMethods.FillSignals(signals);
            Check(NativeMethods.SetDefaultSignals(attributes, signals));

            byte* nullDevice = strings.Add("/dev/null");
            Redirect(0, request.StandardInput, flags: 0 /* O_RDONLY */);
            Redirect(1, request.StandardOutput, flags: 1 /* O_WRONLY */);
            Redirect(2, request.StandardError, flags: 1);
            if (request.WorkingDirectory is { } folder)
                Check(NativeMethods.AddChangeDirectory(actions, strings.Add(folder)));

            byte** argv = strings.AddVector([request.Name ?? file, .. arguments]);
            byte** envp = strings.AddVector(request.Environment.Select(pair => $"{pair.Key}={pair.Value}"));
            int id;
            int error = NativeMethods.Spawn(&id, strings.Add(file), actions, attributes, argv, envp);
            pid = id;
            return error;

            void Redirect(int target, int? source, int flags) => Check(source is { } descriptor
                ? NativeMethods.AddDuplicate(actions, descriptor, target)
                : NativeMethods.AddOpen(actions, target, nullDevice, flags, 0));
        }
        finally
        {
            _ = NativeMethods.DestroyAttributes(attributes);
            _ = NativeMethods.DestroyActions(actions);
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new LaunchException($"Cannot prepare a process: {Marshal.GetPInvokeErrorMessage(error)}.");
    }
}
