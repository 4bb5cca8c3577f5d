namespace BoxerMpi.Schedules;

// What happens to a message: posted, bound to its receive, through both processors and ports, delivered.
internal sealed partial class Simulator
{
    // When the ports of each rank are free again.
    private readonly double[] _outFree;
    private readonly double[] _inFree;

    // Posted receives without a message, and messages without a receive: delivered ones, or posted ones that wait for it (synchronous).
    private readonly PairQueues _receives;
    private readonly PairQueues _messages;

    // What is under way, by number: a message has both ends' posts, a waiting receive only its own.
    private int[] _from = new int[256];
    private int[] _to = new int[256];
    private int[] _sendPost = new int[256];
    private int[] _receivePost = new int[256];
    private int _free = -1;
    private int _used;

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
        if (_synchronous)
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
        if (_synchronous && !TryBind(message))
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
        double bytes = _model.ProcessorByteSeconds * BytesOf(message);

        // A receiver whose core is idle takes the bytes while the sender still hands them over.
        if (kind == TaskKind.Receive)
            bytes = Math.Max(0, bytes - _processors.Idle(_now, rank));
        double seconds = _model.ProcessorMessageSeconds + bytes;
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
        if (_synchronous || TryBind(message))
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
}
