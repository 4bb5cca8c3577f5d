namespace BoxerMpi.Schedules;

/// <summary>
/// What scans by doubling keep: the fold of a block of ranks to pass on, and the prefix, which is the part of it that counts here.
/// </summary>
/// <remarks>
/// In a round a rank gets the fold of a block right before its own, or right after it. Where the order counts, what arrives is the
/// accumulator, so buffers change places instead of being copied; the result goes to the receive buffer at the end.
/// </remarks>
internal sealed class ScanFold
{
    private readonly ScheduleBuilder _schedule;
    private readonly long _bytes;
    private Region? _first;
    private Region? _second;
    private Region? _arrival;

    /// <summary>Prepares the fold of one rank.</summary>
    /// <param name="schedule">Takes the steps.</param>
    /// <param name="own">What this rank contributes; only read.</param>
    /// <param name="isExclusive">Whether the prefix ends before this rank.</param>
    public ScanFold(ScheduleBuilder schedule, Region own, bool isExclusive)
    {
        _schedule = schedule;
        _bytes = own.Length;
        Block = own;
        Prefix = isExclusive ? null : own;
    }

    /// <summary>The fold of the block of ranks so far.</summary>
    public Region Block { get; private set; }

    /// <summary>The fold of the ranks up to this one so far, or before it; null for none.</summary>
    public Region? Prefix { get; private set; }

    /// <summary>Sends the fold of the block as it is before this round's arrival.</summary>
    public void Send(int to) => _schedule.Send(to, Block);

    /// <summary>Takes the fold of the block before this rank's.</summary>
    public void ReceiveEarlier(int from, bool isBlockNeeded)
    {
        Region arrival = Needed(ref _arrival);
        _schedule.Receive(from, arrival);
        if (isBlockNeeded)
        {
            Region joined = OtherThan(Block);
            _schedule.Copy(arrival, joined).Reduce(joined, Block);
            Block = joined;
        }

        _arrival = null;
        if (Prefix is { } prefix)
        {
            _schedule.Reduce(arrival, prefix);
            if (prefix.Buffer == BufferKind.Scratch)
                _arrival = prefix;
        }

        Prefix = arrival;
    }

    /// <summary>Takes the fold of the block after this rank's, to pass it on with its own.</summary>
    public void ReceiveLater(int from)
    {
        Region joined = OtherThan(Block);
        Region arrival = Needed(ref _arrival);
        _schedule.Receive(from, arrival).Copy(Block, joined).Reduce(joined, arrival);
        Block = joined;
    }

    private Region OtherThan(Region block) => block == _first ? Needed(ref _second) : Needed(ref _first);

    /// <summary>Scratch memory is set aside when it is first used: at the ends of the line less is.</summary>
    private Region Needed(ref Region? place) => place ??= _schedule.Scratch(_bytes);
}
