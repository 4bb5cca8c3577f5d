namespace BoxerMpi.Schedules.Tests;

/// <summary>The buffers of all ranks, of symbolic data, that the simulator moves as the schedules say.</summary>
/// <remarks>
/// A send ends only when its receive has been posted: nothing is buffered, so what does not deadlock here does not deadlock on links that
/// buffer little.
/// </remarks>
internal sealed class SymbolicMemory : ISimulationObserver
{
    // Time is of no matter, only the order.
    private static readonly LinkModel NoTime = new() { Name = "symbolic" };

    private readonly Schedule[] _schedules;
    private readonly bool _commutative;
    private readonly Cell[][] _send;
    private readonly Cell[][] _receive;
    private readonly Cell[][] _scratch;
    private readonly Dictionary<(int From, int To), Queue<(Cell[] Data, ulong Heard)>> _underWay = [];

    // Whom a rank has heard of, directly or through others: now, and when its round began, which is what its messages of the round tell.
    private readonly ulong[] _heard;
    private readonly ulong[] _heardBefore;

    private SymbolicMemory(Schedule[] schedules, Cell[][] send, Cell[][] receive, bool commutative)
    {
        _schedules = schedules;
        _commutative = commutative;
        _send = send;
        _receive = receive;
        _scratch = Array.ConvertAll(schedules, schedule => Filled(schedule.ScratchBytes));
        _heard = [.. schedules.Select((_, rank) => 1UL << rank)];
        _heardBefore = [.. _heard];
    }

    /// <summary>Runs the schedules.</summary>
    /// <param name="schedules">One for each rank.</param>
    /// <param name="send">The send buffer of each rank, which no schedule may write.</param>
    /// <param name="receive">The receive buffer of each rank; the same array as the send buffer for calls in place.</param>
    /// <param name="commutative">Whether ranks may be folded in any order.</param>
    /// <returns>For each rank the ranks whose start comes before its end, as bits.</returns>
    /// <exception cref="ScheduleException">A schedule is wrong.</exception>
    public static ulong[] Run(Schedule[] schedules, Cell[][] send, Cell[][] receive, bool commutative = true)
    {
        SymbolicMemory memory = new(schedules, send, receive, commutative);
        Simulator.Run(schedules.Length, rank => schedules[rank], NoTime, new() { Synchronous = true, Observer = memory });
        return memory._heard;
    }

    public static Cell[] Filled(long length)
    {
        Cell[] cells = new Cell[length];
        Array.Fill(cells, Cell.Undefined);
        return cells;
    }

    public void Begin(int rank, int round)
    {
        CheckOverlap(rank, _schedules[rank], round);
        _heardBefore[rank] = _heard[rank];
    }

    public void Send(int rank, in Step step)
    {
        Cell[] data = Cells(rank, step.Source).ToArray();
        if (Array.IndexOf(data, Cell.Undefined) >= 0)
            throw new ScheduleException($"Rank {rank} sends undefined memory, {step.Source}, to rank {step.Peer}.");
        if (!_underWay.TryGetValue((rank, step.Peer), out Queue<(Cell[] Data, ulong Heard)>? queue))
            _underWay[(rank, step.Peer)] = queue = new();
        queue.Enqueue((data, _heardBefore[rank]));
    }

    public void Deliver(int from, int to, in Step step)
    {
        (Cell[] data, ulong heard) = _underWay[(from, to)].Dequeue();
        data.CopyTo(Cells(to, step.Target));
        _heard[to] |= heard;
    }

    public void Local(int rank, in Step step)
    {
        if (step.Kind == StepKind.Reduce)
        {
            Span<Cell> accumulator = Cells(rank, step.Target);
            Span<Cell> later = Cells(rank, step.Source);
            for (int i = 0; i < accumulator.Length; i++)
            {
                accumulator[i] = accumulator[i].With(later[i], _commutative, out string reason)
                    ?? throw new ScheduleException(
                        $"Rank {rank}, {step.Source} into {step.Target}: {reason}, {later[i]} into {accumulator[i]}.");
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

    /// <summary>
    /// What is received in a round may not be touched by another message of the round; nobody writes what a caller only lends.
    /// </summary>
    private void CheckOverlap(int rank, Schedule schedule, int number)
    {
        Round round = schedule.Rounds[number];
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
                throw new ScheduleException($"Rank {rank}, round {number}: {region} is received into while in use.");
            if (written)
                writtenUntil = Math.Max(writtenUntil, region.End);
            else
                readUntil = Math.Max(readUntil, region.End);
        }
    }
}
