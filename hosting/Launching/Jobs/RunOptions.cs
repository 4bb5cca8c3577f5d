using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Hosts;

namespace BoxerMpi.Launching.Jobs;

/// <summary>A job that is to be run, checked.</summary>
internal sealed record RunOptions
{
    /// <summary>The job as its coordinator gets it, token included.</summary>
    public required JobSpec Job { get; init; }

    /// <summary>Times of its coordinator.</summary>
    public SeedOptions Seed { get; init; } = new();

    public int Size => Job.Size;

    public Topology Topology => Topology.Parse(Job.Topology, Size);

    public required string Program { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    public TimeSpan? Timeout { get; init; }

    public TimeSpan Grace { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    public StandardInput Input { get; init; }

    /// <summary>Whether signals to this process are the job's.</summary>
    public bool HeedsSignals { get; init; } = true;

    /// <summary>Gets the ranks' standard output; null for this process's own.</summary>
    public Stream? StandardOutput { get; init; }

    /// <summary>Gets the ranks' standard error; null for this process's own.</summary>
    public Stream? StandardError { get; init; }

    public string? OutputFolder { get; init; }

    public string? ReportFile { get; init; }

    public bool Verbose { get; init; }

    public bool Tag { get; init; }

    public bool Timestamp { get; init; }

    /// <summary>Whether output passes through byte by byte.</summary>
    public bool Raw { get; init; }

    /// <summary>
    /// What is to be said of how the job was asked for, if anything, when it failed or its ranks have joined; gets the program's files and
    /// arguments.
    /// </summary>
    public Func<IReadOnlyList<string>, string?> Remark { get; init; } = static _ => null;

    public bool NativeAot { get; init; }

    public string Configuration { get; init; } = "Release";
}
