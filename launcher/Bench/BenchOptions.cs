using System.Globalization;
using BoxerMpi.Launching;

namespace BoxerMpi.Launcher.Bench;

/// <summary>What one <c>boxer bench</c> measures: operations, sizes, and how long.</summary>
internal sealed record BenchOptions
{
    // A tebibyte is no size of a message; it catches a slip of the finger before it overflows.
    private const long LargestBytes = 1L << 40;

    /// <summary>The operations, in the order given.</summary>
    public required IReadOnlyList<BenchOperation> Operations { get; init; }

    /// <summary>Sizes in bytes; docs/benchmarks.md says what they are the size of.</summary>
    public IReadOnlyList<long> Bytes { get; init; } = [8];

    /// <summary>Timed part of a measurement. Default 1 s.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Warm-up of an operation's first size; the first of all takes twice that, later sizes half of it. Default 0.5 s.</summary>
    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Fill and check the data around every timed call, not only around the first.</summary>
    public bool Check { get; init; }

    /// <summary>Where rank 0 writes the JSON lines; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Print no table.</summary>
    public bool Quiet { get; init; }

    /// <summary>Reads <c>pingpong</c> or <c>bcast,allreduce</c>.</summary>
    public static IReadOnlyList<BenchOperation> ParseOperations(string? list)
    {
        string all = string.Join(", ", BenchOperations.All.Select(operation => operation.Name));
        if (string.IsNullOrEmpty(list))
            throw new UsageException("OP is missing: which operation?", $"one or more of {all}");

        List<BenchOperation> operations = [];
        foreach (string name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            operations.Add(BenchOperations.All.FirstOrDefault(operation => operation.Name == name)
                ?? throw new UsageException($"there is no operation '{name}'", $"there are {all}"));
        }

        return operations;
    }

    /// <summary>Reads <c>8,1K,1M</c>; K and M are KiB and MiB.</summary>
    public static IReadOnlyList<long> ParseBytes(string? list)
    {
        if (list is null)
            return [8];

        List<long> sizes = [];
        foreach (string item in list.Split(',', StringSplitOptions.TrimEntries))
        {
            int shift = item.EndsWith('K') ? 10 : item.EndsWith('M') ? 20 : 0;
            if (!long.TryParse(shift == 0 ? item : item[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long value)
                || value > LargestBytes >> shift)
                throw new UsageException($"--bytes '{item}' is not a size", "give a list such as 8,1K,64K,1M");
            sizes.Add(value << shift);
        }

        return sizes;
    }

    /// <summary>Refuses what cannot be measured, before any rank is started.</summary>
    /// <exception cref="UsageException">An operation needs more ranks or other sizes.</exception>
    public void Validate(int ranks)
    {
        foreach (BenchOperation operation in Operations)
        {
            if (operation.Pair && ranks < 2)
                throw new UsageException($"{operation.Name} needs at least 2 ranks, this job has {ranks}", "give -n 2");
            foreach (long bytes in operation.HasNoData ? [] : Bytes)
            {
                if (bytes % operation.ElementBytes != 0)
                {
                    throw new UsageException(
                        $"{operation.Name} sums elements of {operation.ElementBytes} bytes, and {bytes} is not a multiple of that",
                        $"give --bytes {Math.Max(1, bytes / operation.ElementBytes) * operation.ElementBytes}");
                }

                if (Math.Max(operation.SendBytes(bytes, ranks), operation.ReceiveBytes(bytes, ranks)) > Array.MaxLength)
                {
                    throw new UsageException(
                        $"{operation.Name} of {bytes} bytes on {ranks} ranks needs a buffer above 2 GiB on each rank",
                        "give smaller --bytes or fewer ranks");
                }
            }
        }
    }
}
