namespace BoxerMpi.Collectives;

/// <summary>Vectors are gathered up a spanning tree of the topology, rank 0 folds all prefixes one after the other, and they go down it.</summary>
/// <remarks>For sparse links: P·n bytes meet at rank 0. Folds strictly in the order of the ranks.</remarks>
internal static class ScanOrderedTree
{
    public static Schedule Build(in CollectiveCall call)
    {
        ScheduleBuilder schedule = new(call);
        (int size, long bytes) = (call.Size, call.Bytes);
        SpanningTree tree = SpanningTree.Over(call.Topology, root: 0);
        bool isExclusive = call.Collective == Collective.ExclusiveScan;
        if (size == 1)
            return isExclusive ? schedule.Build() : schedule.Copy(call.Own, Region.UserReceive(0, bytes)).Build();

        Region all = call.Rank == 0 ? schedule.Scratch(bytes * size) : default;
        TreeSteps.Gather(schedule, tree, call.Rank, call.Own, _ => bytes, Place);
        if (call.Rank == 0)
        {
            // Place r becomes the prefix up to r: its vector is folded into a copy of the prefix before.
            Region next = schedule.Scratch(bytes);
            for (int rank = 1; rank < size; rank++)
                schedule.Copy(Place(rank - 1), next).Reduce(next, Place(rank)).Copy(next, Place(rank));
            schedule.EndRound();
        }

        // The prefix before a rank is that of the rank before; what the scatter brings rank 0 then is its own, which it does not take.
        Region own = isExclusive && call.Rank == 0 ? schedule.Scratch(bytes) : Region.UserReceive(0, bytes);
        return TreeSteps.Scatter(
            schedule, tree, call.Rank, own, _ => bytes, rank => Place(isExclusive ? Math.Max(0, rank - 1) : rank)).Build();

        Region Place(int rank) => all.Slice(rank * bytes, bytes);
    }
}
