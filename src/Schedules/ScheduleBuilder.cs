namespace BoxerMpi.Schedules;

/// <summary>Collects the steps of a schedule, round by round.</summary>
/// <remarks>
/// Empty messages, copies and reductions are left out: both ends of a message know its length, so they leave out the same ones.
/// A message that means something without contents is a <see cref="Notify"/>.
/// </remarks>
internal sealed class ScheduleBuilder
{
    // Scratch regions start on cache lines, so that folding one into another runs on aligned vectors.
    private const long ScratchAlignment = 64;

    private readonly int _rank;
    private readonly int _size;
    private readonly Region? _staged;
    private readonly List<Step> _steps = [];
    private readonly List<Round> _rounds = [];
    private readonly List<Step> _receives = [];
    private readonly List<Step> _sends = [];
    private readonly List<Step> _locals = [];
    private long _scratchBytes;

    public ScheduleBuilder(in CollectiveCall call)
    {
        _rank = call.Rank;
        _size = call.Size;
        if (call.StageSend)
        {
            long bytes = call.SendBytes;
            Region staged = Scratch(bytes);
            Copy(Region.UserReceive(0, bytes), staged).EndRound();
            _staged = staged;
        }
    }

    /// <summary>Sets scratch memory aside.</summary>
    public Region Scratch(long bytes)
    {
        Region region = new(BufferKind.Scratch, _scratchBytes, bytes);
        _scratchBytes = (region.End + ScratchAlignment - 1) / ScratchAlignment * ScratchAlignment;
        return region;
    }

    public ScheduleBuilder Receive(int from, Region target)
    {
        if (target.Length > 0)
            _receives.Add(new(StepKind.Receive, Peer(from), target, default));
        return this;
    }

    public ScheduleBuilder Send(int to, Region source)
    {
        if (source.Length > 0)
            _sends.Add(new(StepKind.Send, Peer(to), default, Staged(source)));
        return this;
    }

    /// <summary>Sends an empty message.</summary>
    public ScheduleBuilder Notify(int to)
    {
        _sends.Add(new(StepKind.Send, Peer(to), default, default));
        return this;
    }

    /// <summary>Takes an empty message.</summary>
    public ScheduleBuilder Await(int from)
    {
        _receives.Add(new(StepKind.Receive, Peer(from), default, default));
        return this;
    }

    /// <summary>Copies when the round's messages are done; a copy that goes on where the last one ended becomes part of it.</summary>
    public ScheduleBuilder Copy(Region source, Region target)
    {
        if (source.Length != target.Length)
            throw new ArgumentException($"{source} and {target} differ in length.", nameof(target));
        source = Staged(source);
        if (source.Length == 0 || source == target)
            return this;

        if (_locals is [.., { Kind: StepKind.Copy, Count: 1 } last] && Joined(last.Source, source) is { } from
            && Joined(last.Target, target) is { } to)
            _locals[^1] = last with { Source = from, Target = to };
        else
            _locals.Add(new(StepKind.Copy, -1, target, source));
        return this;
    }

    /// <summary>Copies <paramref name="count"/> blocks, each a stride after the one before.</summary>
    public ScheduleBuilder CopyStrided(Region source, long sourceStride, Region target, long targetStride, int count)
    {
        if (count <= 0 || source.Length == 0)
            return this;
        if (count == 1 || (sourceStride == source.Length && targetStride == target.Length))
            return Copy(source with { Length = source.Length * count }, target with { Length = target.Length * count });
        if (source.Length != target.Length)
            throw new ArgumentException($"{source} and {target} differ in length.", nameof(target));
        _locals.Add(new(StepKind.Copy, -1, target, Staged(source), count, targetStride, sourceStride));
        return this;
    }

    /// <summary>Folds what comes from later ranks into what comes from earlier ones, when the round's messages are done.</summary>
    public ScheduleBuilder Reduce(Region accumulator, Region later)
    {
        if (accumulator.Length != later.Length)
            throw new ArgumentException($"{accumulator} and {later} differ in length.", nameof(later));
        if (later.Length > 0)
            _locals.Add(new(StepKind.Reduce, -1, accumulator, Staged(later)));
        return this;
    }

    /// <summary>Whatever comes next waits for everything so far.</summary>
    public ScheduleBuilder EndRound()
    {
        if (_receives.Count + _sends.Count + _locals.Count == 0)
            return this;
        _rounds.Add(new(_steps.Count, _receives.Count, _sends.Count, _locals.Count));
        _steps.AddRange(_receives);
        _steps.AddRange(_sends);
        _steps.AddRange(_locals);
        _receives.Clear();
        _sends.Clear();
        _locals.Clear();
        return this;
    }

    public Schedule Build()
    {
        EndRound();
        return new(_rank, _size, [.. _steps], [.. _rounds], _scratchBytes);
    }

    private static Region? Joined(Region first, Region second) =>
        first.Buffer == second.Buffer && first.End == second.Offset ? first with { Length = first.Length + second.Length } : null;

    private Region Staged(Region source) => source.Buffer == BufferKind.UserSend && _staged is { } staged
        ? new(BufferKind.Scratch, staged.Offset + source.Offset, source.Length)
        : source;

    private int Peer(int peer) => (uint)peer < (uint)_size && peer != _rank
        ? peer
        : throw new ArgumentOutOfRangeException(nameof(peer), peer, $"Rank {_rank} of {_size} has no such peer.");
}
