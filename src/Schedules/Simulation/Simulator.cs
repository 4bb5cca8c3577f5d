namespace BoxerMpi.Schedules;

/// <summary>Runs the schedules of all ranks in virtual time, without a socket: event by event, always with the same result.</summary>
/// <remarks>
/// Messages between two ranks match in order. What each takes is said at <see cref="LinkModel"/>: many senders to one receiver queue at its
/// port (incast), and at most as many messages are under way as a round has, which is the send window of an algorithm.
/// </remarks>
internal sealed partial class Simulator
{
    private const int Listed = 8;

    private readonly LinkModel _model;
    private readonly bool _synchronous;
    private readonly ISimulationObserver? _observer;
    private readonly RankProgram[] _programs;
    private readonly EventQueue _events = new();
    private readonly Processors _processors;
    private readonly Queue<int> _ready = [];
    private readonly int[] _round;
    private readonly int[] _pending;
    private readonly double[] _finished;

    private double _now;
    private long _sentMessages;
    private long _sentBytes;

    private Simulator(RankProgram[] programs, LinkModel model, SimulationOptions options)
    {
        _model = model;
        _synchronous = options.Synchronous;
        _observer = options.Observer;
        _programs = programs;
        _processors = new(programs.Length, options.Cores, model.SwitchSeconds, _events);
        (_receives, _messages) = (new(programs.Length), new(programs.Length));
        _round = new int[programs.Length];
        _pending = new int[programs.Length];
        _outFree = new double[programs.Length];
        _inFree = new double[programs.Length];
        _finished = new double[programs.Length];
    }

    /// <summary>Simulates one collective.</summary>
    /// <param name="size">The number of ranks.</param>
    /// <param name="scheduleOf">Makes the schedule of a rank; it is let go as soon as its times are known.</param>
    /// <param name="model">What everything costs.</param>
    /// <param name="options">The conditions.</param>
    /// <exception cref="ScheduleException">A deadlock, a message without a receive, or lengths that differ.</exception>
    public static SimulationResult Run(int size, Func<int, Schedule> scheduleOf, LinkModel model, SimulationOptions? options = null)
    {
        options ??= SimulationOptions.Default;
        RankProgram[] programs = new RankProgram[size];
        for (int rank = 0; rank < size; rank++)
            programs[rank] = new(scheduleOf(rank), model, keepSchedule: options.Observer is not null);
        return new Simulator(programs, model, options).Run();
    }

    private SimulationResult Run()
    {
        for (int rank = 0; rank < _programs.Length; rank++)
            StartRound(rank);
        Settle();
        while (!_events.IsEmpty)
        {
            _now = _events.Take(out SimulationEvent kind, out int subject);
            switch (kind)
            {
                case SimulationEvent.TaskDone:
                    (TaskKind task, int of) = _processors.Done(subject);
                    Finish(task, of);
                    Settle();
                    _processors.GoOn(_now, subject);
                    break;
                case SimulationEvent.Left:
                    Complete(subject);
                    break;
                case SimulationEvent.Arrived:
                    Arrive(subject);
                    break;
                default:
                    Deliver(subject);
                    break;
            }

            Settle();
        }

        ThrowIfStuck();
        double last = 0;
        foreach (double seconds in _finished)
            last = Math.Max(last, seconds);
        return new(last, _finished, _sentMessages, _sentBytes);
    }

    /// <summary>Ends the rounds that have nothing pending any more.</summary>
    private void Settle()
    {
        while (_ready.TryDequeue(out int rank))
        {
            if (!_processors.Add(_now, rank, _programs[rank].LocalsOf(_round[rank]), TaskKind.Locals, rank))
                EndRound(rank);
        }
    }

    private void StartRound(int rank)
    {
        RankProgram program = _programs[rank];
        int round = _round[rank];
        if (round == program.Rounds)
        {
            _finished[rank] = _now;
            return;
        }

        (int first, int sends, int end) = (program.FirstPost(round), program.FirstSend(round), program.EndPost(round));
        _pending[rank] = end - first;
        _observer?.Begin(rank, round);
        for (int post = first; post < sends; post++)
            PostReceive(rank, post);
        for (int post = sends; post < end; post++)
            PostSend(rank, post);
        if (end == first)
            _ready.Enqueue(rank);
    }

    private void EndRound(int rank)
    {
        if (_observer is not null)
        {
            Schedule schedule = _programs[rank].Schedule!;
            foreach (ref readonly Step step in schedule.Locals(schedule.Rounds[_round[rank]]))
                _observer.Local(rank, step);
        }

        _round[rank]++;
        StartRound(rank);
    }

    private void ThrowIfStuck()
    {
        List<string> stuck = [];
        int count = 0;
        for (int rank = 0; rank < _programs.Length; rank++)
        {
            if (_round[rank] == _programs[rank].Rounds)
                continue;
            if (count++ < Listed)
                stuck.Add($"rank {rank} in round {_round[rank]}");
        }

        if (count > 0)
            throw new ScheduleException($"Deadlock: {string.Join(", ", stuck)}{(count > Listed ? $" and {count - Listed} more" : "")}.");
        if (_messages.Pairs > 0)
        {
            (int from, int to) = _messages.AnyPair;
            throw new ScheduleException($"Rank {to} never receives a message from rank {from}.");
        }
    }
}
