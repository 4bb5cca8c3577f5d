namespace BoxerMpi.Schedules;

/// <summary>
/// Digit by digit of its distance, in radix k, every block moves on: ⌈log_k P⌉ rounds of k−1 messages, each with the blocks of one digit.
/// </summary>
/// <remarks>
/// Best for tiny uniform blocks: with radix 2 (n/2)·log₂ P bytes a rank instead of n; a larger radix sends fewer bytes in more
/// messages. Bruck, Ho, Kipnis, Upfal, Weathersby (1997).
/// </remarks>
internal static class AllToAllBruck
{
    public static Schedule Build(in CollectiveCall call) => Build(call, radix: 2);

    public static Schedule Build(in CollectiveCall call, int radix)
    {
        ScheduleBuilder schedule = new(call);
        (int rank, int size, long block) = (call.Rank, call.Size, call.Bytes);

        // Place i of the working buffer holds the block that still has to travel the digits of i that are to come.
        Region working = schedule.Scratch(size * block);
        schedule
            .Copy(Region.UserSend(rank * block, (size - rank) * block), working.Slice(0, (size - rank) * block))
            .Copy(Region.UserSend(0, rank * block), working.Slice((size - rank) * block, rank * block));

        long most = MostPlaces(size, radix) * block;
        Region[] outgoing = new Region[Math.Min(radix, size) - 1];
        Region[] incoming = new Region[outgoing.Length];
        for (int i = 0; i < outgoing.Length; i++)
            (outgoing[i], incoming[i]) = (schedule.Scratch(most), schedule.Scratch(most));

        for (int weight = 1; weight < size; weight *= radix)
        {
            long[] moved = new long[radix];
            for (int digit = 1; digit < radix && digit * weight < size; digit++)
                moved[digit] = Pack(schedule, working, outgoing[digit - 1], new(weight, radix, digit, size), block, unpack: false);
            schedule.EndRound();
            for (int digit = 1; digit < radix && digit * weight < size; digit++)
            {
                int distance = digit * weight;
                schedule
                    .Receive(from: (rank - distance + size) % size, incoming[digit - 1].Slice(0, moved[digit]))
                    .Send(to: (rank + distance) % size, outgoing[digit - 1].Slice(0, moved[digit]));
                Pack(schedule, working, incoming[digit - 1], new(weight, radix, digit, size), block, unpack: true);
            }
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

    private static int MostPlaces(int size, int radix)
    {
        int most = 0;
        for (int weight = 1; weight < size; weight *= radix)
            most = Math.Max(most, new Digit(weight, radix, 1, size).Places);
        return most;
    }

    /// <summary>Copies the places whose number has the digit, to or from a row of blocks; returns the bytes.</summary>
    private static long Pack(ScheduleBuilder schedule, Region working, Region packed, in Digit digit, long block, bool unpack)
    {
        long run = digit.Weight * block;
        if (digit.WholeRuns > 0)
        {
            Region here = working.Slice(digit.First * block, run);
            Region there = packed.Slice(0, run);
            if (unpack)
                schedule.CopyStrided(there, run, here, digit.Period * block, digit.WholeRuns);
            else
                schedule.CopyStrided(here, digit.Period * block, there, run, digit.WholeRuns);
        }

        if (digit.Rest > 0)
        {
            Region here = working.Slice((digit.First + digit.Period * digit.WholeRuns) * block, digit.Rest * block);
            Region there = packed.Slice(digit.WholeRuns * run, digit.Rest * block);
            if (unpack)
                schedule.Copy(there, here);
            else
                schedule.Copy(here, there);
        }

        return digit.Places * block;
    }

    /// <summary>
    /// The places below a size whose number has a digit at a weight: runs of that weight, one each period; the last may be short.
    /// </summary>
    private readonly struct Digit(int weight, int radix, int digit, int size)
    {
        public int Weight => weight;

        public long Period => (long)weight * radix;

        public long First => (long)weight * digit;

        /// <summary>The runs that are not cut short by the size.</summary>
        public int WholeRuns { get; } = (int)(size / ((long)weight * radix)
            + (size % ((long)weight * radix) >= (long)weight * (digit + 1) ? 1 : 0));

        public int Rest { get; } = size % ((long)weight * radix) >= (long)weight * (digit + 1)
            ? 0
            : (int)Math.Max(0, size % ((long)weight * radix) - (long)weight * digit);

        public int Places => WholeRuns * weight + Rest;
    }
}
