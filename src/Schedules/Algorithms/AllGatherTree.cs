namespace BoxerMpi.Schedules;

/// <summary>Blocks are gathered up a spanning tree of the topology's links and the whole is broadcast down it.</summary>
internal static class AllGatherTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        CollectiveCall shape = call;
        GatheredBlocks blocks = new(schedule, call);
        SpanningTree tree = SpanningTree.Over(call.Topology, root: 0);
        TreeSteps.Gather(schedule, tree, call.Rank, call.Own, rank => shape.BlockBytes(rank), blocks.Block);
        TreeSteps.Broadcast(schedule, tree, call.Rank, blocks.Whole);
        return blocks.Deliver(schedule).Build();
    }
}
