namespace BoxerMpi.Schedules;

/// <summary>The root tells everybody the counts of all ranks, down a spanning tree of the topology.</summary>
/// <remarks>Runs before gathers and scatters with counts over such a tree; the result is P counts in the order of the ranks.</remarks>
internal static class CountsFromRoot
{
    public static int Length(in CollectiveCall call) => call.Size;

    /// <summary>The root sends its own counts; the others receive them.</summary>
    public static Schedule Build(in CollectiveCall call)
    {
        long bytes = (long)call.Size * sizeof(long);
        ScheduleBuilder schedule = new(call);
        Region counts = call.IsRoot ? Region.UserSend(0, bytes) : Region.UserReceive(0, bytes);
        TreeSteps.Broadcast(schedule, SpanningTree.Over(call.Topology, call.Root), call.Rank, counts);
        if (call.IsRoot)
            schedule.Copy(counts, Region.UserReceive(0, bytes));
        return schedule.Build();
    }
}
