namespace BoxerMpi.Schedules;

/// <summary>
/// Pairs of neighbours swap their blocks, then what came from one side goes to the other, two blocks a message: P/2 rounds.
/// </summary>
/// <remarks>
/// Half the rounds of the ring over the same links, for an even number of ranks; an odd one goes round the ring. For long blocks.
/// Chen, Zhang, Zhang, Yuan (2005).
/// </remarks>
internal static class AllGatherNeighbour
{
    public static Schedule Build(in CollectiveCall call)
    {
        int size = call.Size;
        if (size % 2 != 0)
            return AllGatherRing.Build(call);

        ScheduleBuilder schedule = new(call);
        GatheredBlocks blocks = new(schedule, call);
        int rank = call.Rank;
        schedule.Copy(call.Own, blocks.Block(rank)).EndRound();
        bool isEven = rank % 2 == 0;
        int before = (rank - 1 + size) % size;
        int after = (rank + 1) % size;
        int partner = isEven ? after : before;
        schedule.Receive(from: partner, blocks.Block(partner)).Send(to: partner, blocks.Block(rank)).EndRound();

        // From the second round on pairs of blocks travel, both ways at once: those that came last go to the other side.
        int pairs = size / 2;
        int held = rank / 2;
        for (int step = 1; step < pairs; step++)
        {
            // A pair that comes from before lies one further back each time, one from after one further on, by turns.
            bool toAfter = isEven == (step % 2 == 0);
            int peer = toAfter ? after : before;
            int distance = (step + 1) / 2;
            int arriving = rank / 2 + (toAfter ? distance : -distance);
            arriving = (arriving + pairs) % pairs;
            schedule.Receive(from: peer, Pair(arriving)).Send(to: peer, Pair(held)).EndRound();
            held = arriving;
        }

        return blocks.Deliver(schedule).Build();

        Region Pair(int pair) => blocks.Range(2 * pair, 2 * pair + 2);
    }
}
