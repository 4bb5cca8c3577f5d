namespace BoxerMpi.Schedules;

/// <summary>
/// Vectors are gathered up a spanning tree of the topology, rank 0 folds all prefixes one after the other, and they go down it.
/// </summary>
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

        // Nobody takes what the last rank has in an exclusive scan.
        int folded = isExclusive ? size - 1 : size;
        Region all = call.Rank == 0 ? schedule.Scratch(bytes * folded) : default;
        Region contributed = call.Own with { Length = Length(call.Rank) };
        TreeSteps.Gather(schedule, tree, call.Rank, contributed, Length, rank => Place(rank) with { Length = Length(rank) });
        if (call.Rank == 0)
        {
            // Place r becomes the prefix up to r.
            Region prefix = schedule.Scratch(bytes);
            if (folded > 1)
                schedule.Copy(Place(0), prefix);
            for (int rank = 1; rank < folded; rank++)
                schedule.Reduce(prefix, Place(rank)).Copy(prefix, Place(rank));
            schedule.EndRound();
        }

        // The prefix before a rank is that of the rank before; what the scatter has for rank 0 then is its own, which stays where it is.
        Region own = isExclusive && call.Rank == 0 ? Place(0) : Region.UserReceive(0, bytes);
        return TreeSteps.Scatter(
            schedule, tree, call.Rank, own, _ => bytes, rank => Place(isExclusive ? Math.Max(0, rank - 1) : rank)).Build();

        long Length(int rank) => rank < folded ? bytes : 0;

        Region Place(int rank) => new(BufferKind.Scratch, all.Offset + rank * bytes, bytes);
    }
}
