namespace BoxerMpi.Schedules;

/// <summary>Each round doubles what a rank has, taken from the rank 1, 2, 4 … after it: ⌈log₂ P⌉ rounds for any P.</summary>
/// <remarks>
/// Best for short blocks. Blocks collect in scratch memory from one's own on and are turned into place. Bruck et al. (1997).
/// </remarks>
internal static class AllGatherBruck
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        int size = call.Size;
        long[] start = new long[size + 1];
        for (int i = 0; i < size; i++)
            start[i + 1] = start[i] + call.BlockBytes((call.Rank + i) % size);

        Region collected = schedule.Scratch(start[size]);
        schedule.Copy(call.Own, collected.Slice(0, start[1])).EndRound();
        for (int distance = 1; distance < size; distance <<= 1)
        {
            // The rank before us has no more than we need to complete it: the last round moves the rest only.
            int blocks = Math.Min(distance, size - distance);
            schedule
                .Receive(from: (call.Rank + distance) % size, collected.Slice(start[distance], start[distance + blocks] - start[distance]))
                .Send(to: (call.Rank - distance + size) % size, collected.Slice(0, start[blocks]))
                .EndRound();
        }

        for (int i = 0; i < size; i++)
        {
            Region target = call.ReceiveBlock((call.Rank + i) % size);
            schedule.Copy(collected.Slice(start[i], target.Length), target);
        }

        return schedule.Build();
    }
}
