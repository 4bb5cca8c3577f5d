namespace BoxerMpi.Schedules;

/// <summary>Reduction of the whole vector up a spanning tree of the topology's links, then the blocks are scattered down it.</summary>
/// <remarks>For operations that commute, where links are sparse.</remarks>
internal static class ReduceScatterTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        SpanningTree tree = SpanningTree.Over(call.Topology, root: 0);
        CollectiveCall shape = call;
        long bytes = call.SendBytes;
        Region all = call.Rank == 0 ? schedule.Scratch(bytes) : default;
        TreeSteps.Reduce(schedule, tree, call.Rank, Region.UserSend(0, bytes), all, call.Commutative);
        return TreeSteps.Scatter(
            schedule, tree, call.Rank, Region.UserReceive(0, call.Bytes), rank => shape.SendBlock(rank).Length,
            rank => all.Slice(shape.SendBlock(rank).Offset, shape.SendBlock(rank).Length)).Build();
    }
}
