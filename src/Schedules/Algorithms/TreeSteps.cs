namespace BoxerMpi.Schedules;

/// <summary>What collectives do along a spanning tree, whichever tree it is.</summary>
internal static class TreeSteps
{
    /// <summary>Contributions to a reduction that may wait in scratch memory at once; a rank takes at least one at a time.</summary>
    private const long WaitingBytes = 1024 * 1024;

    public static ScheduleBuilder Barrier(ScheduleBuilder schedule, SpanningTree tree, int rank)
    {
        int parent = tree.Parent(rank);
        ReadOnlySpan<int> children = tree.Children(rank);
        foreach (int child in children)
            schedule.Await(from: child);
        schedule.EndRound();
        if (parent >= 0)
            schedule.Notify(to: parent).EndRound().Await(from: parent).EndRound();
        foreach (int child in children)
            schedule.Notify(to: child);
        return schedule.EndRound();
    }

    /// <summary>Brings <paramref name="vector"/>, which the root has, to all.</summary>
    public static ScheduleBuilder Broadcast(ScheduleBuilder schedule, SpanningTree tree, int rank, Region vector)
    {
        if (rank != tree.Root)
            schedule.Receive(from: tree.Parent(rank), vector).EndRound();
        foreach (int child in LargestFirst(tree, rank))
            schedule.Send(to: child, vector);
        return schedule.EndRound();
    }

    /// <summary>Brings a vector to all in segments, each passed on while the next one arrives.</summary>
    public static ScheduleBuilder BroadcastSegmented(
        ScheduleBuilder schedule, SpanningTree tree, int rank, Region vector, long segmentBytes)
    {
        int[] children = LargestFirst(tree, rank);
        Region before = vector.Slice(0, 0);
        while (before.Offset < vector.End || before.Length > 0)
        {
            Region next = new(vector.Buffer, before.End, Math.Min(segmentBytes, vector.End - before.End));
            Region passed = rank == tree.Root ? next : before;
            if (rank != tree.Root)
                schedule.Receive(from: tree.Parent(rank), next);
            foreach (int child in children)
                schedule.Send(to: child, passed);
            schedule.EndRound();
            before = next;
        }

        return schedule;
    }

    /// <summary>Folds everybody's <paramref name="own"/> up the tree; at the root the result is in <paramref name="result"/>.</summary>
    /// <remarks>
    /// A rank folds itself first, then its children in order. That is the order of the ranks in trees whose subtrees are ranges of
    /// ranks: flat and binomial ones with root 0. A rank that <paramref name="foldsLate"/> takes its first child's vector where the result
    /// will be and folds itself into that, which saves a copy. Otherwise own and result may be the same memory.
    /// </remarks>
    public static ScheduleBuilder Reduce(ScheduleBuilder schedule, SpanningTree tree, int rank, Region own, Region result, bool foldsLate)
    {
        ReadOnlySpan<int> children = tree.Children(rank);
        Region accumulator = own;
        if (children.Length > 0)
        {
            accumulator = rank == tree.Root ? result : schedule.Scratch(own.Length);
            int batch = (int)Math.Clamp(WaitingBytes / Math.Max(1, own.Length), 1, children.Length);
            Region[] arrivals = new Region[batch];
            for (int i = foldsLate && batch == children.Length ? 1 : 0; i < batch; i++)
                arrivals[i] = schedule.Scratch(own.Length);

            for (int first = 0; first < children.Length; first += batch)
            {
                ReadOnlySpan<int> now = children.Slice(first, Math.Min(batch, children.Length - first));
                bool takesOwn = foldsLate && first == 0;
                for (int i = 0; i < now.Length; i++)
                    schedule.Receive(from: now[i], i == 0 && takesOwn ? accumulator : arrivals[i]);
                if (first == 0 && !foldsLate)
                    schedule.Copy(own, accumulator);
                for (int i = 0; i < now.Length; i++)
                    schedule.Reduce(accumulator, i == 0 && takesOwn ? own : arrivals[i]);
                schedule.EndRound();
            }
        }

        return rank == tree.Root
            ? schedule.Copy(accumulator, result).EndRound()
            : schedule.Send(to: tree.Parent(rank), accumulator).EndRound();
    }

    /// <summary>Collects a block of every rank at the root.</summary>
    /// <param name="schedule">Takes the steps.</param>
    /// <param name="tree">Any tree.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="own">This rank's block.</param>
    /// <param name="bytes">The length of the block of each rank below this one.</param>
    /// <param name="place">At the root, where the block of each rank goes.</param>
    public static ScheduleBuilder Gather(
        ScheduleBuilder schedule, SpanningTree tree, int rank, Region own, Func<int, long> bytes, Func<int, Region> place)
    {
        bool isRoot = rank == tree.Root;
        if (isRoot)
            schedule.Copy(own, place(rank));

        ReadOnlySpan<int> children = tree.Children(rank);
        if (children.IsEmpty)
            return isRoot ? schedule.EndRound() : schedule.Send(to: tree.Parent(rank), own).EndRound();

        // A subtree travels as one message: the blocks of its ranks in the order of the tree.
        Region bundle = default;
        if (!isRoot)
        {
            bundle = schedule.Scratch(BundleBytes(tree.Subtree(rank), bytes));
            schedule.Copy(own, bundle.Slice(0, own.Length));
        }

        long offset = own.Length;
        foreach (int child in children)
        {
            ReadOnlySpan<int> subtree = tree.Subtree(child);
            long length = BundleBytes(subtree, bytes);
            if (!isRoot)
            {
                schedule.Receive(from: child, bundle.Slice(offset, length));
            }
            else if (OnePiece(subtree, place) is { } piece)
            {
                schedule.Receive(from: child, piece);
            }
            else
            {
                Region arrival = schedule.Scratch(length);
                schedule.Receive(from: child, arrival);
                long at = 0;
                foreach (int member in subtree)
                {
                    Region target = place(member);
                    schedule.Copy(arrival.Slice(at, target.Length), target);
                    at += target.Length;
                }
            }

            offset += length;
        }

        schedule.EndRound();
        return isRoot ? schedule : schedule.Send(to: tree.Parent(rank), bundle).EndRound();
    }

    /// <summary>Hands every rank a block of the root.</summary>
    /// <param name="schedule">Takes the steps.</param>
    /// <param name="tree">Any tree.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="own">Where this rank's block goes.</param>
    /// <param name="bytes">The length of the block of each rank below this one.</param>
    /// <param name="place">At the root, where the block of each rank lies.</param>
    public static ScheduleBuilder Scatter(
        ScheduleBuilder schedule, SpanningTree tree, int rank, Region own, Func<int, long> bytes, Func<int, Region> place)
    {
        bool isRoot = rank == tree.Root;
        ReadOnlySpan<int> children = tree.Children(rank);
        Region bundle = default;
        if (isRoot)
        {
            schedule.Copy(place(rank), own);
        }
        else if (children.IsEmpty)
        {
            return schedule.Receive(from: tree.Parent(rank), own).EndRound();
        }
        else
        {
            bundle = schedule.Scratch(BundleBytes(tree.Subtree(rank), bytes));
            schedule.Receive(from: tree.Parent(rank), bundle).Copy(bundle.Slice(0, own.Length), own).EndRound();
        }

        long offset = own.Length;
        List<(int Child, Region Bundle)> outgoing = [];
        foreach (int child in LargestFirst(tree, rank))
        {
            ReadOnlySpan<int> subtree = tree.Subtree(child);
            if (isRoot && OnePiece(subtree, place) is { } piece)
            {
                outgoing.Add((child, piece));
            }
            else if (isRoot)
            {
                Region packed = schedule.Scratch(BundleBytes(subtree, bytes));
                long at = 0;
                foreach (int member in subtree)
                {
                    Region source = place(member);
                    schedule.Copy(source, packed.Slice(at, source.Length));
                    at += source.Length;
                }

                outgoing.Add((child, packed));
            }
        }

        schedule.EndRound();
        if (!isRoot)
        {
            foreach (int child in children)
            {
                long length = BundleBytes(tree.Subtree(child), bytes);
                outgoing.Add((child, bundle.Slice(offset, length)));
                offset += length;
            }
        }

        foreach ((int child, Region content) in outgoing)
            schedule.Send(to: child, content);
        return schedule.EndRound();
    }

    /// <summary>The one region that the places of some ranks make up in order, if they do.</summary>
    private static Region? OnePiece(ReadOnlySpan<int> ranks, Func<int, Region> place)
    {
        Region piece = place(ranks[0]);
        foreach (int rank in ranks[1..])
        {
            Region next = place(rank);
            if (next.Length == 0)
                continue;
            if (piece.Length == 0)
                piece = next;
            else if (next.Buffer == piece.Buffer && next.Offset == piece.End)
                piece = piece with { Length = piece.Length + next.Length };
            else
                return null;
        }

        return piece;
    }

    private static long BundleBytes(ReadOnlySpan<int> ranks, Func<int, long> bytes)
    {
        long sum = 0;
        foreach (int rank in ranks)
            sum += bytes(rank);
        return sum;
    }

    /// <summary>Who has most to pass on is served first.</summary>
    private static int[] LargestFirst(SpanningTree tree, int rank)
    {
        int[] children = tree.Children(rank).ToArray();
        int[] sizes = Array.ConvertAll(children, child => -tree.Subtree(child).Length);
        // The keys are unique, so that every rank sorts alike.
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = sizes[i] * (children.Length + 1) + i;
        Array.Sort(sizes, children);
        return children;
    }
}
