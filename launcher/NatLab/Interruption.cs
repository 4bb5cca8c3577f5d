using System.Runtime.InteropServices;

namespace BoxerMpi.Launcher.NatLab;

/// <summary>INT, TERM and HUP while a lab is made: what was made is removed before boxer ends.</summary>
internal sealed class Interruption : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Signals = [(PosixSignal.SIGINT, 2), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGHUP, 1)];

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signal;

    public Interruption()
    {
        Jobs.SignalSource.HeedInterrupts();
        foreach ((PosixSignal signal, int number) in Signals)
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _ = Interlocked.CompareExchange(ref _signal, number, 0);
                _source.Cancel();
            }));
        }
    }

    /// <summary>Makes a lab. From its end on signals are not taken any more.</summary>
    /// <exception cref="InterruptedException">A signal came, be it too late for <paramref name="make"/> to notice; nothing is left.</exception>
    public Lab Guard(Func<CancellationToken, Lab> make)
    {
        Lab made;
        try
        {
            made = make(_source.Token);
        }
        catch (OperationCanceledException) when (_signal != 0)
        {
            throw new InterruptedException(_signal);
        }

        _registrations.ForEach(registration => registration.Dispose());
        if (_signal == 0)
            return made;
        made.Abandon();
        throw new InterruptedException(_signal);
    }

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _source.Dispose();
    }
}

/// <summary>boxer was told to end; exit code 128 + the signal.</summary>
internal sealed class InterruptedException(int signal) : Exception($"ended by {Processes.SignalNames.Of(signal)}")
{
    public int ExitCode => 128 + signal;
}
