using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

// One call of every collective, and what must come out of it.
public sealed partial class ClusterTests
{
    private static async Task CallAsync(
        Communicator world, Collective collective, int length, int root, bool blocking, CancellationToken token)
    {
        // On a sparse topology an algorithm may have the links for some roots only.
        CollectiveSelector selector = new(world.Topology, new());
        if (world.GetCollectiveOptions().AlgorithmOf(collective) is { } name
            && !selector.Allows(CollectiveAlgorithms.Find(collective, name)!, new(collective, 0, 1) { Root = root }))
        {
            return;
        }

        (int rank, int size) = (world.Rank, world.Size);
        bool isRoot = rank == root;
        switch (collective)
        {
            case Collective.Barrier:
                if (blocking)
                    world.Barrier();
                else
                    await world.BarrierAsync(token);
                break;

            case Collective.Broadcast:
                long[] vector = isRoot ? Block(root, 0, length) : new long[length];
                if (blocking)
                    world.Broadcast<long>(vector, root);
                else
                    await world.BroadcastAsync<long>(vector, root, token);
                Assert.Equal(Block(root, 0, length), vector);
                break;

            case Collective.Reduce:
                long[] reduced = new long[isRoot ? length : 0];
                if (blocking)
                    world.Reduce(Block(rank, 0, length), reduced, ReduceOp<long>.Sum, root);
                else
                    await world.ReduceAsync<long>(Block(rank, 0, length), reduced, ReduceOp<long>.Sum, root, token);
                Assert.Equal(isRoot ? Sum(size, 0, length) : [], reduced);
                break;

            case Collective.AllReduce:
                long[] sum = Block(rank, 0, length);
                if (blocking)
                {
                    world.AllReduce(sum, ReduceOp<long>.Sum);
                }
                else
                {
                    sum = new long[length];
                    await world.AllReduceAsync<long>(Block(rank, 0, length), sum, ReduceOp<long>.Sum, token);
                }

                Assert.Equal(Sum(size, 0, length), sum);
                break;

            case Collective.ReduceScatterBlock:
                long[] part = new long[length];
                if (blocking)
                    world.ReduceScatterBlock(Blocks(size, to => Block(rank, to, length)), part, ReduceOp<long>.Sum);
                else
                    await world.ReduceScatterBlockAsync<long>(Blocks(size, to => Block(rank, to, length)), part, ReduceOp<long>.Sum, token);
                Assert.Equal(Sum(size, rank, length), part);
                break;

            case Collective.ReduceScatter:
                BlockLayout parts = BlockLayout.FromCounts([.. Enumerable.Range(0, size).Select(to => (long)Count(0, to, length))]);
                long[] whole = Blocks(size, to => Block(rank, to, Count(0, to, length)));
                long[] scattered = new long[Count(0, rank, length)];
                if (blocking)
                {
                    world.ReduceScatter(whole.AsSpan(), parts, ReduceOp<long>.Sum);
                    scattered = whole[..scattered.Length];
                }
                else
                {
                    await world.ReduceScatterAsync<long>(whole, scattered, parts, ReduceOp<long>.Sum, token);
                }

                Assert.Equal(Sum(size, rank, scattered.Length), scattered);
                break;

            case Collective.Scan:
                long[] prefix = Block(rank, 0, length);
                if (blocking)
                {
                    world.Scan(prefix.AsSpan(), ReduceOp<long>.Sum);
                }
                else
                {
                    prefix = new long[length];
                    await world.ScanAsync<long>(Block(rank, 0, length), prefix, ReduceOp<long>.Sum, token);
                }

                Assert.Equal(Sum(rank + 1, 0, length), prefix);
                break;

            case Collective.ExclusiveScan:
                long[] before = Block(rank, 0, length);
                if (blocking)
                {
                    world.ExclusiveScan(before.AsSpan(), ReduceOp<long>.Sum);
                    Assert.Equal(rank == 0 ? Block(0, 0, length) : Sum(rank, 0, length), before);
                }
                else
                {
                    before = new long[length];
                    await world.ExclusiveScanAsync<long>(Block(rank, 0, length), before, ReduceOp<long>.Sum, token);
                    Assert.Equal(Sum(rank, 0, length), before);
                }

                break;

            case Collective.Gather:
                long[] gathered = new long[isRoot ? size * length : 0];
                if (blocking)
                    world.Gather(Block(rank, 0, length), gathered, root);
                else
                    await world.GatherAsync<long>(Block(rank, 0, length), gathered, root, token);
                Assert.Equal(isRoot ? Blocks(size, from => Block(from, 0, length)) : [], gathered);
                break;

            case Collective.GatherV:
                BlockLayout? fromAll = isRoot ? Layout(size, from => Count(from, 0, length)) : null;
                long[] all = new long[fromAll?.Extent ?? 0];
                if (blocking)
                    world.GatherV(Block(rank, 0, Count(rank, 0, length)), all, fromAll, root);
                else
                    await world.GatherVAsync<long>(Block(rank, 0, Count(rank, 0, length)), all, fromAll, root, token);
                AssertBlocks(fromAll, all, from => Block(from, 0, Count(from, 0, length)));
                break;

            case Collective.Scatter:
                long[] own = new long[length];
                long[] dealt = isRoot ? Blocks(size, to => Block(root, to, length)) : [];
                if (blocking)
                    world.Scatter(dealt, own, root);
                else
                    await world.ScatterAsync<long>(dealt, own, root, token);
                Assert.Equal(Block(root, rank, length), own);
                break;

            case Collective.ScatterV:
                BlockLayout? toAll = isRoot ? Layout(size, to => Count(root, to, length)) : null;
                long[] mine = new long[Count(root, rank, length)];
                long[] source = toAll is null ? [] : Filled(toAll, to => Block(root, to, Count(root, to, length)));
                if (blocking)
                    world.ScatterV(source, toAll, mine, root);
                else
                    await world.ScatterVAsync<long>(source, toAll, mine, root, token);
                Assert.Equal(Block(root, rank, mine.Length), mine);
                break;

            case Collective.AllGather:
                long[] collected = new long[size * length];
                if (blocking)
                {
                    Block(rank, 0, length).CopyTo(collected, rank * length);
                    world.AllGather(collected);
                }
                else
                {
                    await world.AllGatherAsync<long>(Block(rank, 0, length), collected, token);
                }

                Assert.Equal(Blocks(size, from => Block(from, 0, length)), collected);
                break;

            case Collective.AllGatherV:
                // Counts are the same everywhere; where the blocks go is each rank's own matter.
                BlockLayout layout = rank % 2 == 0 ? Layout(size, from => Count(from, 0, length))
                    : BlockLayout.FromCounts([.. Enumerable.Range(0, size).Select(from => (long)Count(from, 0, length))]);
                long[] united = new long[layout.Extent];
                if (blocking)
                    world.AllGatherV(Block(rank, 0, Count(rank, 0, length)), united, layout);
                else
                    await world.AllGatherVAsync<long>(Block(rank, 0, Count(rank, 0, length)), united, layout, token);
                AssertBlocks(layout, united, from => Block(from, 0, Count(from, 0, length)));
                break;

            case Collective.AllToAll:
                long[] exchanged = new long[size * length];
                long[] outgoing = Blocks(size, to => Block(rank, to, length));
                if (blocking)
                {
                    outgoing.CopyTo(exchanged, 0);
                    world.AllToAll(exchanged.AsSpan());
                }
                else
                {
                    await world.AllToAllAsync<long>(outgoing, exchanged, token);
                }

                Assert.Equal(Blocks(size, from => Block(from, rank, length)), exchanged);
                break;

            case Collective.AllToAllV:
                BlockLayout sends = Layout(size, to => Count(rank, to, length));
                BlockLayout receives = Layout(size, from => Count(from, rank, length));
                long[] arrived = new long[receives.Extent];
                long[] leaving = Filled(sends, to => Block(rank, to, Count(rank, to, length)));
                if (blocking)
                    world.AllToAllV(leaving, sends, arrived, receives);
                else
                    await world.AllToAllVAsync<long>(leaving, sends, arrived, receives, token);
                AssertBlocks(receives, arrived, from => Block(from, rank, Count(from, rank, length)));
                break;
        }
    }

    /// <summary>What one rank has for another.</summary>
    private static long[] Block(int from, int to, int length)
    {
        long[] block = new long[length];
        for (int i = 0; i < length; i++)
            block[i] = Value(from, to, i);
        return block;
    }

    private static long Value(int from, int to, long i) => from * 1_000_000_007L + to * 10_007L + i * 31 + 1;

    private static int Count(int from, int to, int length) =>
        length == 0 ? 0 : (from * 5 + to * 3) % 4 == 0 ? 0 : length + (from + 2 * to) % 3;

    private static long[] Sum(int size, int to, int length)
    {
        long[] sum = new long[length];
        for (int i = 0; i < length; i++)
            sum[i] = Enumerable.Range(0, size).Sum(from => Value(from, to, i));
        return sum;
    }

    private static long[] Blocks(int size, Func<int, long[]> block) => [.. Enumerable.Range(0, size).SelectMany(block)];

    /// <summary>Blocks in reverse order, with gaps.</summary>
    private static BlockLayout Layout(int size, Func<int, int> count)
    {
        long[] counts = [.. Enumerable.Range(0, size).Select(rank => (long)count(rank))];
        long[] displacements = new long[size];
        long next = 2;
        for (int rank = size - 1; rank >= 0; rank--)
        {
            displacements[rank] = next;
            next += counts[rank] + rank % 2;
        }

        return BlockLayout.FromCounts(counts, displacements);
    }

    private static long[] Filled(BlockLayout layout, Func<int, long[]> block)
    {
        long[] buffer = new long[layout.Extent];
        for (int rank = 0; rank < layout.Size; rank++)
            block(rank).CopyTo(buffer.AsSpan((int)Math.Min(layout.Displacement(rank), buffer.Length)));
        return buffer;
    }

    /// <summary>The blocks are there, and nothing was written into the gaps.</summary>
    private static void AssertBlocks(BlockLayout? layout, long[] buffer, Func<int, long[]> block)
    {
        if (layout is not null)
            Assert.Equal(Filled(layout, block), buffer);
    }
}
