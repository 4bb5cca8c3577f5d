namespace BoxerMpi.Collectives;

/// <summary>Round k moves every block whose distance has bit k by 2ᵏ ranks: ⌈log₂ P⌉ messages a rank, each of about half of all blocks.</summary>
/// <remarks>Best for tiny uniform blocks: (n/2)·log₂ P bytes a rank instead of n. Bruck et al. (1997).</remarks>
internal static class AllToAllBruck
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        (int rank, int size, long block) = (call.Rank, call.Size, call.Bytes);

        // Place i of the working buffer holds the block that still has to travel the bits of i that are to come.
        Region working = schedule.Scratch(size * block);
        schedule
            .Copy(Region.UserSend(rank * block, (size - rank) * block), working.Slice(0, (size - rank) * block))
            .Copy(Region.UserSend(0, rank * block), working.Slice((size - rank) * block, rank * block));

        Region outgoing = schedule.Scratch((size + 1) / 2 * block);
        Region incoming = schedule.Scratch((size + 1) / 2 * block);
        for (int distance = 1; distance < size; distance <<= 1)
        {
            long moved = Pack(schedule, working, outgoing, distance, size, block, unpack: false);
            schedule.EndRound()
                .Receive(from: (rank - distance + size) % size, incoming.Slice(0, moved))
                .Send(to: (rank + distance) % size, outgoing.Slice(0, moved));
            Pack(schedule, working, incoming, distance, size, block, unpack: true);
        }

        // Place i now holds the block from the rank i before us.
        schedule
            .CopyStrided(working.Slice(0, block), block, Region.UserReceive(rank * block, block), -block, rank + 1);
        if (rank + 1 < size)
        {
            schedule.CopyStrided(
                working.Slice((rank + 1) * block, block), block, Region.UserReceive((size - 1) * block, block), -block, size - 1 - rank);
        }

        return schedule.Build();
    }

    /// <summary>Copies the places whose number has the bit, to or from a row of blocks; returns the bytes.</summary>
    private static long Pack(
        ScheduleBuilder schedule, Region working, Region packed, int bit, int size, long block, bool unpack)
    {
        // Places with the bit come in runs of that many, every second run; the last one may be cut short.
        int whole = size / (2 * bit);
        int rest = Math.Max(0, size % (2 * bit) - bit);
        long run = bit * block;
        if (whole > 0)
        {
            Region here = working.Slice(run, run);
            Region there = packed.Slice(0, run);
            if (unpack)
                schedule.CopyStrided(there, run, here, 2 * run, whole);
            else
                schedule.CopyStrided(here, 2 * run, there, run, whole);
        }

        if (rest > 0)
        {
            Region here = working.Slice((2L * bit * whole + bit) * block, rest * block);
            Region there = packed.Slice(whole * run, rest * block);
            if (unpack)
                schedule.Copy(there, here);
            else
                schedule.Copy(here, there);
        }

        return whole * run + rest * block;
    }
}
