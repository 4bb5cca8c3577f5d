namespace BoxerMpi.Schedules;

/// <summary>Everybody sends everybody its block; each rank folds what it got strictly in the order of the ranks.</summary>
/// <remarks>For operations that do not commute, and for results that do not depend on the algorithm.</remarks>
internal static class ReduceScatterLinear
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        long block = call.Bytes;
        Region all = schedule.Scratch(block * call.Size);
        schedule.Copy(call.SendBlock(call.Rank), all.Slice(call.Rank * block, block));
        for (int first = 1; first < call.Size; first += call.Window)
        {
            int until = Math.Min(first + call.Window, call.Size);
            for (int distance = first; distance < until; distance++)
            {
                int source = (call.Rank - distance + call.Size) % call.Size;
                int destination = (call.Rank + distance) % call.Size;
                schedule
                    .Receive(from: source, all.Slice(source * block, block))
                    .Send(to: destination, call.SendBlock(destination));
            }

            schedule.EndRound();
        }

        Region fold = all.Slice(0, block);
        for (int rank = 1; rank < call.Size; rank++)
            schedule.Reduce(fold, all.Slice(rank * block, block));
        return schedule.Copy(fold, Region.UserReceive(0, block)).Build();
    }
}
