using BoxerMpi.Launcher.Processes;

namespace BoxerMpi.Launcher.Commands;

/// <summary>What <c>boxer run</c> was asked to do, checked.</summary>
internal sealed record RunOptions
{
    public required int Size { get; init; }

    public required string Program { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    public required Topology Topology { get; init; }

    public OffTopologyPolicy OffTopology { get; init; }

    public TimeSpan? Timeout { get; init; }

    public TimeSpan GateTimeout { get; init; }

    public TimeSpan Grace { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; } = [];

    public string? WorkingDirectory { get; init; }

    public StandardInput Input { get; init; }

    public string? OutputFolder { get; init; }

    public string? ReportFile { get; init; }

    public bool Verbose { get; init; }

    public bool Tag { get; init; }

    public bool Timestamp { get; init; }

    public bool NativeAot { get; init; }

    public string Configuration { get; init; } = "Release";
}
