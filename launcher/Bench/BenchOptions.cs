using System.Globalization;

namespace BoxerMpi.Launcher.Bench;

/// <summary>What one `boxer bench` measures: operations, sizes, and how long.</summary>
internal sealed record BenchOptions
{
    /// <summary>The operations, in the order given.</summary>
    public required IReadOnlyList<BenchOperation> Operations { get; init; }

    /// <summary>Sizes in bytes; docs/benchmarks.md says what they are the size of.</summary>
    public IReadOnlyList<long> Bytes { get; init; } = [8];

    /// <summary>Timed part of a measurement, in seconds. Default 1.</summary>
    public double Seconds { get; init => field = value is > 0 and <= 3600 ? value : throw new FormatException("--seconds takes a number above 0."); } = 1.0;

    /// <summary>Warm-up of an operation's first size, in seconds; the first of all takes twice that, later sizes a fifth. Default 0.5.</summary>
    public double Warmup { get; init => field = value is >= 0 and <= 3600 ? value : throw new FormatException("--warmup takes a number from 0."); } = 0.5;

    /// <summary>Fill and check the data around every timed call, not only around the first.</summary>
    public bool Check { get; init; }

    /// <summary>Reads "pingpong" or "bcast,allreduce".</summary>
    public static IReadOnlyList<BenchOperation> ParseOperations(string list)
    {
        List<BenchOperation> operations = [];
        foreach (string name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            operations.Add(BenchOperations.All.FirstOrDefault(operation => operation.Name == name)
                ?? throw new FormatException(
                    $"There is no operation '{name}'. The operations are {string.Join(", ", BenchOperations.All.Select(o => o.Name))}."));
        }
        return operations;
    }

    /// <summary>Reads "8,1K,1M"; K and M are KiB and MiB.</summary>
    public static IReadOnlyList<long> ParseBytes(string list)
    {
        List<long> sizes = [];
        foreach (string item in list.Split(',', StringSplitOptions.TrimEntries))
        {
            int shift = item.EndsWith('K') ? 10 : item.EndsWith('M') ? 20 : 0;
            string digits = shift == 0 ? item : item[..^1];
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value) || value > (1L << 40) >> shift)
                throw new FormatException($"'{item}' is not a size; --bytes takes a list such as 8,1K,64K,1M.");
            sizes.Add(value << shift);
        }
        return sizes;
    }

    /// <summary>Refuses what cannot be measured, before any rank is started.</summary>
    /// <exception cref="FormatException">An operation needs more ranks or other sizes.</exception>
    public void Validate(int ranks)
    {
        foreach (BenchOperation operation in Operations)
        {
            if (operation.Pair && ranks < 2)
                throw new FormatException($"{operation.Name} needs at least 2 ranks; this job has {ranks}.");
            foreach (long bytes in Bytes)
            {
                if (bytes % operation.ElementBytes != 0)
                    throw new FormatException($"{operation.Name} sums elements of {operation.ElementBytes} bytes; {bytes} is not a multiple.");
                if (Math.Max(operation.SendBytes(bytes, ranks), operation.ReceiveBytes(bytes, ranks)) > Array.MaxLength)
                    throw new FormatException($"{operation.Name} of {bytes} bytes on {ranks} ranks needs a buffer above 2 GiB on each rank.");
            }
        }
    }
}
