using System.Text.Json.Serialization;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Jobs;

namespace BoxerMpi.Launching.Reports;

/// <summary>One rank of the job.</summary>
internal sealed record RankReport
{
    public required int Rank { get; init; }

    /// <summary>The host that it joined from.</summary>
    public string? Host { get; init; }

    /// <summary>Its external endpoint as the coordinator saw it.</summary>
    public string? Address { get; init; }

    /// <summary>
    /// What stands between it and the others: <c>none</c>, <c>port-kept</c>, <c>remapped</c>, <c>symmetric</c>, <c>unknown</c>.
    /// </summary>
    public string? Nat { get; init; }

    public int? Pid { get; init; }

    /// <summary>Lambda's id of the request that a function was started by.</summary>
    public string? RequestId { get; init; }

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

    /// <summary>Messages to other ranks; known when it left in order, as the three below.</summary>
    public long? MessagesSent { get; init; }

    /// <summary>Their payload.</summary>
    public long? BytesSent { get; init; }

    public long? MessagesReceived { get; init; }

    public long? BytesReceived { get; init; }

    [JsonIgnore]
    public double LifeSeconds { get; init; }

    public static RankReport Of(RankRecord rank, RankProgress progress, MemberStatus member, TimeSpan now) => new()
    {
        Rank = rank.Rank,
        Host = member.Member?.Host,
        Address = member.Member?.Observed.ToString(),
        Nat = member.Member?.Nat.Name(),
        Pid = rank.Process?.Id,
        RequestId = rank.Process?.RequestId,
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
        MessagesSent = member.Traffic?.MessagesSent,
        BytesSent = member.Traffic?.BytesSent,
        MessagesReceived = member.Traffic?.MessagesReceived,
        BytesReceived = member.Traffic?.BytesReceived,
        LifeSeconds = ((rank.Exited ?? now) - rank.Started).TotalSeconds,
    };
}
