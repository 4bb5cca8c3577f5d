using System.Runtime.InteropServices;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>
/// Turns the launcher's signals into events: INT, TERM, HUP and QUIT end the job, USR1 and USR2 go to the ranks, TSTP stops all.
/// </summary>
internal sealed class SignalSource : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <param name="post">Takes the events; called on threads of the runtime.</param>
    /// <param name="forward">Signals all ranks at once.</param>
    public SignalSource(Action<JobEvent> post, Action<int> forward)
    {
        Interrupts.Heed();
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

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void On(PosixSignal signal, Action handle) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        handle();
    }));
}
