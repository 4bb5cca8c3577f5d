using System.Runtime.InteropServices;

namespace BoxerMpi.Processes;

/// <summary>INT, TERM, HUP and QUIT while something is made: what was made is removed before boxer ends.</summary>
internal sealed class Interruption : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Signals =
    [
        (PosixSignal.SIGINT, NativeMethods.SigInt),
        (PosixSignal.SIGTERM, NativeMethods.SigTerm),
        (PosixSignal.SIGHUP, NativeMethods.SigHup),
        (PosixSignal.SIGQUIT, NativeMethods.SigQuit),
    ];

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    // Guards the source: the handler of a signal may still be on its way when all is over.
    private readonly Lock _gate = new();
    private bool _isOver;
    private int _signal;

    public Interruption()
    {
        Interrupts.Heed();
        foreach ((PosixSignal signal, int number) in Signals)
            _registrations.Add(PosixSignalRegistration.Create(signal, context => context.Cancel = Take(number)));
    }

    /// <summary>Makes something. From its end on signals are not taken any more.</summary>
    /// <param name="make">Makes it; its token fires when a signal comes.</param>
    /// <param name="abandon">Removes what was made before a signal could be noticed.</param>
    /// <exception cref="InterruptedException">A signal came.</exception>
    public T Guard<T>(Func<CancellationToken, T> make, Action<T> abandon)
    {
        T made;
        try
        {
            made = make(_source.Token);
        }
        catch (OperationCanceledException) when (_signal != 0)
        {
            throw new InterruptedException(_signal);
        }

        Dispose();
        if (_signal == 0)
            return made;
        abandon(made);
        throw new InterruptedException(_signal);
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        lock (_gate)
        {
            _isOver = true;
            _source.Dispose();
        }
    }

    private bool Take(int signal)
    {
        lock (_gate)
        {
            if (_isOver)
                return false;
            if (_signal == 0)
                _signal = signal;
            _source.Cancel();
            return true;
        }
    }
}

/// <summary>boxer was told to end; exit code 128 + the signal.</summary>
internal sealed class InterruptedException(int signal) : Exception($"ended by {SignalNames.Of(signal)}")
{
    public int ExitCode => 128 + signal;
}
