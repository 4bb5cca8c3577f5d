using System.Globalization;
using System.Text.Json.Serialization;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Launching.Reports;

/// <summary>How the links of a job came up. Times are seconds from an end's first step towards a link until it was up.</summary>
internal sealed record WireUpSection
{
    // Pairs that a line for people names one by one.
    private const int MostNamed = 4;

    /// <summary>Pairs of ranks that have told of their link.</summary>
    public required int Links { get; init; }

    /// <summary>Connections that were tried, by both ends of all links.</summary>
    public required long Attempts { get; init; }

    /// <summary>Links by the way they came up.</summary>
    public required IReadOnlyDictionary<string, int> ByWay { get; init; }

    /// <summary>Ranks by what stands between them and the others.</summary>
    public required IReadOnlyDictionary<string, int> Nats { get; init; }

    public double? MedianSeconds { get; init; }

    public double? P99Seconds { get; init; }

    public double? SlowestSeconds { get; init; }

    /// <summary>All links, the slowest first.</summary>
    public required IReadOnlyList<PairReport> Pairs { get; init; }

    /// <summary>Pairs that talked through the coordinator.</summary>
    public required IReadOnlyList<RelayedReport> Relayed { get; init; }

    /// <summary>A few lines for people.</summary>
    [JsonIgnore]
    public IEnumerable<string> Lines
    {
        get
        {
            if (Nats.Keys.Any(static kind => kind != NatKind.None.Name()))
                yield return "NATs: " + Listed(Nats);
            if (Links > 0)
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"links: {Listed(ByWay)}; {Attempts} attempts; each up after {Time(MedianSeconds)} (median), {Time(P99Seconds)} (p99), {Time(SlowestSeconds)} (slowest)");
                IEnumerable<string> slowest = Pairs.Take(MostNamed)
                    .Select(static pair => $"ranks {pair.Rank} and {pair.Peer} {Time(pair.Seconds)} ({pair.Way}, {pair.Attempts} {(pair.Attempts == 1 ? "attempt" : "attempts")})");
                yield return $"slowest links: {string.Join(", ", slowest)}";
            }

            if (Relayed.Count > 0)
            {
                IEnumerable<string> named = Relayed.OrderByDescending(static pair => pair.Bytes).Take(MostNamed)
                    .Select(static pair => $"ranks {pair.Rank} and {pair.Peer} {Sizes.Of(pair.Bytes)}");
                string more = Relayed.Count > MostNamed ? $" and {Relayed.Count - MostNamed} more pairs" : "";
                yield return $"relayed through the coordinator: {Sizes.Of(Relayed.Sum(static pair => pair.Bytes))}: {string.Join(", ", named)}{more}";
            }
        }
    }

    /// <returns>The section, or <see langword="null"/> when no rank has told of its links.</returns>
    public static WireUpSection? Of(IReadOnlyList<MemberStatus> members, IReadOnlyList<RelayedPair> relayed)
    {
        if (members.All(static member => member.WireUp is null))
            return null;
        PairReport[] pairs = PairReport.SlowestFirst(members);
        return new WireUpSection
        {
            Links = pairs.Length,
            Attempts = members.Sum(static member => (long)(member.WireUp?.Attempts ?? 0)),
            ByWay = Counted(pairs.Select(static pair => pair.Way)),
            Nats = Counted(members.Where(static member => member.Member is not null).Select(static member => member.Member!.Nat.Name())),
            MedianSeconds = Percentile(pairs, 0.5),
            P99Seconds = Percentile(pairs, 0.99),
            SlowestSeconds = Percentile(pairs, 1),
            Pairs = pairs,
            Relayed = [.. relayed.Select(static pair => new RelayedReport(pair.Lower, pair.Higher, pair.BytesFromLower, pair.BytesFromHigher))],
        };
    }

    /// <summary>The time within which this part of the links was up: the nearest rank of the sorted times.</summary>
    private static double? Percentile(PairReport[] slowestFirst, double part) =>
        slowestFirst.Length == 0 ? null : slowestFirst[slowestFirst.Length - Math.Max(1, (int)Math.Ceiling(part * slowestFirst.Length))].Seconds;

    private static Dictionary<string, int> Counted(IEnumerable<string> names) =>
        names.GroupBy(static name => name, StringComparer.Ordinal).OrderByDescending(static alike => alike.Count()).ToDictionary(static alike => alike.Key, static alike => alike.Count());

    private static string Listed(IReadOnlyDictionary<string, int> counts) => string.Join(", ", counts.Select(static entry => $"{entry.Value} {entry.Key}"));

    private static string Time(double? seconds) => seconds switch
    {
        null => "",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
    };
}

/// <summary>One link of a wire-up.</summary>
/// <param name="Rank">The lower rank.</param>
/// <param name="Peer">The higher rank.</param>
/// <param name="Way"><c>direct</c>, <c>punched</c>, <c>sequential</c>, <c>handed-over</c> or <c>relayed</c>.</param>
/// <param name="Attempts">Connections that its two ends tried.</param>
/// <param name="Seconds">The longer of the two ends' times.</param>
internal sealed record PairReport(int Rank, int Peer, string Way, int Attempts, double Seconds)
{
    /// <summary>The links that ranks tell of; what both ends tell is one link.</summary>
    public static PairReport[] SlowestFirst(IReadOnlyList<MemberStatus> members)
    {
        Dictionary<(int Rank, int Peer), PairReport> pairs = [];
        foreach (MemberStatus member in members)
        {
            foreach (LinkReport link in member.WireUp?.Links ?? [])
            {
                (int Rank, int Peer) key = (Math.Min(member.Rank, link.Peer), Math.Max(member.Rank, link.Peer));
                PairReport one = new(key.Rank, key.Peer, NameOf(link.Way), link.Attempts, RunReport.Rounded(link.Took.TotalSeconds) ?? 0);
                pairs[key] = pairs.TryGetValue(key, out PairReport? other)
                    ? one with { Way = other.Way, Attempts = one.Attempts + other.Attempts, Seconds = Math.Max(one.Seconds, other.Seconds) }
                    : one;
            }
        }

        return [.. pairs.Values.OrderByDescending(static pair => pair.Seconds).ThenBy(static pair => pair.Rank).ThenBy(static pair => pair.Peer)];
    }

    private static string NameOf(LinkWay way) => way switch
    {
        LinkWay.Direct => "direct",
        LinkWay.Punched => "punched",
        LinkWay.Sequential => "sequential",
        LinkWay.HandedOver => "handed-over",
        _ => "relayed",
    };
}

/// <summary>A pair that talked through the coordinator, and how much, the hello of its link included.</summary>
internal sealed record RelayedReport(int Rank, int Peer, long BytesFromRank, long BytesFromPeer)
{
    [JsonIgnore]
    public long Bytes => BytesFromRank + BytesFromPeer;
}
