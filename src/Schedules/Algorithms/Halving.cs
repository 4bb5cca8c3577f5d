namespace BoxerMpi.Schedules;

/// <summary>
/// Reduce-scatter by vector halving and distance doubling among a power of two of participants, and the way back.
/// In each step partners split the range that both hold, swap halves and fold them.
/// </summary>
/// <remarks>
/// After k steps a participant holds the fold of an aligned block of 2ᵏ neighbours, so rank order is kept:
/// where the partner comes earlier, its half is the accumulator, and the two buffers change places.
/// </remarks>
internal sealed class Halving
{
    private readonly ScheduleBuilder _schedule;
    private readonly CollectiveCall _call;
    private readonly Func<int, int> _rankOf;
    private readonly int _me;
    private readonly int _participants;
    private readonly Region _vector;
    private readonly List<(Region Mine, Region Theirs)> _splits = [];

    /// <summary>Prepares the steps of one participant.</summary>
    /// <param name="schedule">Takes the steps.</param>
    /// <param name="call">The call.</param>
    /// <param name="me">The number of this participant.</param>
    /// <param name="participants">A power of two.</param>
    /// <param name="rankOf">The rank of a participant.</param>
    /// <param name="vector">Where the result goes.</param>
    public Halving(ScheduleBuilder schedule, in CollectiveCall call, int me, int participants, Func<int, int> rankOf, Region vector)
    {
        _schedule = schedule;
        _call = call;
        _me = me;
        _participants = participants;
        _rankOf = rankOf;
        _vector = vector;
    }

    /// <summary>Leaves in the result buffer the fold of everybody's chunk that this participant ends with.</summary>
    /// <param name="source">The vector to fold: the result buffer, or one that may only be read.</param>
    /// <param name="other">A buffer of the vector's length.</param>
    public void ReduceScatter(Region source, Region other)
    {
        Region current = source;
        long from = 0;
        long until = _call.Bytes / _call.ElementSize;
        for (int distance = 1; distance < _participants; distance <<= 1)
        {
            int partner = _rankOf(_me ^ distance);
            bool partnerIsEarlier = (_me & distance) != 0;
            long middle = from + (until - from) / 2;
            (long keepFrom, long keepUntil) = partnerIsEarlier ? (middle, until) : (from, middle);
            (long giveFrom, long giveUntil) = partnerIsEarlier ? (from, middle) : (middle, until);

            _schedule
                .Receive(from: partner, Elements(other, keepFrom, keepUntil))
                .Send(to: partner, Elements(current, giveFrom, giveUntil));
            if (current == source && source != _vector)
            {
                // The caller's vector is read only: what is kept of it moves to where it can be folded.
                _schedule.Copy(Elements(source, keepFrom, keepUntil), Elements(_vector, keepFrom, keepUntil));
                current = _vector;
            }

            if (partnerIsEarlier && !_call.Commutative)
            {
                _schedule.Reduce(Elements(other, keepFrom, keepUntil), Elements(current, keepFrom, keepUntil));
                (current, other) = (other, current);
            }
            else
            {
                _schedule.Reduce(Elements(current, keepFrom, keepUntil), Elements(other, keepFrom, keepUntil));
            }

            _schedule.EndRound();
            _splits.Add((Elements(_vector, keepFrom, keepUntil), Elements(_vector, giveFrom, giveUntil)));
            (from, until) = (keepFrom, keepUntil);
        }

        if (current != _vector)
            _schedule.Copy(Elements(current, from, until), Elements(_vector, from, until)).EndRound();
    }

    /// <summary>Goes back: partners of a step swap what they have, until all have the whole vector.</summary>
    public void AllGather()
    {
        for (int step = _splits.Count - 1; step >= 0; step--)
        {
            int partner = _rankOf(_me ^ (1 << step));
            _schedule.Receive(from: partner, _splits[step].Theirs).Send(to: partner, _splits[step].Mine).EndRound();
        }
    }

    /// <summary>Goes back towards participant 0: of two partners the first takes what the other has.</summary>
    public void GatherToFirst()
    {
        for (int step = _splits.Count - 1; step >= 0; step--)
        {
            int partner = _rankOf(_me ^ (1 << step));
            if ((_me & (1 << step)) != 0)
            {
                _schedule.Send(to: partner, _splits[step].Mine).EndRound();
                return;
            }

            _schedule.Receive(from: partner, _splits[step].Theirs).EndRound();
        }
    }

    private Region Elements(Region buffer, long from, long until) =>
        buffer.Slice(from * _call.ElementSize, (until - from) * _call.ElementSize);
}
