using BoxerMpi.Launcher.Hosts;
using BoxerMpi.Launcher.Places;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Launcher.Commands;

/// <summary>What <c>boxer run</c> was asked to do, checked.</summary>
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

    /// <summary>Makes what the ranks run on; called once, when their program is there.</summary>
    public Func<IPlace> OpenPlace { get; init; } = static () => new LocalPlace();

    /// <summary>How the ranks are functions; null when they are not.</summary>
    public Functions.FunctionOptions? Functions { get; init; }

    /// <summary>File with the job's token, for ranks that join from elsewhere.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The link model as it was named; null for what is usual there.</summary>
    public string? Model { get; init; }

    public TimeSpan? Timeout { get; init; }

    public TimeSpan Grace { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    public StandardInput Input { get; init; }

    public string? OutputFolder { get; init; }

    public string? ReportFile { get; init; }

    public bool Verbose { get; init; }

    public bool Tag { get; init; }

    public bool Timestamp { get; init; }

    /// <summary>Whether output passes through byte by byte.</summary>
    public bool Raw { get; init; }

    /// <summary>Options of boxer among the program's arguments.</summary>
    public MisplacedOptions Misplaced { get; init; } = MisplacedOptions.None;

    public bool NativeAot { get; init; }

    public string Configuration { get; init; } = "Release";
}
