using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Output;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>One rank that a function is to run: its seat first, then whichever function came.</summary>
internal sealed class FunctionRank(int rank, RankStream output, RankStream error, FunctionOutput writer, Action<ExitStatus> exited) : IRankProcess
{
    // A function that runs ends its program at once when told to kill it; one that is frozen or cut off does not answer.
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(3);

    // Protects all below.
    private readonly Lock _gate = new();
    private Attendant? _attendant;
    private bool _hasEnded;
    private bool _isKilled;
    private ResourceUsage? _usage;
    private string _name = "no function yet";

    public int Rank => rank;

    public int? Id => null;

    public string Name
    {
        get
        {
            lock (_gate)
                return _name;
        }
    }

    /// <summary>The function that runs it now, or ran it last: Lambda's id of the request.</summary>
    public string? RequestId { get; private set; }

    /// <summary>Whether a function runs it or has run it to its end.</summary>
    public bool IsSeated
    {
        get
        {
            lock (_gate)
                return _attendant is not null || _hasEnded;
        }
    }

    /// <returns>Whether the attendant is to run it; not when another one does, or the rank has ended.</returns>
    public bool TryTake(Attendant attendant)
    {
        lock (_gate)
        {
            if (_attendant is not null || _hasEnded)
                return false;
            _attendant = attendant;
            RequestId = attendant.Name;
            _name = $"request {attendant.Name} from {attendant.Address.Address}";
            return true;
        }
    }

    /// <summary>Its function is lost, and another one may run it.</summary>
    public void Vacate()
    {
        lock (_gate)
        {
            _attendant = null;
            _name = "its function was lost, no other one yet";
        }
    }

    public ValueTask WriteAsync(AttendedStream stream, ReadOnlyMemory<byte> bytes) =>
        writer.WriteAsync(stream == AttendedStream.Error ? error : output, bytes);

    /// <summary>Its program has ended, or nobody will run it any more; counts once.</summary>
    public void End(ExitStatus status, ResourceUsage? usage = null)
    {
        lock (_gate)
        {
            if (_hasEnded)
                return;
            _hasEnded = true;
            _usage = usage;
        }

        TellEnd(status);
    }

    /// <summary>Ends it if no function runs it; one that comes for it from now on is turned away.</summary>
    public void EndIfVacant(int signal)
    {
        lock (_gate)
        {
            if (_hasEnded || _attendant is not null)
                return;
            _hasEnded = true;
        }

        TellEnd(new ExitStatus(0, signal) { Explanation = "was not started" });
    }

    public void Signal(int signal)
    {
        if (signal is NativeMethods.SigTerm or NativeMethods.SigKill)
            EndIfVacant(signal);
        Attendant? attendant;
        bool kills;
        lock (_gate)
        {
            if (_hasEnded)
                return;
            attendant = _attendant;
            kills = signal == NativeMethods.SigKill && !_isKilled;
            _isKilled |= kills;
        }

        attendant?.Signal(signal);
        if (kills && attendant is not null)
            _ = DropAsync(attendant);
    }

    public ResourceUsage? Reap()
    {
        lock (_gate)
            return _usage;
    }

    private void TellEnd(ExitStatus status)
    {
        writer.End(output);
        writer.End(error);
        exited(status);
    }

    private async Task DropAsync(Attendant attendant)
    {
        await Task.Delay(KillPatience);
        attendant.Drop("the function did not say that it has killed its program");
        End(new ExitStatus(0, NativeMethods.SigKill));
    }
}
