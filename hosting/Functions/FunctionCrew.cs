using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>The functions of a job: gives ranks to those that come first, turns the others away, and hears how they end.</summary>
internal sealed class FunctionCrew(int needed, TimeProvider time) : IAttendanceHost
{
    // Guards all below; taken before a rank's lock.
    private readonly Lock _gate = new();
    private readonly List<FunctionRank> _ranks = [];
    private readonly List<Starter> _starters = [];
    private Task _started = Task.CompletedTask;
    private int _replacements;
    private string? _closed;

    /// <summary>Something has happened; on any thread.</summary>
    public event Action? Changed;

    /// <summary>Told in a line of what people should know; on any thread.</summary>
    public Action<string>? Say { get; set; }

    public CrewCount Count
    {
        get
        {
            lock (_gate)
            {
                return new CrewCount(
                    needed,
                    _ranks.Count(rank => rank.IsSeated),
                    _starters.Count,
                    _starters.Count(starter => starter.Stage > StarterStage.Asking),
                    _starters.Count(starter => starter.IsUnderWay),
                    _starters.Count(starter => starter.Stage > StarterStage.Invoked),
                    _starters.Count(starter => starter.Stage == StarterStage.TurnedAway),
                    _starters.Count(starter => starter.Stage == StarterStage.Lost));
            }
        }
    }

    /// <summary>Ranks that no function runs yet.</summary>
    public IReadOnlyList<int> MissingRanks
    {
        get
        {
            lock (_gate)
                return [.. _ranks.Where(rank => !rank.IsSeated).Select(rank => rank.Rank)];
        }
    }

    /// <summary>Invocations that Lambda has taken and that were not heard of.</summary>
    public IReadOnlyList<int> SilentStarters
    {
        get
        {
            lock (_gate)
                return [.. _starters.Where(starter => starter.Stage == StarterStage.Invoked).Select(starter => starter.Number)];
        }
    }

    /// <summary>What Lambda is likely to charge for, as far as the functions have told: how often, and how long.</summary>
    public (int Requests, TimeSpan Duration) Billed
    {
        get
        {
            lock (_gate)
            {
                TimeSpan sum = TimeSpan.Zero;
                foreach (Starter starter in _starters)
                    sum += starter.Exit?.Billed ?? starter.Exit?.Life ?? (starter.Arrived == 0 ? TimeSpan.Zero : Lived(starter));
                return (_starters.Count(starter => starter.Stage > StarterStage.Asking), sum);
            }
        }
    }

    /// <summary>The job's start; until then a lost function may be replaced, this many times.</summary>
    public void Follow(Task started, int replacements)
    {
        _started = started;
        _replacements = replacements;
    }

    /// <summary>A rank that is to be a function; all are added before the first invocation.</summary>
    public void Add(FunctionRank rank)
    {
        lock (_gate)
            _ranks.Add(rank);
    }

    /// <summary>A new invocation is about to be made.</summary>
    public Starter NextStarter()
    {
        lock (_gate)
        {
            Starter starter = new(_starters.Count);
            _starters.Add(starter);
            return starter;
        }
    }

    /// <summary>Lambda has taken it. The function itself may have been faster.</summary>
    public void Invoked(Starter starter)
    {
        lock (_gate)
        {
            if (starter.Stage == StarterStage.Asking)
                starter.Stage = StarterStage.Invoked;
        }

        Changed?.Invoke();
    }

    /// <summary>The job is over: ranks without a function end, and functions that still come are turned away.</summary>
    public void Close(string reason)
    {
        FunctionRank[] ranks;
        lock (_gate)
        {
            if (_closed is not null)
                return;
            _closed = reason;
            ranks = [.. _ranks];
        }

        foreach (FunctionRank rank in ranks)
            rank.EndIfVacant(NativeMethods.SigTerm);
        Changed?.Invoke();
    }

    public AttendanceAnswer Arrived(Attendant attendant)
    {
        AttendanceAnswer answer;
        lock (_gate)
            answer = Seat(attendant);
        Changed?.Invoke();
        return answer;
    }

    public ValueTask WroteAsync(Attendant attendant, AttendedStream stream, ReadOnlyMemory<byte> bytes)
    {
        FunctionRank? rank;
        lock (_gate)
            rank = StarterOf(attendant)?.Rank;
        return rank?.WriteAsync(stream, bytes) ?? ValueTask.CompletedTask;
    }

    public void Exited(Attendant attendant, AttendedExit exit)
    {
        FunctionRank? rank;
        lock (_gate)
        {
            if (StarterOf(attendant) is not { } starter)
                return;
            starter.Stage = StarterStage.Ended;
            starter.Gone = time.GetTimestamp();
            starter.Exit = exit;
            rank = starter.Rank;
        }

        rank?.End(StatusOf(exit), new ResourceUsage(exit.PeakBytes, exit.UserTime, exit.SystemTime));
        Changed?.Invoke();
    }

    public void Lost(Attendant attendant, string reason)
    {
        FunctionRank? rank;
        bool isReplaced;
        lock (_gate)
        {
            if (StarterOf(attendant) is not { } starter)
                return;
            starter.Stage = StarterStage.Lost;
            starter.Gone = time.GetTimestamp();
            rank = starter.Rank;
            isReplaced = !_started.IsCompleted && _closed is null && _replacements > 0;
            if (isReplaced)
            {
                _replacements--;
                rank?.Vacate();
            }
        }

        if (isReplaced)
            Say?.Invoke($"the function of rank {rank?.Rank} ({attendant.Name}) was lost before the job started: {reason}; another one takes its place");
        else
            rank?.End(new ExitStatus(1, 0) { Explanation = $"was lost with its function ({attendant.Name}): {reason}" });
        Changed?.Invoke();
    }

    /// <summary>Takes a replacement for a function that was not heard of.</summary>
    public bool TryReplace()
    {
        lock (_gate)
            return _replacements > 0 && _closed is null && _replacements-- > 0;
    }

    private AttendanceAnswer Seat(Attendant attendant)
    {
        if (_closed is not null)
            return AttendanceAnswer.Reject(_closed);
        if (attendant.Number < 0 || attendant.Number >= _starters.Count)
            return AttendanceAnswer.Reject($"this launcher has made no invocation {attendant.Number}");

        // Lambda delivers an event at least once, so one may come twice.
        Starter starter = _starters[attendant.Number];
        if (!starter.IsUnderWay)
            return AttendanceAnswer.Reject($"invocation {attendant.Number} has been here already");
        starter.Arrived = time.GetTimestamp();
        if (_ranks.Find(rank => rank.TrySeat(attendant)) is not { } seat)
        {
            starter.Stage = StarterStage.TurnedAway;
            starter.Gone = starter.Arrived;
            return AttendanceAnswer.Reject("the job has all its functions; spares are not needed");
        }

        starter.Attendant = attendant;
        starter.Rank = seat;
        starter.Stage = StarterStage.Running;
        return AttendanceAnswer.Run(seat.Rank);
    }

    private Starter? StarterOf(Attendant attendant) =>
        attendant.Number >= 0 && attendant.Number < _starters.Count && _starters[attendant.Number] is { } starter
            && starter.Attendant == attendant
            ? starter
            : null;

    private TimeSpan Lived(Starter starter) => time.GetElapsedTime(starter.Arrived, starter.Gone == 0 ? time.GetTimestamp() : starter.Gone);

    /// <summary>A function tells the code that a shell would show.</summary>
    private static ExitStatus StatusOf(AttendedExit exit)
    {
        ExitStatus status = exit.Code is > 128 and <= 128 + 64 ? new ExitStatus(0, exit.Code - 128) : new ExitStatus(exit.Code, 0);
        return exit.OutOfTime
            ? new ExitStatus(exit.Code == 0 ? 1 : exit.Code, 0) { Explanation = "was ended because the time of its function was over (--function-timeout)" }
            : status;
    }
}
