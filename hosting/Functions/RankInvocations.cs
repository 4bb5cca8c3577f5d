using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>The functions of a job: gives ranks to those that come first, turns the others away, and hears how they end.</summary>
internal sealed class RankInvocations(int needed, TimeProvider time) : IAttendanceHost
{
    // Guards all below; taken before a rank's lock.
    private readonly Lock _gate = new();
    private readonly List<FunctionRank> _ranks = [];
    private readonly List<RankInvocation> _invocations = [];
    private Task _started = Task.CompletedTask;
    private int _replacements;
    private string? _closed;

    /// <summary>Something has happened; on any thread.</summary>
    public event Action? Changed;

    /// <summary>Told in a line of what people should know; on any thread.</summary>
    public Action<string>? Say { get; set; }

    public InvocationCount Count
    {
        get
        {
            lock (_gate)
            {
                return new InvocationCount(
                    needed,
                    _ranks.Count(rank => rank.IsSeated),
                    _invocations.Count,
                    _invocations.Count(invocation => invocation.Stage > InvocationStage.Asking),
                    _invocations.Count(invocation => invocation.IsUnderWay),
                    _invocations.Count(invocation => invocation.Stage > InvocationStage.Invoked),
                    _invocations.Count(invocation => invocation.Stage == InvocationStage.TurnedAway),
                    _invocations.Count(invocation => invocation.Stage == InvocationStage.Lost));
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
    public IReadOnlyList<int> SilentNumbers
    {
        get
        {
            lock (_gate)
                return [.. _invocations.Where(invocation => invocation.Stage == InvocationStage.Invoked).Select(invocation => invocation.Number)];
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
                foreach (RankInvocation invocation in _invocations)
                    sum += invocation.Exit?.Billed ?? invocation.Exit?.Life ?? (invocation.Arrived == 0 ? TimeSpan.Zero : Lived(invocation));
                return (_invocations.Count(invocation => invocation.Stage > InvocationStage.Asking), sum);
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
    public RankInvocation Next()
    {
        lock (_gate)
        {
            RankInvocation invocation = new(_invocations.Count);
            _invocations.Add(invocation);
            return invocation;
        }
    }

    /// <summary>Lambda has taken it. The function itself may have been faster.</summary>
    public void Invoked(RankInvocation invocation)
    {
        lock (_gate)
        {
            if (invocation.Stage == InvocationStage.Asking)
                invocation.Stage = InvocationStage.Invoked;
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
            answer = AnswerTo(attendant);
        Changed?.Invoke();
        return answer;
    }

    public ValueTask WroteAsync(Attendant attendant, AttendedStream stream, ReadOnlyMemory<byte> bytes)
    {
        FunctionRank? rank;
        lock (_gate)
            rank = InvocationOf(attendant)?.Rank;
        return rank?.WriteAsync(stream, bytes) ?? ValueTask.CompletedTask;
    }

    public void Exited(Attendant attendant, AttendedExit exit)
    {
        FunctionRank? rank;
        lock (_gate)
        {
            if (InvocationOf(attendant) is not { } invocation)
                return;
            invocation.Stage = InvocationStage.Ended;
            invocation.Gone = time.GetTimestamp();
            invocation.Exit = exit;
            rank = invocation.Rank;
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
            if (InvocationOf(attendant) is not { } invocation)
                return;
            invocation.Stage = InvocationStage.Lost;
            invocation.Gone = time.GetTimestamp();
            rank = invocation.Rank;
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

    private AttendanceAnswer AnswerTo(Attendant attendant)
    {
        if (_closed is not null)
            return AttendanceAnswer.Reject(_closed);
        if (attendant.Number < 0 || attendant.Number >= _invocations.Count)
            return AttendanceAnswer.Reject($"this launcher has made no invocation {attendant.Number}");

        // Lambda delivers an event at least once, so one may come twice.
        RankInvocation invocation = _invocations[attendant.Number];
        if (!invocation.IsUnderWay)
            return AttendanceAnswer.Reject($"invocation {attendant.Number} has been here already");
        invocation.Arrived = time.GetTimestamp();
        if (_ranks.Find(rank => rank.TryTake(attendant)) is not { } seat)
        {
            invocation.Stage = InvocationStage.TurnedAway;
            invocation.Gone = invocation.Arrived;
            return AttendanceAnswer.Reject("the job has all its functions; spares are not needed");
        }

        invocation.Attendant = attendant;
        invocation.Rank = seat;
        invocation.Stage = InvocationStage.Running;
        return AttendanceAnswer.Run(seat.Rank);
    }

    private RankInvocation? InvocationOf(Attendant attendant) =>
        attendant.Number >= 0 && attendant.Number < _invocations.Count && _invocations[attendant.Number] is { } invocation
            && invocation.Attendant == attendant
            ? invocation
            : null;

    private TimeSpan Lived(RankInvocation invocation) => time.GetElapsedTime(invocation.Arrived, invocation.Gone == 0 ? time.GetTimestamp() : invocation.Gone);

    /// <summary>A function tells the code that a shell would show.</summary>
    private static ExitStatus StatusOf(AttendedExit exit)
    {
        ExitStatus status = exit.Code is > 128 and <= 128 + 64 ? new ExitStatus(0, exit.Code - 128) : new ExitStatus(exit.Code, 0);
        return exit.OutOfTime
            ? new ExitStatus(exit.Code == 0 ? 1 : exit.Code, 0) { Explanation = "was ended because the time of its function was over (--function-timeout)" }
            : status;
    }
}
