using System.Globalization;
using System.Text;

namespace HashJoin;

/// <summary>What rank 0 prints.</summary>
internal static class Report
{
    public static string Table(JoinResult result)
    {
        StringBuilder table = new();
        table.AppendLine(CultureInfo.InvariantCulture, $"{"o_orderpriority",-16} {"lines",14} {"revenue",24}");
        for (int priority = 0; priority < Priorities.Count; priority++)
        {
            table.AppendLine(
                CultureInfo.InvariantCulture,
                $"{Priorities.Names[priority],-16} {result.Lines[priority],14:N0} {result.Revenue[priority] / 10_000m,24:N4}");
        }

        return table.ToString();
    }

    public static string Verdict(bool verify, IReadOnlyList<string> differences) =>
        !verify ? "unchecked" : differences.Count == 0 ? "verified" : "MISMATCH";

    /// <summary>The verdict, then the figures.</summary>
    public static string Summary(string verdict, JoinResult result, long shuffledBytes, double exchangeSeconds)
    {
        double megabytes = shuffledBytes / 1e6;
        double rate = exchangeSeconds > 0 ? megabytes / exchangeSeconds : 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{verdict}: {result.OrdersSeen:N0} orders and {result.LinesSeen:N0} lines give {result.JoinedRows:N0} rows, checksum " +
            $"{result.Checksum:x16}, " +
            $"{megabytes:F1} MB shuffled, {rate:F0} MB/s");
    }

    /// <summary>The slowest rank's seconds in every phase.</summary>
    public static string Times(ReadOnlySpan<double> seconds)
    {
        StringBuilder line = new("time:");
        foreach (Phase phase in Enum.GetValues<Phase>())
        {
            string name = phase.ToString().ToLowerInvariant();
            line.Append(CultureInfo.InvariantCulture, $"{(phase > 0 ? "," : "")} {name} {seconds[(int)phase]:F3} s");
        }

        return line.ToString();
    }
}
