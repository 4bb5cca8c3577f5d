namespace BoxerMpi.Schedules;

/// <summary>
/// Bit by bit of the two ranks' difference, every block moves over one link of a hypercube: log₂ P rounds of half of all blocks.
/// </summary>
/// <remarks>
/// For tiny uniform blocks on hypercubes. Where P is no power of two, first the bits are cleared that only the source has, then those
/// set that only the destination has: so no block passes a rank that does not exist. 2·⌈log₂ P⌉ rounds then.
/// Johnsson, Ho (1989).
/// </remarks>
internal static class AllToAllHypercube
{
    public static Schedule Build(in CollectiveCall call) => (call.Size & (call.Size - 1)) == 0 ? BuildWhole(call) : BuildPartial(call);

    private static Schedule BuildWhole(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        (int rank, int size, long block) = (call.Rank, call.Size, call.Bytes);

        // Place i holds the block that still has to cross the bits of i that are to come: those of rank i^rank at first.
        Region working = schedule.Scratch(size * block);
        for (int i = 0; i < size; i++)
            schedule.Copy(call.SendBlock(rank ^ i), working.Slice(i * block, block));

        Region outgoing = schedule.Scratch(size / 2 * block);
        Region incoming = schedule.Scratch(size / 2 * block);
        for (int bit = 1; bit < size; bit <<= 1)
        {
            long run = bit * block;
            int runs = size / (2 * bit);
            schedule
                .CopyStrided(working.Slice(run, run), 2 * run, outgoing.Slice(0, run), run, runs)
                .EndRound()
                .Receive(from: rank ^ bit, incoming)
                .Send(to: rank ^ bit, outgoing)
                .CopyStrided(incoming.Slice(0, run), run, working.Slice(run, run), 2 * run, runs);
        }

        for (int i = 0; i < size; i++)
            schedule.Copy(working.Slice(i * block, block), call.ReceiveBlock(rank ^ i));
        return schedule.Build();
    }

    private static Schedule BuildPartial(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        (int rank, int size, long block) = (call.Rank, call.Size, call.Bytes);
        Dictionary<(int Source, int Destination), Region> held = [];
        for (int destination = 0; destination < size; destination++)
            held[(rank, destination)] = call.SendBlock(destination);

        foreach (bool isClearing in new[] { true, false })
        {
            for (int bit = 1; bit < size; bit <<= 1)
            {
                int partner = rank ^ bit;
                if (partner >= size)
                    continue;
                bool isSender = ((rank & bit) != 0) == isClearing;
                int sender = isSender ? rank : partner;
                List<(int Source, int Destination)> moving = Moving(sender, bit, isClearing, size);
                Region bundle = schedule.Scratch(moving.Count * block);
                for (int i = 0; i < moving.Count; i++)
                {
                    Region place = bundle.Slice(i * block, block);
                    if (!isSender)
                        held.Add(moving[i], place);
                    else
                        schedule.Copy(held[moving[i]], place);
                }

                schedule.EndRound();
                if (!isSender)
                {
                    schedule.Receive(from: partner, bundle).EndRound();
                    continue;
                }

                schedule.Send(to: partner, bundle).EndRound();
                foreach ((int, int) moved in moving)
                    held.Remove(moved);
            }
        }

        foreach (((int source, _), Region place) in held)
            schedule.Copy(place, call.ReceiveBlock(source));
        return schedule.Build();
    }

    /// <summary>The blocks that a rank holds when a bit's turn comes, and that cross it.</summary>
    private static List<(int Source, int Destination)> Moving(int rank, int bit, bool isClearing, int size)
    {
        int done = bit - 1;
        List<(int Source, int Destination)> moving = [];
        for (int source = 0; source < size; source++)
        {
            for (int destination = 0; destination < size; destination++)
            {
                int both = source & destination;
                int place = isClearing ? (source & ~done) | (both & done) : (both & ~done) | (destination & done);
                if (place == rank && (destination & bit) == (isClearing ? 0 : bit))
                    moving.Add((source, destination));
            }
        }

        return moving;
    }
}
