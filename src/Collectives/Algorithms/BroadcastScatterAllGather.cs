namespace BoxerMpi.Collectives;

/// <summary>The root scatters chunks down a binomial tree, then all gather them: 2n bytes a rank instead of n·log₂ P.</summary>
/// <remarks>
/// Best for long vectors. The all-gather doubles when P is a power of two, else it goes round the ring.
/// Van de Geijn; Thakur, Rabenseifner, Gropp (2005), §3.1.
/// </remarks>
internal static class BroadcastScatterAllGather
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        int size = call.Size;
        int me = call.RankRelativeTo(call.Root);
        Region vector = Region.UserReceive(0, call.Bytes);
        Chunks chunks = new(call.Bytes, call.ElementSize, size);

        // Chunk i belongs to virtual rank i. A rank gets the chunks of its subtree, which are a range, and hands on those of its children.
        int span = 1;
        while (span < size && (me & span) == 0)
            span <<= 1;
        if (me != 0)
            schedule.Receive(from: call.RealRank(me - span), chunks.Of(vector, me, Math.Min(me + span, size))).EndRound();
        for (int half = span >> 1; half > 0; half >>= 1)
        {
            if (me + half < size)
                schedule.Send(to: call.RealRank(me + half), chunks.Of(vector, me + half, Math.Min(me + 2 * half, size)));
        }

        schedule.EndRound();
        if ((size & (size - 1)) == 0)
        {
            for (int distance = 1; distance < size; distance <<= 1)
            {
                int partner = me ^ distance;
                int mine = me & -distance;
                int theirs = partner & -distance;
                schedule
                    .Receive(from: call.RealRank(partner), chunks.Of(vector, theirs, theirs + distance))
                    .Send(to: call.RealRank(partner), chunks.Of(vector, mine, mine + distance))
                    .EndRound();
            }

            return schedule.Build();
        }

        for (int step = 0; step < size - 1; step++)
        {
            schedule
                .Receive(from: call.RealRank((me - 1 + size) % size), chunks.Of(vector, (me - step - 1 + size) % size))
                .Send(to: call.RealRank((me + 1) % size), chunks.Of(vector, (me - step + size) % size))
                .EndRound();
        }

        return schedule.Build();
    }
}
