namespace BoxerMpi.Collectives;

/// <summary>Runs the schedules of all ranks in virtual time, without a socket: event by event, always with the same result.</summary>
/// <remarks>
/// Messages between two ranks match in order. What each takes is said at <see cref="LinkModel"/>: many senders to one receiver queue at its
/// port (incast), and at most as many messages are under way as a round has, which is the send window of an algorithm.
/// </remarks>
internal sealed class Simulator
{
    private const int Listed = 8;

    private readonly LinkModel _model;
    private readonly bool _rendezvous;
    private readonly ISimulationObserver? _observer;
    private readonly RankProgram[] _programs;
    private readonly EventQueue _events = new();
    private readonly Processors _processors;
    private readonly Queue<int> _ready = [];
    private readonly int[] _round;
    private readonly int[] _pending;
    private readonly double[] _outFree;
    private readonly double[] _inFree;
    private readonly double[] _finished;

    // Posted receives without a message, and messages without a receive: delivered ones, or posted ones that wait for it (rendezvous).
    private readonly PairQueues _receives = new();
    private readonly PairQueues _messages = new();

    // What is under way, by number: a message has both ends' posts, a waiting receive only its own.
    private int[] _from = new int[256];
    private int[] _to = new int[256];
    private int[] _sendPost = new int[256];
    private int[] _receivePost = new int[256];
    private int _free = -1;
    private int _used;

    private double _now;
    private long _sentMessages;
    private long _sentBytes;

    private Simulator(RankProgram[] programs, LinkModel model, SimulationOptions options)
    {
        _model = model;
        _rendezvous = options.Rendezvous;
        _observer = options.Observer;
        _programs = programs;
        _processors = new(programs.Length, options.Cores, model.SwitchSeconds, _events);
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

    private void PostReceive(int rank, int post)
    {
        int peer = _programs[rank].Peer(post);
        int message = _messages.Take(peer, rank);
        if (message < 0)
        {
            int waiting = Rent(peer, rank, -1);
            _receivePost[waiting] = post;
            _receives.Add(peer, rank, waiting);
            return;
        }

        Bind(message, post);
        if (_rendezvous)
            Work(rank: peer, TaskKind.Send, message);
        else
            Work(rank, TaskKind.Receive, message);
    }

    private void PostSend(int rank, int post)
    {
        int peer = _programs[rank].Peer(post);
        int message = Rent(rank, peer, post);
        _sentMessages++;
        _sentBytes += _programs[rank].Bytes(post);
        if (_observer is not null)
            _observer.Send(rank, StepOf(rank, post));
        if (_rendezvous && !TryBind(message))
            _messages.Add(rank, peer, message);
        else
            Work(rank, TaskKind.Send, message);
    }

    /// <summary>Finds the receive of a message among those that wait.</summary>
    private bool TryBind(int message)
    {
        int waiting = _receives.Take(_from[message], _to[message]);
        if (waiting < 0)
            return false;
        Bind(message, _receivePost[waiting]);
        Return(waiting);
        return true;
    }

    private void Bind(int message, int receivePost)
    {
        (int from, int to) = (_from[message], _to[message]);
        long sent = _programs[from].Bytes(_sendPost[message]);
        long expected = _programs[to].Bytes(receivePost);
        if (sent != expected)
            throw new ScheduleException($"Rank {from} sends {sent} bytes where rank {to} receives {expected}: the lengths differ.");
        _receivePost[message] = receivePost;
    }

    private void Work(int rank, TaskKind kind, int message)
    {
        double seconds = _model.ProcessorMessageSeconds + _model.ProcessorByteSeconds * BytesOf(message);
        if (!_processors.Add(_now, rank, seconds, kind, message))
            Finish(kind, message);
    }

    private void Finish(TaskKind kind, int subject)
    {
        switch (kind)
        {
            case TaskKind.Send:
                Leave(subject);
                break;
            case TaskKind.Receive:
                int to = _to[subject];
                _observer?.Deliver(_from[subject], to, StepOf(to, _receivePost[subject]));
                Return(subject);
                Complete(to);
                break;
            default:
                EndRound(subject);
                break;
        }
    }

    private void Leave(int message)
    {
        int from = _from[message];
        double start = Math.Max(_now, _outFree[from]);
        double until = _outFree[from] = start + PortSeconds(message);
        _events.Add(start + _model.LatencySeconds, SimulationEvent.Arrived, message);
        if (until > _now)
            _events.Add(until, SimulationEvent.Left, from);
        else
            Complete(from);
    }

    private void Arrive(int message)
    {
        int to = _to[message];
        double until = _inFree[to] = Math.Max(_now, _inFree[to]) + PortSeconds(message);
        if (until > _now)
            _events.Add(until, SimulationEvent.Delivered, message);
        else
            Deliver(message);
    }

    private void Deliver(int message)
    {
        if (_rendezvous || TryBind(message))
            Work(_to[message], TaskKind.Receive, message);
        else
            _messages.Add(_from[message], _to[message], message);
    }

    private void Complete(int rank)
    {
        if (--_pending[rank] == 0)
            _ready.Enqueue(rank);
    }

    private double PortSeconds(int message) => _model.MessageSeconds + _model.ByteSeconds * BytesOf(message);

    private long BytesOf(int message) => _programs[_from[message]].Bytes(_sendPost[message]);

    private ref readonly Step StepOf(int rank, int post)
    {
        // Posts are the steps of all rounds without the local ones.
        Schedule schedule = _programs[rank].Schedule!;
        int round = _round[rank];
        return ref schedule.Steps[schedule.Rounds[round].First + post - _programs[rank].FirstPost(round)];
    }

    private int Rent(int from, int to, int sendPost)
    {
        int number = _free;
        if (number >= 0)
        {
            _free = _sendPost[number];
        }
        else
        {
            if (_used == _from.Length)
            {
                Array.Resize(ref _from, 2 * _used);
                Array.Resize(ref _to, 2 * _used);
                Array.Resize(ref _sendPost, 2 * _used);
                Array.Resize(ref _receivePost, 2 * _used);
            }

            number = _used++;
        }

        (_from[number], _to[number], _sendPost[number]) = (from, to, sendPost);
        return number;
    }

    private void Return(int number)
    {
        _sendPost[number] = _free;
        _free = number;
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
