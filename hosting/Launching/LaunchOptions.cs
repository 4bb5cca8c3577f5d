namespace BoxerMpi.Launching;

/// <summary>A job to run on this machine: so many ranks of a program.</summary>
public sealed record LaunchOptions
{
    /// <summary>A project folder, a project, a .dll or an executable. A project is built first, when it has changed.</summary>
    public required string Program { get; init; }

    /// <summary>What the program is given. Default: nothing.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Number of ranks, at least 1.</summary>
    public required int Ranks { get; init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value)); }

    /// <summary>
    /// Links to set up, such as <c>mesh</c>, <c>grid:4x4</c> or <c>tree</c>. Default: a mesh up to 32 ranks, a grid for more.
    /// </summary>
    public string? Topology { get; init; }

    /// <summary>Variables that the ranks have besides those of this process.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the ranks start. Default: this process's own working directory.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Time for the whole job. Default: no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Time between asking ranks to end and ending them. Default 2 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether <c>[rank]</c> stands before each line of output. Default true.</summary>
    public bool Tag { get; init; } = true;

    /// <summary>Gets what the ranks write to standard output, in whole lines. Default: this process's own standard output.</summary>
    public Stream? Output { get; init; }

    /// <summary>
    /// Gets what the ranks write to standard error, in whole lines, and why the job failed. Default: this process's own standard error.
    /// </summary>
    public Stream? Error { get; init; }
}
