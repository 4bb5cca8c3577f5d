namespace BoxerMpi.Collectives.Tests;

/// <summary>Calls on one buffer, blocking, asynchronous and persistent: what is in its place stays there, and the rest comes.</summary>
public sealed class InPlaceTests
{
    private const int Size = 6;
    private const int Root = 2;

    private enum Way
    {
        Blocking,
        Asynchronous,
        Persistent,
    }

    // Rank r has r % 3 elements; the blocks lie in reverse order with a gap before each.
    private static readonly BlockLayout Scattered = BlockLayout.FromCounts([0, 1, 2, 0, 1, 2], [90, 11, 8, 7, 5, 2]);

    private static readonly BlockLayout Contiguous = BlockLayout.FromCounts(0, 1, 2, 0, 1, 2);

    [Theory, InlineData("mesh"), InlineData("grid"), InlineData("tree"), InlineData("ring")]
    public Task A_rank_s_own_block_stays_where_it_is(string topology) =>
        ClusterTests.RunAsync(Size, topology, LocalTransport.Memory, async (world, token) =>
        {
            bool isRoot = world.Rank == Root;
            long[] own = Block(world.Rank, 2);
            long[] all = [.. Enumerable.Range(0, Size).SelectMany(rank => Block(rank, 2))];
            long[] ownOfMany = Block(world.Rank, (int)Scattered.Count(world.Rank));
            ReduceOp<long> sum = ReduceOp<long>.Sum;
            foreach (Way way in Enum.GetValues<Way>())
            {
                long[] gathered = isRoot ? WithOwn(new long[12], Root * 2, own) : own.ToArray();
                await CallAsync(
                    way,
                    () => world.Gather(gathered.AsSpan(), Root),
                    () => world.GatherAsync(gathered.AsMemory(), Root, token),
                    () => world.PrepareGather(gathered.AsMemory(), Root));
                Assert.Equal(isRoot ? all : own, gathered);

                long[] dealt = isRoot ? all.ToArray() : new long[2];
                await CallAsync(
                    way,
                    () => world.Scatter(dealt.AsSpan(), Root),
                    () => world.ScatterAsync(dealt.AsMemory(), Root, token),
                    () => world.PrepareScatter(dealt.AsMemory(), Root));
                Assert.Equal(isRoot ? all : own, dealt);

                BlockLayout? layout = isRoot ? Scattered : null;
                long[] collected = isRoot ? WithOwn(Gaps(), 8, ownOfMany) : ownOfMany.ToArray();
                await CallAsync(
                    way,
                    () => world.GatherV(collected.AsSpan(), layout, Root),
                    () => world.GatherVAsync(collected.AsMemory(), layout, Root, token),
                    () => world.PrepareGatherV(collected.AsMemory(), layout, Root));
                Assert.Equal(isRoot ? Filled() : ownOfMany, collected);

                long[] parted = isRoot ? Filled() : new long[ownOfMany.Length];
                await CallAsync(
                    way,
                    () => world.ScatterV(parted.AsSpan(), layout, Root),
                    () => world.ScatterVAsync(parted.AsMemory(), layout, Root, token),
                    () => world.PrepareScatterV(parted.AsMemory(), layout, Root));
                Assert.Equal(isRoot ? Filled() : ownOfMany, parted);

                long[] united = WithOwn(new long[12], world.Rank * 2, own);
                await CallAsync(
                    way,
                    () => world.AllGather(united.AsSpan()),
                    () => world.AllGatherAsync(united.AsMemory(), token),
                    () => world.PrepareAllGather(united.AsMemory()));
                Assert.Equal(all, united);

                int start = ownOfMany.Length == 0 ? 0 : (int)Scattered.Displacement(world.Rank);
                long[] unitedByCounts = WithOwn(Gaps(), start, ownOfMany);
                await CallAsync(
                    way,
                    () => world.AllGatherV(unitedByCounts.AsSpan(), Scattered),
                    () => world.AllGatherVAsync(unitedByCounts.AsMemory(), Scattered, token),
                    () => world.PrepareAllGatherV(unitedByCounts.AsMemory(), Scattered));
                Assert.Equal(Filled(), unitedByCounts);

                long[] reduced = own.ToArray();
                await CallAsync(
                    way,
                    () => world.Reduce(reduced.AsSpan(), sum, Root),
                    () => world.ReduceAsync(reduced.AsMemory(), sum, Root, token),
                    () => world.PrepareReduce(reduced.AsMemory(), sum, Root));
                Assert.Equal(isRoot ? [150, 156] : own, reduced);
            }

            if (isRoot)
            {
                Assert.Throws<ArgumentException>(() => world.Gather(new long[7].AsSpan(), Root));
                Assert.Contains("buffer has 11 elements, expected at least 12", Assert.Throws<ArgumentException>(
                    () => world.GatherV(new long[11].AsSpan(), Scattered, Root)).Message, StringComparison.Ordinal);
                Assert.Throws<ArgumentNullException>(() => world.ScatterV(new long[12].AsSpan(), null, Root));
            }
        });

    [Theory, InlineData("mesh"), InlineData("grid"), InlineData("tree")]
    public Task What_everybody_sends_is_replaced_by_what_everybody_gets(string topology) =>
        ClusterTests.RunAsync(Size, topology, LocalTransport.Memory, async (world, token) =>
        {
            ReduceOp<long> sum = ReduceOp<long>.Sum;
            long[] own = Block(world.Rank, 2);
            foreach (Way way in Enum.GetValues<Way>())
            {
                long[] swapped = [.. Enumerable.Range(0, Size).Select(to => Pair(world.Rank, to))];
                await CallAsync(
                    way,
                    () => world.AllToAll(swapped.AsSpan()),
                    () => world.AllToAllAsync(swapped.AsMemory(), token),
                    () => world.PrepareAllToAll(swapped.AsMemory()));
                Assert.Equal(Enumerable.Range(0, Size).Select(from => Pair(from, world.Rank)), swapped);

                // As long in one way as in the other.
                BlockLayout counts = BlockLayout.FromCounts(
                    [.. Enumerable.Range(0, Size).Select(other => (long)((world.Rank + other) % 3))]);
                long[] traded = [.. Enumerable.Range(0, Size).SelectMany(to => Traded(world.Rank, to))];
                await CallAsync(
                    way,
                    () => world.AllToAllV(traded.AsSpan(), counts),
                    () => world.AllToAllVAsync(traded.AsMemory(), counts, token),
                    () => world.PrepareAllToAllV(traded.AsMemory(), counts));
                Assert.Equal(Enumerable.Range(0, Size).SelectMany(from => Traded(from, world.Rank)), traded);

                long[] total = own.ToArray();
                await CallAsync(
                    way,
                    () => world.AllReduce(total.AsSpan(), sum),
                    () => world.AllReduceAsync(total.AsMemory(), sum, token),
                    () => world.PrepareAllReduce(total.AsMemory(), sum));
                Assert.Equal([150, 156], total);

                long[] parts = [.. Enumerable.Range(0, Size).Select(to => Pair(world.Rank, to))];
                await CallAsync(
                    way,
                    () => world.ReduceScatterBlock(parts.AsSpan(), sum),
                    () => world.ReduceScatterBlockAsync(parts.AsMemory(), sum, token),
                    () => world.PrepareReduceScatterBlock(parts.AsMemory(), sum));
                Assert.Equal(1500 + 6 * world.Rank, parts[0]);

                long[] shares = [.. Enumerable.Range(0, 6).Select(i => Pair(world.Rank, i))];
                await CallAsync(
                    way,
                    () => world.ReduceScatter(shares.AsSpan(), Contiguous, sum),
                    () => world.ReduceScatterAsync(shares.AsMemory(), Contiguous, sum, token),
                    () => world.PrepareReduceScatter(shares.AsMemory(), Contiguous, sum));
                for (int i = 0; i < Contiguous.Count(world.Rank); i++)
                    Assert.Equal(1500 + 6 * (Contiguous.Displacement(world.Rank) + i), shares[i]);

                long[] prefix = [world.Rank];
                await CallAsync(
                    way,
                    () => world.Scan(prefix.AsSpan(), sum),
                    () => world.ScanAsync(prefix.AsMemory(), sum, token),
                    () => world.PrepareScan(prefix.AsMemory(), sum));
                Assert.Equal(world.Rank * (world.Rank + 1) / 2, prefix[0]);

                long[] before = [world.Rank + 1];
                await CallAsync(
                    way,
                    () => world.ExclusiveScan(before.AsSpan(), sum),
                    () => world.ExclusiveScanAsync(before.AsMemory(), sum, token),
                    () => world.PrepareExclusiveScan(before.AsMemory(), sum));
                Assert.Equal(world.Rank == 0 ? 1 : world.Rank * (world.Rank + 1) / 2, before[0]);
            }
        });

    private static async Task CallAsync(Way way, Action blocking, Func<ValueTask> asynchronous, Func<PersistentCollective> prepare)
    {
        switch (way)
        {
            case Way.Blocking:
                blocking();
                break;
            case Way.Asynchronous:
                await asynchronous();
                break;
            default:
                using (PersistentCollective call = prepare())
                    call.Run();
                break;
        }
    }

    private static IEnumerable<long> Traded(int from, int to) => Enumerable.Repeat(Pair(from, to), (from + to) % 3);

    private static long Pair(int from, int to) => from * 100 + to;

    private static long[] Block(int rank, int length) => [.. Enumerable.Range(0, length).Select(i => rank * 10L + i)];

    private static long[] WithOwn(long[] buffer, int start, long[] own)
    {
        own.CopyTo(buffer, start);
        return buffer;
    }

    private static long[] Gaps() => [.. Enumerable.Repeat(-7L, 12)];

    /// <summary>A buffer with the blocks of all ranks where the layout says, and its gaps untouched.</summary>
    private static long[] Filled()
    {
        long[] buffer = Gaps();
        for (int rank = 0; rank < Size; rank++)
        {
            if (Scattered.Count(rank) > 0)
                Block(rank, (int)Scattered.Count(rank)).CopyTo(buffer, Scattered.Displacement(rank));
        }

        return buffer;
    }
}
