using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using BoxerMpi.Launcher.Commands;
using BoxerMpi.Launcher.Jobs;

namespace BoxerMpi.Launcher.Reports;

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

    public required IReadOnlyList<RankReport> Ranks { get; init; }

    /// <summary>One line for people.</summary>
    [JsonIgnore]
    public string Summary
    {
        get
        {
            string start = StartUpSeconds is { } startUp && WireUpSeconds is { } wireUp
                ? string.Create(CultureInfo.InvariantCulture, $"start-up {startUp:0.00} s, wire-up {wireUp:0.00} s, ")
                : "";
            string links = WireUpSeconds is null ? "" : $", {Topology.Spec} ({Topology.Links} links)";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{Size} ranks{links}: {start}run {RunSeconds:0.00} s; {GigabyteSeconds:0.###} GB-s; exit code {ExitCode}");
        }
    }

    public static RunReport Of(RunOptions options, string job, JobOutcome outcome, IJobSeat seat)
    {
        RankReport[] ranks = [.. outcome.Ranks.Select(rank => RankReport.Of(rank, seat.Of(rank.Rank), outcome.Elapsed))];
        double total = outcome.Elapsed.TotalSeconds;
        double? started = Array.TrueForAll(ranks, rank => rank.JoinedSeconds is not null) ? ranks.Max(rank => rank.JoinedSeconds) : null;
        double? linked = started is not null && Array.TrueForAll(ranks, rank => rank.LinkedSeconds is not null)
            ? ranks.Max(rank => rank.LinkedSeconds)
            : null;
        return new RunReport
        {
            Job = job,
            Program = options.Program,
            Arguments = options.Arguments,
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
            Ranks = ranks,
        };
    }

    /// <summary>Writes it as indented JSON.</summary>
    public void Write(string path) => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, ReportJson.Default.RunReport));

    internal static double? Rounded(double? seconds) => seconds is { } value ? Math.Round(value, 6) : null;
}

/// <summary>The links of the job.</summary>
internal sealed record TopologyReport(string Spec, long Links);

/// <summary>One rank of the job.</summary>
internal sealed record RankReport
{
    public required int Rank { get; init; }

    public int? Pid { get; init; }

    /// <summary>When its process was started.</summary>
    public required double StartSeconds { get; init; }

    /// <summary>When it had joined.</summary>
    public double? JoinedSeconds { get; init; }

    /// <summary>When it had all links of the topology.</summary>
    public double? LinkedSeconds { get; init; }

    /// <summary>When it left or was lost.</summary>
    public double? LeftSeconds { get; init; }

    /// <summary>When its process ended.</summary>
    public double? EndSeconds { get; init; }

    /// <summary>As a shell shows it: 128 + the signal for a killed process.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The signal that killed it, such as SIGSEGV.</summary>
    public string? Signal { get; init; }

    /// <summary>Whether it was ended along with the job instead of by itself.</summary>
    public required bool EndedByLauncher { get; init; }

    public long? MaxResidentBytes { get; init; }

    public double? UserSeconds { get; init; }

    public double? SystemSeconds { get; init; }

    [JsonIgnore]
    public double LifeSeconds { get; init; }

    public static RankReport Of(RankRecord rank, RankProgress progress, TimeSpan now) => new()
    {
        Rank = rank.Rank,
        Pid = rank.Process?.Id,
        StartSeconds = RunReport.Rounded(rank.Started.TotalSeconds) ?? 0,
        JoinedSeconds = RunReport.Rounded(progress.Joined?.TotalSeconds),
        LinkedSeconds = RunReport.Rounded(progress.Linked?.TotalSeconds),
        LeftSeconds = RunReport.Rounded(progress.Ended?.TotalSeconds),
        EndSeconds = RunReport.Rounded(rank.Exited?.TotalSeconds),
        ExitCode = rank.Exit?.ShellCode,
        Signal = rank.Exit is { Signal: > 0 } killed ? Processes.SignalNames.Of(killed.Signal) : null,
        EndedByLauncher = rank.EndedByLauncher,
        MaxResidentBytes = rank.MaxResidentBytes,
        UserSeconds = RunReport.Rounded(rank.Usage?.UserTime.TotalSeconds),
        SystemSeconds = RunReport.Rounded(rank.Usage?.SystemTime.TotalSeconds),
        LifeSeconds = ((rank.Exited ?? now) - rank.Started).TotalSeconds,
    };
}

/// <summary>Compiled serialisation: no reflection, so it works ahead of time.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
