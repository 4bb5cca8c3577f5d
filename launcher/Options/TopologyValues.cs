using System.Globalization;
using BoxerMpi.Launching;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Options;

/// <summary>Values of the topology commands; what is wrong becomes a usage error that says what would be right.</summary>
internal static class TopologyValues
{
    /// <summary>What the simulator is known to do in a minute and 4 GiB.</summary>
    public const int MostRanks = 4096;

    private const long MostBytes = 1L << 40;

    private static readonly (string Unit, int Shift)[] Units =
        [("KiB", 10), ("MiB", 20), ("GiB", 30), ("K", 10), ("M", 20), ("G", 30), ("B", 0)];

    public static IReadOnlyList<int> RankList(string option, string? list, string standard) =>
        [.. Items(list ?? standard).Select(item => Ranks(option, item))];

    /// <summary>Ranks of one job, as many as the simulator takes.</summary>
    public static int Ranks(string option, string? text, int least = 1)
    {
        if (text is null)
            throw new UsageException(
                $"{option} is missing: how many ranks?", $"give a whole number from {least} to {MostRanks}, as in {option} 64");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int ranks) && ranks >= least && ranks <= MostRanks
            ? ranks
            : throw new UsageException(
                $"{option} '{text}' is not a number of ranks here", $"give whole numbers from {least} to {MostRanks}, as in {option} 64");
    }

    public static IReadOnlyList<long> ByteList(string option, string? list, string standard) =>
        [.. Items(list ?? standard).Select(item => Bytes(option, item, least: 1))];

    /// <summary>Reads <c>8</c>, <c>64KiB</c> or <c>1M</c>.</summary>
    public static long Bytes(string option, string? text, long least)
    {
        if (text is null)
            throw new UsageException($"{option} is missing: how many bytes?", $"give a size, as in {option} 64KiB");
        (string number, int shift) = (text, 0);
        foreach ((string unit, int power) in Units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
            {
                (number, shift) = (text[..^unit.Length], power);
                break;
            }
        }

        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= MostBytes >> shift
            && value << shift >= least
            ? value << shift
            : throw new UsageException(
                $"{option} '{text}' is not a size", $"give bytes from {least} to 1024GiB, as in {option} 1KiB, 64KiB or 1MiB");
    }

    public static double Exchanges(string? text)
    {
        if (text is null)
            return 1;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int exchanges) && exchanges >= 1
            ? exchanges
            : throw new UsageException(
                $"--exchanges '{text}' is not a number of exchanges", "give how many shuffles the job makes, at least 1");
    }

    public static int Memory(string? text)
    {
        if (text is null)
            return 2048;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int mebibytes) && mebibytes is >= 128 and <= 10240
            ? mebibytes
            : throw new UsageException($"--memory '{text}' is not the memory of a function", "give mebibytes from 128 to 10240");
    }

    public static LinkModel Model(string? text, string standard)
    {
        try
        {
            return LinkModels.Read(text ?? standard);
        }
        catch (ArgumentException wrong)
        {
            throw new UsageException(
                $"--model: {wrong.Message.TrimEnd('.')}", "give lambda, local, measured, or a file that boxer calibrate wrote");
        }
    }

    /// <summary>64 KiB, 1.5 MiB, 20 B.</summary>
    public static string Size(double bytes) => bytes switch
    {
        double.PositiveInfinity => "any size",
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes:0.#} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0.##} KiB"),
        < 1024 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024 / 1024:0.##} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024 / 1024 / 1024:0.##} GiB"),
    };

    public static string Time(double seconds) => seconds switch
    {
        < 1e-3 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.0} µs"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
    };

    public static string Money(double dollars) => string.Create(CultureInfo.InvariantCulture, $"${dollars:0.000000}");

    /// <summary>A model's terms in one line.</summary>
    public static string Describe(LinkModel model)
    {
        double bytes = model.ByteSeconds + 2 * model.ProcessorByteSeconds;
        string bandwidth = bytes > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({8e-6 / bytes:0} Mbit/s)") : "";
        string limit = model.MostLinks > 0 ? $", at most {model.MostLinks} a rank" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"model {model.Name}: latency {Time(model.LatencySeconds)}, message " +
            $"{Time(model.MessageSeconds + 2 * model.ProcessorMessageSeconds)}, " +
            $"byte {bytes * 1e9:0.00} ns{bandwidth}, copy {model.CopyByteSeconds * 1e9:0.00} ns; " +
            $"links {Time(model.LinkSetUpSeconds)} each, {model.LinkSetUpParallel} at a time{limit}");
    }

    private static string[] Items(string list) => list.Split(',', StringSplitOptions.TrimEntries);
}
