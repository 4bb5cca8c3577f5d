// boxer run -n 4 examples/SampleSort [KEYS]
//
// Sorts keys that lie on all ranks. Every rank sorts its own, offers a sample of them, and all choose the same splitters from all
// samples; each key then goes to the rank of its range, which sorts what it got. So rank 0 ends with the smallest keys, and an
// exclusive scan tells every rank at which place of the whole its keys begin. Order, number and a fingerprint of all keys are checked: exit
// code 0 or 1.
using BoxerMpi;

return await MpiProgram.RunAsync(async (world, cancellationToken) =>
{
    if (!int.TryParse(args.FirstOrDefault() ?? "200000", out int keys) || keys < 0)
        return world.Quit(2, $"samplesort: keys must be a number, not '{args[0]}'");

    // Squared, so that small keys are frequent and equal ranges would be uneven.
    Random random = new(1000 + world.Rank);
    long[] own = new long[keys / world.Size + (world.Rank < keys % world.Size ? 1 : 0)];
    for (int i = 0; i < own.Length; i++)
        own[i] = (long)(Math.Pow(random.NextDouble(), 2) * 1_000_000_000);
    Array.Sort(own);

    // More samples make the parts more even.
    const int SamplesPerRank = 32;
    int samples = Math.Min(SamplesPerRank, own.Length);
    long[] sample = [.. Enumerable.Range(0, samples).Select(i => own[(int)((i + 0.5) * own.Length / samples)])];
    BlockLayout layout = BlockLayout.FromCounts(await world.AllGatherAsync(samples, cancellationToken));
    long[] all = new long[layout.Total];
    await world.AllGatherVAsync<long>(sample, all, layout, cancellationToken);
    Array.Sort(all);

    ReadOnlyMemory<long>[] parts = new ReadOnlyMemory<long>[world.Size];
    int start = 0;
    for (int rank = 0; rank < world.Size; rank++)
    {
        // The part of a rank goes up to its splitter; equal keys stay together.
        int end = own.Length;
        if (rank < world.Size - 1)
            end = all.Length == 0 ? start : Math.Max(start, UpperBound(own, all[(int)((rank + 1L) * all.Length / world.Size)]));
        parts[rank] = own.AsMemory(start..end);
        start = end;
    }

    using Exchanged<long> received = await world.ExchangeAsync(parts, cancellationToken: cancellationToken);
    long[] sorted = received.All.ToArray();
    Array.Sort(sorted);

    long place = await world.ExclusiveScanAsync((long)sorted.Length, ReduceOp<long>.Sum, cancellationToken: cancellationToken);
    long largestBefore = await world.ExclusiveScanAsync(
        sorted.Length > 0 ? sorted[^1] : long.MinValue, ReduceOp<long>.Max, first: long.MinValue, cancellationToken);
    bool inOrder = sorted.Length == 0 || sorted[0] >= largestBefore;
    long[] sums = [Fingerprint(own) - Fingerprint(sorted), own.Length - sorted.Length, inOrder ? 0 : 1];
    await world.AllReduceAsync(sums.AsMemory(), ReduceOp<long>.Sum, cancellationToken);
    int most = await world.AllReduceAsync(sorted.Length, ReduceOp<int>.Max, cancellationToken);

    bool correct = sums.All(sum => sum == 0) && (world.Rank < world.Size - 1 || place + sorted.Length == keys);
    if (world.Rank == world.Size - 1)
    {
        double excess = keys == 0 ? 0 : (double)most * world.Size / keys - 1;
        Console.WriteLine(
            $"{keys} keys on {world.Size} ranks, the last from place {place} on, the fullest rank {excess:P0} above the mean: " +
            (correct ? "correct" : "WRONG"));
    }

    return correct ? 0 : 1;
});

// The same for the same keys in any order and on any ranks; another key changes it.
static long Fingerprint(long[] keys)
{
    long sum = 0;
    foreach (long key in keys)
        sum = unchecked(sum + (key ^ key >> 7) * 0x1E3779B97F4A7C15 * (key | 1));
    return sum;
}

// The number of elements that are not above the key.
static int UpperBound(long[] sorted, long key)
{
    (int low, int high) = (0, sorted.Length);
    while (low < high)
    {
        int middle = low + (high - low) / 2;
        (low, high) = sorted[middle] <= key ? (middle + 1, high) : (low, middle);
    }

    return low;
}
