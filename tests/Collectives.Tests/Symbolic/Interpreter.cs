namespace BoxerMpi.Collectives.Tests;

/// <summary>A schedule that is wrong.</summary>
internal sealed class ScheduleException(string message) : Exception(message);

/// <summary>Runs the schedules of all ranks on symbolic data, without a socket.</summary>
/// <remarks>
/// Messages between two ranks match in order, and a send ends only when its receive has been posted: nothing is buffered, so what
/// does not deadlock here does not deadlock on links that buffer little. Every rank goes on as soon as its own round is complete.
/// </remarks>
internal sealed class Interpreter
{
    private readonly Schedule[] _schedules;
    private readonly bool _commutative;
    private readonly Cell[][] _send;
    private readonly Cell[][] _receive;
    private readonly Cell[][] _scratch;
    private readonly int[] _round;
    private readonly bool[] _posted;
    private readonly int[] _pending;
    private readonly Dictionary<(int From, int To), Queue<(Region Source, Cell[] Data)>> _sends = [];
    private readonly Dictionary<(int From, int To), Queue<Region>> _receives = [];

    /// <summary>Prepares a run.</summary>
    /// <param name="schedules">One for each rank.</param>
    /// <param name="send">The send buffer of each rank, which no schedule may write.</param>
    /// <param name="receive">The receive buffer of each rank; the same array as the send buffer for calls in place.</param>
    /// <param name="commutative">Whether ranks may be folded in any order.</param>
    public Interpreter(Schedule[] schedules, Cell[][] send, Cell[][] receive, bool commutative = true)
    {
        _schedules = schedules;
        _commutative = commutative;
        _send = send;
        _receive = receive;
        _scratch = Array.ConvertAll(schedules, schedule => Filled(schedule.ScratchBytes));
        _round = new int[schedules.Length];
        _posted = new bool[schedules.Length];
        _pending = new int[schedules.Length];
    }

    public static Cell[] Filled(long length)
    {
        Cell[] cells = new Cell[length];
        Array.Fill(cells, Cell.Undefined);
        return cells;
    }

    public void Run()
    {
        Queue<int> ready = new(Enumerable.Range(0, _schedules.Length));
        while (ready.TryDequeue(out int rank))
        {
            while (Advance(rank, ready))
            {
            }
        }

        List<string> stuck = [];
        for (int rank = 0; rank < _schedules.Length; rank++)
        {
            if (_round[rank] < _schedules[rank].Rounds.Length)
                stuck.Add($"rank {rank} in round {_round[rank]}");
        }

        if (stuck.Count > 0)
            throw new ScheduleException($"Deadlock: {string.Join(", ", stuck)}.");
        foreach (((int from, int to), Queue<(Region, Cell[])> left) in _sends)
        {
            if (left.Count > 0)
                throw new ScheduleException($"Rank {to} never receives {left.Count} messages from rank {from}.");
        }
    }

    /// <summary>Does what the rank can do now; says whether it went on to another round.</summary>
    private bool Advance(int rank, Queue<int> ready)
    {
        Schedule schedule = _schedules[rank];
        if (_round[rank] == schedule.Rounds.Length)
            return false;

        Round round = schedule.Rounds[_round[rank]];
        if (!_posted[rank])
        {
            _posted[rank] = true;
            _pending[rank] = round.Posts;
            CheckOverlap(rank, schedule, round);
            foreach (Step step in schedule.Receives(round))
            {
                Cells(rank, step.Target);
                QueueOf(_receives, (step.Peer, rank)).Enqueue(step.Target);
                Match(step.Peer, rank, ready);
            }

            foreach (Step step in schedule.Sends(round))
            {
                Cell[] data = step.Source.Length == 0 ? [] : Cells(rank, step.Source).ToArray();
                if (Array.IndexOf(data, Cell.Undefined) >= 0)
                    throw new ScheduleException($"Rank {rank} sends undefined memory, {step.Source}, to rank {step.Peer}.");
                QueueOf(_sends, (rank, step.Peer)).Enqueue((step.Source, data));
                Match(rank, step.Peer, ready);
            }
        }

        if (_pending[rank] > 0)
            return false;
        foreach (Step step in schedule.Locals(round))
            RunLocal(rank, step);
        _posted[rank] = false;
        _round[rank]++;
        return true;
    }

    private void Match(int from, int to, Queue<int> ready)
    {
        if (!_sends.TryGetValue((from, to), out Queue<(Region Source, Cell[] Data)>? sends) || sends.Count == 0)
            return;
        if (!_receives.TryGetValue((from, to), out Queue<Region>? receives) || receives.Count == 0)
            return;

        (Region source, Cell[] data) = sends.Dequeue();
        Region target = receives.Dequeue();
        if (source.Length != target.Length)
            throw new ScheduleException($"Rank {from} sends {source} where rank {to} receives {target}: the lengths differ.");
        if (data.Length > 0)
            data.CopyTo(Cells(to, target));
        foreach (int rank in new[] { from, to })
        {
            if (--_pending[rank] == 0)
                ready.Enqueue(rank);
        }
    }

    private void RunLocal(int rank, Step step)
    {
        if (step.Kind == StepKind.Reduce)
        {
            Span<Cell> accumulator = Cells(rank, step.Target);
            Span<Cell> later = Cells(rank, step.Source);
            for (int i = 0; i < accumulator.Length; i++)
            {
                accumulator[i] = accumulator[i].With(later[i], _commutative, out string reason)
                    ?? throw new ScheduleException($"Rank {rank}, {step.Source} into {step.Target}: {reason}, {later[i]} into {accumulator[i]}.");
            }

            return;
        }

        for (int i = 0; i < step.Count; i++)
        {
            Region target = step.Target with { Offset = step.Target.Offset + i * step.TargetStride };
            Region source = step.Source with { Offset = step.Source.Offset + i * step.SourceStride };
            Span<Cell> from = Cells(rank, source);
            Span<Cell> to = Cells(rank, target);
            if (from.Overlaps(to) && from != to)
                throw new ScheduleException($"Rank {rank} copies {source} to {target}, which overlap.");
            from.CopyTo(to);
        }
    }

    private Span<Cell> Cells(int rank, Region region)
    {
        if (region.Length == 0)
            return [];
        Cell[] buffer = region.Buffer switch
        {
            BufferKind.UserSend => _send[rank],
            BufferKind.UserReceive => _receive[rank],
            _ => _scratch[rank],
        };
        return region.Offset >= 0 && region.End <= buffer.Length
            ? buffer.AsSpan((int)region.Offset, (int)region.Length)
            : throw new ScheduleException($"Rank {rank}: {region} is outside of the buffer of {buffer.Length} bytes.");
    }

    /// <summary>What is received in a round may not be touched by another message of the round; nobody writes what a caller only lends.</summary>
    private void CheckOverlap(int rank, Schedule schedule, Round round)
    {
        foreach (Step step in schedule.Steps.Slice(round.First, round.Posts + round.Locals))
        {
            if (step.Kind != StepKind.Send && step.Target.Length > 0 && step.Target.Buffer == BufferKind.UserSend)
                throw new ScheduleException($"Rank {rank} writes into the send buffer: {step.Kind} {step.Target}.");
        }

        List<(Region Region, bool Written)> posts = [];
        foreach (Step step in schedule.Receives(round))
            posts.Add((step.Target, true));
        foreach (Step step in schedule.Sends(round))
            posts.Add((step.Source, false));

        // Sorted by buffer and place, only what was last and reaches farthest can overlap the next.
        bool inPlace = ReferenceEquals(_send[rank], _receive[rank]);
        List<(Region Region, bool Written)> sorted = [.. posts
            .Where(post => post.Region.Length > 0)
            .Select(post => inPlace && post.Region.Buffer == BufferKind.UserSend
                ? (Region: post.Region with { Buffer = BufferKind.UserReceive }, post.Written) : post)
            .OrderBy(post => post.Region.Buffer).ThenBy(post => post.Region.Offset)];
        long readUntil = -1, writtenUntil = -1;
        BufferKind? buffer = null;
        foreach ((Region region, bool written) in sorted)
        {
            if (buffer != region.Buffer)
                (buffer, readUntil, writtenUntil) = (region.Buffer, -1, -1);
            if (region.Offset < writtenUntil || (written && region.Offset < readUntil))
                throw new ScheduleException($"Rank {rank}, round {_round[rank]}: {region} is received into while in use.");
            if (written)
                writtenUntil = Math.Max(writtenUntil, region.End);
            else
                readUntil = Math.Max(readUntil, region.End);
        }
    }

    private static Queue<T> QueueOf<T>(Dictionary<(int From, int To), Queue<T>> queues, (int From, int To) pair)
    {
        if (!queues.TryGetValue(pair, out Queue<T>? queue))
            queues[pair] = queue = new();
        return queue;
    }
}
