using System.Collections.Concurrent;
using System.Diagnostics;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Starts the ranks of a job, watches over them and ends them all: by themselves, on failure, on time, on a signal.</summary>
/// <remarks>
/// One thread takes one event at a time, so no state here needs a lock. A job moves through <see cref="Phase"/>s in one
/// direction; each phase has at most one deadline.
/// </remarks>
internal sealed partial class JobSupervisor : IDisposable
{
    // Failures that come within this time of the first are judged together, so that the lowest failing rank counts.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);

    // A rank that reports another one's end is only the messenger: the news of that end may need this long on a busy machine.
    private static readonly TimeSpan SettleConsequence = TimeSpan.FromMilliseconds(400);

    // Time for the coordinator to see the last words of a process that has ended; it reads them from a loopback socket.
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(250);

    private readonly JobPlan _plan;
    private readonly IRankHost _host;
    private readonly IJobSeat _seat;
    private readonly BlockingCollection<JobEvent> _events = [];
    private readonly RankRecord[] _ranks;
    private readonly Stopwatch _clock;

    // A signal for all ranks comes at any time, and is for one as well that runs already and is not known yet.
    private readonly Lock _starting = new();
    private readonly List<Failure> _endedOnTheirOwn = [];
    private Phase _phase = Phase.Running;
    private TimeSpan? _phaseEnds;
    private AbortNotice? _abort;
    private int _endedBeforeAbort;
    private Failure? _failure;
    private bool _anyJoined;
    private bool _timedOut;
    private int _signal;
    private int _running;

    public JobSupervisor(JobPlan plan, IRankHost host, IJobSeat seat, Stopwatch clock)
    {
        _clock = clock;
        _plan = plan;
        _host = host;
        _seat = seat;
        _lostSince = new TimeSpan?[seat.Size];
        _ranks = [.. Enumerable.Range(0, plan.Size).Select(rank => new RankRecord(rank))];
        seat.Changed += OnSeatChanged;
        _ = plan.Broken?.ContinueWith(
            broken => Post(new JobEvent.PlaceBroken(broken.Result)), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
    }

    private enum Phase
    {
        /// <summary>All is well so far.</summary>
        Running,

        /// <summary>Something failed; what fails along with it is awaited before the blame is given.</summary>
        Settling,

        /// <summary>The ranks have been told and may end by themselves.</summary>
        Ending,

        /// <summary>They were sent TERM.</summary>
        Terminating,

        /// <summary>They were sent KILL.</summary>
        Killing,
    }

    /// <summary>Hands an event to the supervisor; any thread.</summary>
    public void Post(JobEvent happened)
    {
        try
        {
            _events.Add(happened);
        }
        catch (ObjectDisposedException)
        {
            // The job is over: a late signal or a late word of the coordinator changes nothing any more.
        }
    }

    /// <summary>Signals every rank and its process group.</summary>
    public void SignalAll(int signal)
    {
        lock (_starting)
        {
            foreach (RankRecord rank in _ranks)
                rank.Process?.Signal(signal);
        }
    }

    /// <summary>Runs the job to its end.</summary>
    public JobOutcome Run()
    {
        try
        {
            if (Launch())
                Watch();
        }
        finally
        {
            Sweep();
        }

        return Conclude();
    }

    public void Dispose()
    {
        _seat.Changed -= OnSeatChanged;
        _events.Dispose();
    }

    private bool Launch()
    {
        foreach (RankRecord rank in _ranks)
        {
            rank.Started = _clock.Elapsed;
            try
            {
                lock (_starting)
                {
                    rank.Process = _host.Start(
                        rank.Rank, _plan.RequestOf(rank.Rank), status => Post(new JobEvent.RankExited(rank.Rank, status)));
                }

                _running++;
                if (_plan.SampleMemory)
                    rank.InheritedPeakBytes = ProcessTable.PeakResidentBytes(Environment.ProcessId) ?? 0;
            }
            catch (Exception failure) when (failure is LaunchException or System.ComponentModel.Win32Exception)
            {
                _failure = new Failure(-1, 1, failure.Message);
                _host.Output.Say($"boxer: rank {rank.Rank} of {_plan.Size} could not be started, so the job ends. {failure.Message}");
                Terminate();
                Watch();
                return false;
            }
        }

        return true;
    }

    private void Watch()
    {
        TimeSpan nextSample = SampleInterval;
        while (_running > 0)
        {
            TimeSpan wait = Soonest(
                _phaseEnds, _phase == Phase.Running ? _plan.Timeout : null, _plan.SampleMemory ? nextSample : null, LastWordsDue());
            bool any = wait == Timeout.InfiniteTimeSpan
                ? Take(_events.Take())
                : _events.TryTake(out JobEvent? happened, wait) && Take(happened);
            if (_plan.SampleMemory && _clock.Elapsed >= nextSample)
            {
                SampleMemory();
                nextSample = _clock.Elapsed + SampleInterval;
            }

            if (any)
                continue;
            if (_phase == Phase.Running && _clock.Elapsed >= _plan.Timeout)
                OnTimeout();
            else if (_phaseEnds is { } end && _clock.Elapsed >= end)
                NextPhase();
            if (_phase == Phase.Running)
                Judge();
        }

        // Ranks that ended last are judged like any other, with the same patience for the coordinator's view of them.
        while (_phase is Phase.Running or Phase.Settling && (LastWordsDue() ?? _phaseEnds) is { } due)
        {
            if (_events.TryTake(out JobEvent? happened, Positive(due - _clock.Elapsed)))
                Take(happened);
            else if (_phase == Phase.Settling)
                NextPhase();
            else
                Judge();
        }
    }

    private bool Take(JobEvent happened)
    {
        switch (happened)
        {
            case JobEvent.RankExited exited:
                OnExit(_ranks[exited.Rank], exited.Status);
                break;
            case JobEvent.SeatChanged:
                OnNews();
                break;
            case JobEvent.EndRequested request:
                OnEndRequested(request.Signal);
                break;
            case JobEvent.Forward forward:
                SignalAll(forward.Signal);
                break;
            case JobEvent.PlaceBroken broken:
                OnPlaceBroken(broken.Reason);
                break;
            case JobEvent.OutputClosed:
                OnOutputClosed();
                break;
        }

        return true;
    }

    private void OnExit(RankRecord rank, ExitStatus status)
    {
        // First, because the news of an abort and the ends that follow from it come by different ways.
        NoticeAbort();
        rank.Exit = status;
        rank.Exited = _clock.Elapsed;
        rank.EndedByLauncher = _phase >= Phase.Ending || (_abort is { } abort && abort.Rank != rank.Rank);
        _running--;
        if (_phase <= Phase.Settling)
            Judge();
    }

    private void OnNews()
    {
        NoticeAbort();
        if (_phase <= Phase.Settling)
            Judge();
        if (_plan.SampleMemory)
            SampleMemory(rank => _seat.Of(rank.Rank).Stage == RankStage.Left);
    }

    private void NoticeAbort()
    {
        if (_abort is null && _seat.Abort is { } abort && _phase <= Phase.Settling)
        {
            _abort = abort;
            _endedBeforeAbort = _endedOnTheirOwn.Count;
            BeginSettling();
        }
    }

    /// <summary>Looks at every rank that has ended, and ends the job when one of them failed it.</summary>
    private void Judge()
    {
        if (!_anyJoined && _ranks.Any(rank => _seat.Of(rank.Rank).HasJoined))
        {
            // From now on the ranks depend on each other, and an earlier end means something else than it did.
            _anyJoined = true;
            _endedOnTheirOwn.Clear();
        }

        foreach (RankRecord rank in _ranks.OrderBy(rank => rank.Exited))
        {
            if (rank.Exit is not { } exit || _endedOnTheirOwn.Exists(failure => failure.Rank == rank.Rank))
                continue;

            bool settled = _clock.Elapsed - rank.Exited >= LastWords;
            if (Verdict.OfEnded(rank.Rank, exit, _seat.Of(rank.Rank), _anyJoined, _seat.IsComplete, settled) is { } failure)
                _endedOnTheirOwn.Add(failure);
        }

        if (LostRanks().Count + _endedOnTheirOwn.Count > 0 && _anyJoined)
            BeginSettling();
    }

    /// <summary>When to judge again a rank that ended well although the coordinator has not yet seen it leave, or one that it has lost.</summary>
    private TimeSpan? LastWordsDue()
    {
        if (_phase != Phase.Running)
            return null;

        TimeSpan? due = LostDue();
        foreach (RankRecord rank in _ranks)
        {
            if (rank is { Exit.IsSuccess: true, Exited: { } exited }
                && _seat.Of(rank.Rank).Stage is RankStage.Joined or RankStage.Started or RankStage.Linked
                && !_endedOnTheirOwn.Exists(failure => failure.Rank == rank.Rank)
                && (due is null || exited + LastWords < due))
            {
                due = exited + LastWords;
            }
        }

        return due;
    }

    private TimeSpan Soonest(params ReadOnlySpan<TimeSpan?> deadlines)
    {
        TimeSpan? soonest = null;
        foreach (TimeSpan? deadline in deadlines)
        {
            if (deadline is { } at && (soonest is null || at < soonest))
                soonest = at;
        }

        return soonest is { } found ? Positive(found - _clock.Elapsed) : Timeout.InfiniteTimeSpan;
    }

    // TryTake counts in whole milliseconds; rounding up keeps the loop from spinning through the last one.
    private static TimeSpan Positive(TimeSpan time) =>
        time <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(time.TotalMilliseconds), int.MaxValue));

    private void SampleMemory(Func<RankRecord, bool>? which = null)
    {
        foreach (RankRecord rank in _ranks)
        {
            if (rank.IsRunning && which?.Invoke(rank) != false && rank.Process!.Id is { } id
                && ProcessTable.PeakResidentBytes(id) is { } bytes)
                rank.PeakResidentBytes = Math.Max(bytes, rank.PeakResidentBytes ?? 0);
        }
    }

    private void OnSeatChanged() => Post(new JobEvent.SeatChanged());
}
