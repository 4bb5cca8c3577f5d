using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>How a job is brought to its end: blame, word to the ranks, TERM, KILL, what is left behind.</summary>
internal sealed partial class JobSupervisor
{
    // A process that survives KILL for this long hangs in the kernel; nobody can end it from here.
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan StragglerPoll = TimeSpan.FromMilliseconds(10);

    private void BeginSettling()
    {
        bool onlyConsequence = _abort is { IsConsequence: true } && !_endedOnTheirOwn.Exists(
            failure => _abort.Suspect >= 0 ? failure.Rank == _abort.Suspect : failure.Rank != _abort.Rank);
        TimeSpan end = _clock.Elapsed + (onlyConsequence ? SettleConsequence : Settle);
        if (_phase == Phase.Running)
        {
            _phase = Phase.Settling;
            _phaseEnds = end;
        }
        else if (_phase == Phase.Settling && end < _phaseEnds)
            _phaseEnds = end;
    }

    private void NextPhase()
    {
        switch (_phase)
        {
            case Phase.Settling:
                Announce();
                break;
            case Phase.Ending:
                Terminate();
                break;
            case Phase.Terminating:
                Kill();
                break;
            case Phase.Killing:
                string names = string.Join(", ", _ranks.Where(rank => rank.IsRunning).Select(rank => rank.Process!.Name));
                _host.Output.Say($"boxer: {names}: do not end even when killed; they hang in the kernel.");
                _running = 0;
                break;
        }
    }

    /// <summary>The blame is given: says so at once, tells the ranks, and lets them end by themselves for a while.</summary>
    private void Announce()
    {
        _failure = Verdict.ToBlame(
            _endedOnTheirOwn, [.. LostRanks().Select(LossOf)], _abort is null ? null : Verdict.OfSilent(_seat, _abort), _abort, _endedBeforeAbort);
        if (_failure is null)
        {
            // What was lost has come back meanwhile.
            _phase = Phase.Running;
            _phaseEnds = null;
            return;
        }

        End(_failure);
    }

    private void OnPlaceBroken(string reason)
    {
        if (_phase > Phase.Settling)
            return;
        _failure = new Failure(-1, 1, reason);
        End(_failure);
    }

    private void End(Failure failure)
    {
        if (failure.Rank >= 0 && failure.Rank < _ranks.Length)
            _ranks[failure.Rank].EndedByLauncher = false;
        _phase = Phase.Ending;
        _phaseEnds = _clock.Elapsed + _plan.Grace;
        _host.Output.Say($"boxer: {failure}");
        _seat.End(failure.ExitCode, failure.ToString());
    }

    private void OnTimeout()
    {
        _timedOut = true;
        string dump = StateDump.Of(_plan.Timeout!.Value, _ranks, _seat, _clock.Elapsed);
        Terminate();
        _host.Output.Say(dump);
    }

    private void OnEndRequested(int signal)
    {
        bool again = _signal != 0;
        _signal = _signal == 0 ? signal : _signal;
        if (again && _phase < Phase.Killing)
        {
            Kill();
            _host.Output.Say($"boxer: {SignalNames.Of(signal)} again; killing the ranks");
        }
        else if (_phase < Phase.Terminating)
        {
            Terminate();
            _host.Output.Say($"boxer: {SignalNames.Of(signal)}; ending {_running} ranks (once more kills them at once)");
        }
    }

    private void OnOutputClosed()
    {
        // As a program in a pipeline would: the reader has seen enough.
        if (_signal == 0 && _phase < Phase.Terminating)
        {
            _signal = NativeMethods.SigPipe;
            Terminate();
        }
    }

    private void Terminate()
    {
        _phase = Phase.Terminating;
        _phaseEnds = _clock.Elapsed + _plan.Grace;
        SignalAll(NativeMethods.SigTerm);

        // A stopped process takes TERM only after it goes on.
        if (NativeMethods.IsUnix)
            SignalAll(NativeMethods.SigContinue);
    }

    private void Kill()
    {
        _phase = Phase.Killing;
        _phaseEnds = _clock.Elapsed + KillPatience;
        SignalAll(NativeMethods.SigKill);
    }

    /// <summary>Ends what ranks have left running, and only then lets go of their process groups.</summary>
    private void Sweep()
    {
        if (_ranks.Any(rank => rank.IsRunning))
            SignalAll(NativeMethods.SigKill);

        TimeSpan patience = _phase >= Phase.Killing ? TimeSpan.Zero : _plan.Grace;
        TimeSpan begun = _clock.Elapsed;
        HashSet<int> asked = [];
        bool signalledAgain = false;
        while (_host.LeftBehind() is { Count: > 0 } left && _clock.Elapsed - begun < patience + KillPatience)
        {
            bool kill = _clock.Elapsed - begun >= patience || signalledAgain;
            foreach (int process in left)
            {
                if (kill)
                    _host.Signal(process, NativeMethods.SigKill);
                else if (asked.Add(process))
                    _host.Signal(process, NativeMethods.SigTerm);
            }

            if (_events.TryTake(out JobEvent? happened, StragglerPoll) && happened is JobEvent.EndRequested)
                signalledAgain = true;
        }

        // Where the process table cannot be read the groups may still hold somebody.
        if (!OperatingSystem.IsLinux())
            SignalAll(NativeMethods.SigKill);
        foreach (RankRecord rank in _ranks)
            rank.Usage = rank.Process?.Reap();
    }

    private JobOutcome Conclude()
    {
        TimeSpan elapsed = _clock.Elapsed;

        bool announced = _failure is not null;

        // Ranks of programs that use no MPI fail one by one and end nobody else.
        _failure ??= _endedOnTheirOwn.MinBy(failure => failure.Rank);
        int code = this switch
        {
            { _signal: > 0 } => 128 + _signal,
            { _timedOut: true } => 124,
            _ => _failure?.ExitCode ?? 0,
        };
        return new JobOutcome(code, _failure, announced, _timedOut, _signal, _ranks, elapsed);
    }
}
