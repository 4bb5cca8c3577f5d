using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Reports;

/// <summary>What a job did, for <c>--report</c> and the summary line. Times are seconds since the job's start.</summary>
internal sealed record RunReport
{
    public required string Job { get; init; }

    public required string Program { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    public required int Size { get; init; }

    public required TopologyReport Topology { get; init; }

    public required int ExitCode { get; init; }

    /// <summary>Who or what is to blame; absent after success.</summary>
    public string? Failure { get; init; }

    public required bool TimedOut { get; init; }

    /// <summary>From the start of the job until the last rank had joined; absent when not all did.</summary>
    public double? StartUpSeconds { get; init; }

    /// <summary>From then until the last rank had its links.</summary>
    public double? WireUpSeconds { get; init; }

    /// <summary>From then until the last rank ended; the whole time for programs that never join.</summary>
    public required double RunSeconds { get; init; }

    public required double TotalSeconds { get; init; }

    /// <summary>Peak memory of each rank times its life, summed: what a function service bills.</summary>
    public required double GigabyteSeconds { get; init; }

    /// <summary>Messages that ranks sent each other; absent when not all left in order, as the bytes.</summary>
    public long? Messages { get; init; }

    /// <summary>Payload that ranks sent each other.</summary>
    public long? Bytes { get; init; }

    /// <summary>How the links came up; absent when no rank has told.</summary>
    public WireUpSection? WireUp { get; init; }

    /// <summary>What the functions cost, where ranks were functions.</summary>
    public FunctionSummary? Functions { get; init; }

    public required IReadOnlyList<RankReport> Ranks { get; init; }

    /// <summary>A few lines for people.</summary>
    [JsonIgnore]
    public IEnumerable<string> Summary
    {
        get
        {
            foreach (string line in WireUp?.Lines ?? [])
                yield return line;
            string start = StartUpSeconds is { } startUp && WireUpSeconds is { } wireUp
                ? string.Create(CultureInfo.InvariantCulture, $"start-up {startUp:0.00} s, wire-up {wireUp:0.00} s, ")
                : "";
            string links = WireUpSeconds is null ? "" : $", {Topology.Spec} ({Topology.Links} links)";
            string traffic = Messages is null
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $"; {Messages} messages, {Sizes.Of(Bytes ?? 0)}");
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{Size} ranks{links}: {start}run {RunSeconds:0.00} s{traffic}; {GigabyteSeconds:0.###} GB-s; exit code {ExitCode}");
        }
    }

    public static RunReport Of(RunOptions options, JobOutcome outcome, IJobSeat seat, SeedJob job)
    {
        IReadOnlyList<MemberStatus> members = job.Statuses;
        RankReport[] ranks =
            [.. outcome.Ranks.Select(rank => RankReport.Of(rank, seat.Of(rank.Rank), members[rank.Rank], outcome.Elapsed))];
        bool allTold = Array.TrueForAll(ranks, rank => rank.BytesSent is not null);
        double total = outcome.Elapsed.TotalSeconds;
        double? started = Array.TrueForAll(ranks, rank => rank.JoinedSeconds is not null) ? ranks.Max(rank => rank.JoinedSeconds) : null;
        double? linked = started is not null && Array.TrueForAll(ranks, rank => rank.LinkedSeconds is not null)
            ? ranks.Max(rank => rank.LinkedSeconds)
            : null;
        return new RunReport
        {
            Job = options.Job.JobId,
            Program = SystemText.Show(options.Program),
            Arguments = [.. options.Arguments.Select(SystemText.Show)],
            Size = options.Size,
            Topology = new TopologyReport(options.Topology.Spec, options.Topology.LinkCount),
            ExitCode = outcome.ExitCode,
            Failure = outcome.Failure?.ToString(),
            TimedOut = outcome.TimedOut,
            StartUpSeconds = Rounded(started),
            WireUpSeconds = Rounded(linked - started),
            RunSeconds = Rounded(total - (linked ?? started ?? 0)) ?? 0,
            TotalSeconds = Rounded(total) ?? 0,
            GigabyteSeconds = ranks.Sum(rank => (rank.MaxResidentBytes ?? 0) / 1e9 * rank.LifeSeconds),
            Messages = allTold ? ranks.Sum(rank => rank.MessagesSent) : null,
            Bytes = allTold ? ranks.Sum(rank => rank.BytesSent) : null,
            WireUp = WireUpSection.Of(members, job.Relayed),
            Ranks = ranks,
        };
    }

    /// <summary>Writes it as indented JSON.</summary>
    public void Write(string path) => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, ReportJson.Default.RunReport));

    internal static double? Rounded(double? seconds) => seconds is { } value ? Math.Round(value, 6) : null;
}

/// <summary>The links of the job.</summary>
internal sealed record TopologyReport(string Spec, long Links);

/// <summary>Compiled serialisation: no reflection, so it works ahead of time.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
