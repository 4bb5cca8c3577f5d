namespace BoxerMpi.Collectives;

/// <summary>What scans by doubling keep: the fold of a block of ranks to pass on, and the prefix, which is the part of it that counts here.</summary>
/// <remarks>
/// In a round a rank gets the fold of a block right before its own, or right after it. Where the order counts, what arrives is the
/// accumulator, so buffers change places instead of being copied; the result goes to the receive buffer at the end.
/// </remarks>
internal sealed class ScanFold
{
    private readonly ScheduleBuilder _schedule;
    private readonly bool _isExclusive;
    private readonly Region _result;
    private readonly Region _first;
    private readonly Region _second;
    private readonly Region _prefixSpare;
    private Region _block;
    private Region _arrival;
    private Region? _prefix;

    public ScanFold(ScheduleBuilder schedule, in CollectiveCall call)
    {
        _schedule = schedule;
        _isExclusive = call.Collective == Collective.ExclusiveScan;
        _result = Region.UserReceive(0, call.Bytes);
        _block = call.Own;
        if (call.Size == 1)
            return;
        _arrival = schedule.Scratch(call.Bytes);
        (_first, _second) = (schedule.Scratch(call.Bytes), schedule.Scratch(call.Bytes));
        _prefixSpare = schedule.Scratch(call.Bytes);
        _prefix = _isExclusive ? null : call.Own;
    }

    /// <summary>Sends the fold of the block as it is before this round's arrival.</summary>
    public void Send(int to) => _schedule.Send(to, _block);

    /// <summary>Takes the fold of the block before this rank's.</summary>
    public void ReceiveEarlier(int from, bool isBlockNeeded)
    {
        Region arrival = _arrival;
        _schedule.Receive(from, arrival);
        if (isBlockNeeded)
        {
            Region joined = OtherThan(_block);
            _schedule.Copy(arrival, joined).Reduce(joined, _block);
            _block = joined;
        }

        if (_prefix is { } prefix)
        {
            _schedule.Reduce(arrival, prefix);
            (_prefix, _arrival) = (arrival, prefix.Buffer == BufferKind.Scratch ? prefix : _prefixSpare);
        }
        else
        {
            (_prefix, _arrival) = (arrival, _prefixSpare);
        }
    }

    /// <summary>Takes the fold of the block after this rank's, to pass it on with its own.</summary>
    public void ReceiveLater(int from)
    {
        Region joined = OtherThan(_block);
        _schedule.Receive(from, _arrival).Copy(_block, joined).Reduce(joined, _arrival);
        _block = joined;
    }

    public void EndRound() => _schedule.EndRound();

    /// <summary>Delivers the prefix; rank 0 of an exclusive scan has none and keeps its buffer.</summary>
    public Schedule Build()
    {
        if (_prefix is { } prefix)
            _schedule.Copy(prefix, _result);
        else if (!_isExclusive)
            _schedule.Copy(_block, _result);
        return _schedule.Build();
    }

    private Region OtherThan(Region block) => block == _first ? _second : _first;
}
