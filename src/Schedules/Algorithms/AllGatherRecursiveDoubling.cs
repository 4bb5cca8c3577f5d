namespace BoxerMpi.Schedules;

/// <summary>Partners at distance 1, 2, 4 … swap all that they have: ⌊log₂ P⌋ rounds.</summary>
/// <remarks>
/// Best for short and middle blocks; everything lands where it belongs. Surplus ranks hand over their block before and get all after.
/// Thakur, Rabenseifner, Gropp (2005), §3.2.
/// </remarks>
internal static class AllGatherRecursiveDoubling
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        GatheredBlocks blocks = new(schedule, call);
        FoldedRanks ranks = new(call.Size);
        int size = call.Size;
        int partner = ranks.Partner(call.Rank);
        if (ranks.IsFolded(call.Rank))
        {
            schedule.Send(to: partner, call.Own).EndRound().Receive(from: partner, blocks.Whole);
            return blocks.Deliver(schedule).Build();
        }

        if (partner >= 0)
            schedule.Receive(from: partner, blocks.Block(partner));
        schedule.Copy(call.Own, blocks.Block(call.Rank)).EndRound();
        int me = ranks.Participant(call.Rank);
        for (int distance = 1; distance < ranks.Participants; distance <<= 1)
        {
            int peer = me ^ distance;
            schedule.Receive(from: ranks.Rank(peer), Gathered(peer)).Send(to: ranks.Rank(peer), Gathered(me)).EndRound();

            // Participants stand for ranges of ranks, and so do those that have swapped.
            Region Gathered(int participant)
            {
                int first = participant & -distance;
                return blocks.Range(ranks.Rank(first), first + distance == ranks.Participants ? size : ranks.Rank(first + distance));
            }
        }

        if (partner >= 0)
            schedule.Send(to: partner, blocks.Whole);
        return blocks.Deliver(schedule).Build();
    }
}
