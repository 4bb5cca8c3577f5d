using System.Runtime.InteropServices;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>Signals, which .NET does not send.</summary>
internal static class NativeMethods
{
    public const int SigKill = 9, SigTerm = 15;

    /// <summary>A negative id is a whole process group.</summary>
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Kill(int process, int signal);
}
