namespace BoxerMpi.Schedules;

/// <summary>Everybody sends to the root, which folds strictly in the order of the ranks, one after the other.</summary>
/// <remarks>For operations that do not commute, and for results that do not depend on the algorithm.</remarks>
internal static class ReduceLinear
{
    private const long WaitingBytes = 4 * 1024 * 1024;

    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        if (!call.IsRoot)
            return schedule.Send(to: call.Root, call.Own).Build();

        Region result = Region.UserReceive(0, call.Bytes);
        if (call.Size == 1)
            return schedule.Copy(call.Own, result).Build();

        // The root's own vector may lie in the result buffer, so the fold runs in scratch memory until it is complete.
        Region fold = schedule.Scratch(call.Bytes);
        int batch = (int)Math.Clamp(WaitingBytes / Math.Max(1, call.Bytes), 1, call.Size);
        Region[] arrivals = new Region[batch];
        for (int i = 0; i < batch; i++)
            arrivals[i] = schedule.Scratch(call.Bytes);

        for (int first = 0; first < call.Size; first += batch)
        {
            int until = Math.Min(first + batch, call.Size);
            for (int rank = first; rank < until; rank++)
            {
                if (rank != call.Root)
                    schedule.Receive(from: rank, rank == 0 ? fold : arrivals[rank - first]);
            }

            for (int rank = first; rank < until; rank++)
            {
                if (rank == 0 && call.IsRoot && call.Root == 0)
                    schedule.Copy(call.Own, fold);
                else if (rank != 0)
                    schedule.Reduce(fold, rank == call.Root ? call.Own : arrivals[rank - first]);
            }

            schedule.EndRound();
        }

        return schedule.Copy(fold, result).Build();
    }
}
