using BoxerMpi.Launching.Hosts;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>All the launcher knows about one rank's process; times count from the job's start.</summary>
internal sealed class RankRecord(int rank)
{
    public int Rank => rank;

    public IRankProcess? Process { get; set; }

    public TimeSpan Started { get; set; }

    public ExitStatus? Exit { get; set; }

    public TimeSpan? Exited { get; set; }

    /// <summary>It ended after the job's end had been decided, so its exit status says nothing about the program.</summary>
    public bool EndedByLauncher { get; set; }

    public ResourceUsage? Usage { get; set; }

    /// <summary>Highest memory seen while it lived; null when it was never looked at.</summary>
    public long? PeakResidentBytes { get; set; }

    /// <summary>The launcher's own peak when it spawned the rank.</summary>
    public long InheritedPeakBytes { get; set; }

    /// <summary>
    /// The rank's peak memory. The kernel's figure starts at the launcher's peak, whose memory the child shares until it executes.
    /// </summary>
    public long? MaxResidentBytes => Usage is { } usage && (usage.MaxResidentBytes > InheritedPeakBytes || PeakResidentBytes is null)
        ? usage.MaxResidentBytes
        : PeakResidentBytes;

    public bool IsRunning => Process is not null && Exit is null;
}
