namespace BoxerMpi.Schedules;

/// <summary>In round i a rank sends the block of the rank i after it and folds the one that it gets from the rank i before it.</summary>
/// <remarks>
/// P−1 rounds, n bytes and n folded bytes a rank, little memory: best for very long vectors, for operations that commute.
/// </remarks>
internal static class ReduceScatterPairwise
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        long block = call.Bytes;
        Region result = Region.UserReceive(0, block);
        Region arrival = schedule.Scratch(block);
        schedule.Copy(call.SendBlock(call.Rank), result);
        for (int distance = 1; distance < call.Size; distance++)
        {
            int destination = (call.Rank + distance) % call.Size;
            schedule
                .Receive(from: (call.Rank - distance + call.Size) % call.Size, arrival)
                .Send(to: destination, call.SendBlock(destination))
                .Reduce(result, arrival)
                .EndRound();
        }

        return schedule.Build();
    }
}
