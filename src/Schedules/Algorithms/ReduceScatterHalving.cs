namespace BoxerMpi.Schedules;

/// <summary>Recursive halving: partners at distance P/2, P/4 … swap and fold the halves that each side's ranks need.</summary>
/// <remarks>
/// ⌊log₂ P⌋ rounds, n bytes and n folded bytes a rank: best for all but very long vectors, for operations that commute. Of the surplus
/// ranks' pairs one takes part for both and hands over the other's block at the end. Thakur, Rabenseifner, Gropp (2005), §3.4.
/// </remarks>
internal static class ReduceScatterHalving
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        CollectiveCall shape = call;
        FoldedRanks ranks = new(call.Size);
        Region result = Region.UserReceive(0, call.Bytes);
        Region source = Region.UserSend(0, call.SendBytes);
        int partner = ranks.Partner(call.Rank);
        if (call.Size == 1)
            return schedule.Copy(source, result).Build();
        if (ranks.IsFolded(call.Rank))
            return schedule.Send(to: partner, source).EndRound().Receive(from: partner, result).Build();

        Region vector = schedule.Scratch(source.Length);
        Region other = schedule.Scratch(source.Length);
        if (partner >= 0)
        {
            schedule.Receive(from: partner, other).Copy(source, vector).Reduce(vector, other).EndRound();
            source = vector;
        }

        int me = ranks.Participant(call.Rank);
        int from = 0;
        for (int distance = ranks.Participants >> 1; distance > 0; distance >>= 1)
        {
            bool lower = (me & distance) == 0;
            int peer = ranks.Rank(me ^ distance);
            int keepFrom = lower ? from : from + distance;
            int giveFrom = lower ? from + distance : from;
            schedule
                .Receive(from: peer, Blocks(other, keepFrom, distance))
                .Send(to: peer, Blocks(source, giveFrom, distance))
                .Copy(Blocks(source, keepFrom, distance), Blocks(vector, keepFrom, distance))
                .Reduce(Blocks(vector, keepFrom, distance), Blocks(other, keepFrom, distance))
                .EndRound();
            (source, from) = (vector, keepFrom);
        }

        schedule.Copy(BlockOf(call.Rank), result);
        if (partner >= 0)
            schedule.Send(to: partner, BlockOf(partner));
        return schedule.Build();

        // The blocks of the ranks that some participants stand for.
        Region Blocks(Region buffer, int first, int count)
        {
            long start = shape.SendBlock(ranks.Rank(first)).Offset;
            long end = first + count == ranks.Participants ? shape.SendBytes : shape.SendBlock(ranks.Rank(first + count)).Offset;
            return buffer.Slice(start, end - start);
        }

        Region BlockOf(int rank)
        {
            Region block = shape.SendBlock(rank);
            return vector.Slice(block.Offset, block.Length);
        }
    }
}
