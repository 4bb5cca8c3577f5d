namespace BoxerMpi.Schedules;

/// <summary>Partners at distance 1, 2, 4 … swap and fold whole vectors: ⌊log₂ P⌋ rounds.</summary>
/// <remarks>
/// Best for short vectors when every rank has a core. Surplus ranks fold in before and get the result after.
/// Thakur, Rabenseifner, Gropp (2005), §3.3.
/// </remarks>
internal static class AllReduceRecursiveDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        FoldedRanks ranks = new(call.Size);
        int partner = ranks.Partner(call.Rank);
        Region vector = Region.UserReceive(0, call.Bytes);
        if (ranks.IsFolded(call.Rank))
            return schedule.Send(to: partner, call.Own).EndRound().Receive(from: partner, vector).Build();
        if (call.Size == 1)
            return schedule.Copy(call.Own, vector).Build();

        Region current = vector;
        Region other = schedule.Scratch(call.Bytes);
        Region outgoing = call.Own;
        if (partner >= 0)
        {
            schedule.Receive(from: partner, other).Copy(outgoing, vector).Reduce(vector, other).EndRound();
            outgoing = vector;
        }

        int me = ranks.Participant(call.Rank);
        for (int distance = 1; distance < ranks.Participants; distance <<= 1)
        {
            int peer = ranks.Rank(me ^ distance);
            if (call.MayFoldLate && outgoing != current)
            {
                schedule.Receive(from: peer, current).Send(to: peer, outgoing).Reduce(current, outgoing).EndRound();
                outgoing = current;
                continue;
            }

            schedule.Receive(from: peer, other).Send(to: peer, outgoing).Copy(outgoing, current);
            if ((me & distance) == 0 || call.Commutative)
            {
                schedule.Reduce(current, other);
            }
            else
            {
                // The peer stands for earlier ranks: its vector is the accumulator, and the buffers change places.
                schedule.Reduce(other, current);
                (current, other) = (other, current);
            }

            schedule.EndRound();
            outgoing = current;
        }

        schedule.Copy(current, vector);
        if (partner >= 0)
            schedule.EndRound().Send(to: partner, vector);
        return schedule.Build();
    }
}
