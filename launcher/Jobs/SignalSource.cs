using System.Globalization;
using System.Runtime.InteropServices;
using BoxerMpi.Launcher.Processes;

namespace BoxerMpi.Launcher.Jobs;

/// <summary>
/// Turns the launcher's signals into events: INT, TERM, HUP and QUIT end the job, USR1 and USR2 go to the ranks, TSTP stops all.
/// </summary>
internal sealed class SignalSource : IDisposable
{
    private static bool _heeds;

    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <param name="post">Takes the events; called on threads of the runtime.</param>
    /// <param name="forward">Signals all ranks at once.</param>
    public SignalSource(Action<JobEvent> post, Action<int> forward)
    {
        HeedInterrupts();
        On(PosixSignal.SIGINT, () => post(new JobEvent.EndRequested(NativeMethods.SigInt)));
        On(PosixSignal.SIGTERM, () => post(new JobEvent.EndRequested(NativeMethods.SigTerm)));
        On(PosixSignal.SIGHUP, () => post(new JobEvent.EndRequested(NativeMethods.SigHup)));
        On(PosixSignal.SIGQUIT, () => post(new JobEvent.EndRequested(NativeMethods.SigQuit)));
        if (OperatingSystem.IsWindows())
            return;

        On((PosixSignal)NativeMethods.SigUser1, () => post(new JobEvent.Forward(NativeMethods.SigUser1)));
        On((PosixSignal)NativeMethods.SigUser2, () => post(new JobEvent.Forward(NativeMethods.SigUser2)));

        // The ranks' groups are orphaned for job control, where TSTP has no effect: STOP does what Ctrl-Z asks for.
        On(PosixSignal.SIGTSTP, () =>
        {
            forward(NativeMethods.SigStop);
            _ = NativeMethods.Kill(Environment.ProcessId, NativeMethods.SigStop);
        });
        On(PosixSignal.SIGCONT, () => forward(NativeMethods.SigContinue));
    }

    /// <summary>Call it before a handler of INT or QUIT is registered.</summary>
    /// <remarks>
    /// A shell script starts its background commands with INT and QUIT ignored, and .NET would leave that so; whoever signals the
    /// launcher by its id means it. HUP stays ignored under nohup. Only what is ignored is touched, and once: the runtime keeps its
    /// own handler installed after the first registration, or the first use of the terminal, and does not notice that it is taken away.
    /// </remarks>
    public static void HeedInterrupts()
    {
        if (!NativeMethods.IsUnix || Interlocked.Exchange(ref _heeds, true))
            return;
        foreach (int signal in (int[])[NativeMethods.SigInt, NativeMethods.SigQuit])
        {
            if (IsIgnored(signal))
                _ = NativeMethods.SetHandler(signal, 0);
        }
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private static bool IsIgnored(int signal)
    {
        if (!OperatingSystem.IsLinux())
            return true;

        // proc(5): a mask in hex, the lowest bit for signal 1.
        const string Field = "SigIgn:";
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        ulong mask = ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return ((mask >> (signal - 1)) & 1) != 0;
    }

    private void On(PosixSignal signal, Action handle) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        handle();
    }));
}
