using System.Runtime.InteropServices;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>Signals, which .NET does not send.</summary>
internal static partial class NativeMethods
{
    public const int SigKill = 9, SigContinue = 18, SigStop = 19;

    /// <summary>A negative id is a whole process group.</summary>
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);
}
