namespace BoxerMpi.Schedules;

/// <summary>
/// The blocks of all ranks, one after the other: the receive buffer itself, or scratch memory where the caller's layout has gaps or
/// another order. So several blocks travel as one message, whatever layouts the two ends have.
/// </summary>
internal sealed class GatheredBlocks
{
    private readonly CollectiveCall _call;
    private readonly long[]? _start;
    private readonly Region _whole;

    public GatheredBlocks(ScheduleBuilder schedule, in CollectiveCall call)
    {
        _call = call;
        if (call.ReceiveLayout is not { } layout)
        {
            _whole = Region.UserReceive(0, call.Bytes * call.Size);
            return;
        }

        _start = new long[call.Size + 1];
        for (int rank = 0; rank < call.Size; rank++)
            _start[rank + 1] = _start[rank] + layout.Count(rank) * call.ElementSize;
        _whole = layout.IsContiguous ? Region.UserReceive(0, _start[^1]) : schedule.Scratch(_start[^1]);
    }

    public Region Whole => _whole;

    public Region Block(int rank) => Range(rank, rank + 1);

    public Region Range(int from, int until) => _whole.Slice(Start(from), Start(until) - Start(from));

    /// <summary>Brings the blocks to where the caller wants them.</summary>
    public ScheduleBuilder Deliver(ScheduleBuilder schedule)
    {
        schedule.EndRound();
        for (int rank = 0; rank < _call.Size && _whole.Buffer == BufferKind.Scratch; rank++)
            schedule.Copy(Block(rank), _call.ReceiveBlock(rank));
        return schedule.EndRound();
    }

    private long Start(int rank) => _start is null ? rank * _call.Bytes : _start[rank];
}
