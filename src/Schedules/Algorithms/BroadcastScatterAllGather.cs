namespace BoxerMpi.Schedules;

/// <summary>The root scatters chunks down a binomial tree, then all gather them: 2n bytes a rank instead of n·log₂ P.</summary>
/// <remarks>
/// Best for long vectors. The all-gather doubles when P is a power of two, else it goes round the ring; what a rank holds since the scatter
/// is not sent to it again.
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
        int span = Span(me, size);
        if (me != 0)
            schedule.Receive(from: call.RealRank(me - span), chunks.Of(vector, me, Math.Min(me + span, size))).EndRound();
        for (int half = span >> 1; half > 0; half >>= 1)
        {
            if (me + half < size)
                schedule.Send(to: call.RealRank(me + half), chunks.Of(vector, me + half, Math.Min(me + 2 * half, size)));
        }

        schedule.EndRound();
        if ((size & (size - 1)) == 0)
            Double(schedule, call, me, vector, chunks);
        else
            GoRound(schedule, call, me, vector, chunks);
        return schedule.Build();
    }

    private static void Double(ScheduleBuilder schedule, in CollectiveCall call, int me, Region vector, in Chunks chunks)
    {
        for (int distance = 1; distance < call.Size; distance <<= 1)
        {
            int partner = me ^ distance;
            int mine = me & -distance;
            int theirs = partner & -distance;
            if (!Holds(me, theirs, call.Size))
                schedule.Receive(from: call.RealRank(partner), chunks.Of(vector, theirs, theirs + distance));
            if (!Holds(partner, mine, call.Size))
                schedule.Send(to: call.RealRank(partner), chunks.Of(vector, mine, mine + distance));
            schedule.EndRound();
        }
    }

    private static void GoRound(ScheduleBuilder schedule, in CollectiveCall call, int me, Region vector, in Chunks chunks)
    {
        int size = call.Size;
        (int previous, int next) = ((me - 1 + size) % size, (me + 1) % size);
        for (int step = 0; step < size - 1; step++)
        {
            (int arriving, int leaving) = ((me - step - 1 + size) % size, (me - step + size) % size);
            if (!Holds(me, arriving, size))
                schedule.Receive(from: call.RealRank(previous), chunks.Of(vector, arriving));
            if (!Holds(next, leaving, size))
                schedule.Send(to: call.RealRank(next), chunks.Of(vector, leaving));
            schedule.EndRound();
        }
    }

    /// <summary>How many chunks the scatter brings a virtual rank, from its own on; those beyond the last there are not.</summary>
    private static int Span(int rank, int size)
    {
        int span = 1;
        while (span < size && (rank & span) == 0)
            span <<= 1;
        return span;
    }

    /// <summary>Whether a virtual rank has a chunk since the scatter; of chunks that travel together it has all or none.</summary>
    private static bool Holds(int rank, int chunk, int size) => chunk >= rank && chunk < rank + Span(rank, size);
}
