using System.Net;
using BoxerMpi.Aws;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.NatLab;

namespace BoxerMpi.Functions;

/// <summary>How the ranks of a job are to be functions; checked.</summary>
internal sealed record FunctionOptions
{
    /// <summary>The functions run on a service that is started for the job alone.</summary>
    public bool Local { get; init; }

    /// <summary>Where Lambda is, for functions that are not local.</summary>
    public LambdaClientOptions Client { get; init; } = new();

    public required FunctionProgram Program { get; init; }

    /// <summary>Name of the function.</summary>
    public required string Function { get; init; }

    /// <summary>Ranks that are functions: all, unless others join the job.</summary>
    public required int Count { get; init; }

    /// <summary>File with the job's token, for ranks that join from elsewhere.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The link model as it was named; null for what is usual there.</summary>
    public string? Model { get; init; }

    /// <summary>Whether the function is brought up to date first.</summary>
    public bool Deploy { get; init; } = true;

    /// <summary>Null for what the function has, else 2,048.</summary>
    public int? MemoryMegabytes { get; init; }

    /// <summary>Null for what the function has, else 15 minutes.</summary>
    public TimeSpan? FunctionTimeout { get; init; }

    /// <summary>Null for what the function has, else this machine's.</summary>
    public string? Architecture { get; init; }

    /// <summary>Null for the function's own.</summary>
    public string? Role { get; init; }

    /// <summary>
    /// Host under which functions reach the coordinator, and the port where it is not the coordinator's own; null where the place knows.
    /// </summary>
    public (string Host, int? Port)? SeedAddress { get; init; }

    /// <summary>Where the coordinator listens; empty for what suits the address.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [];

    /// <summary>Functions that are invoked beyond those that are needed.</summary>
    public int Spares { get; init; }

    /// <summary>Invocations a second.</summary>
    public int InvokeRate { get; init; } = StartPlan.StandardRate;

    /// <summary>How long to wait for all functions, from the first invocation.</summary>
    public TimeSpan StartTimeout { get; init; } = StartPlan.StandardTimeout;

    /// <summary>Says what would be done and what it would cost, and does nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>No word but errors.</summary>
    public bool Quiet { get; init; }

    /// <summary>Invocations at once of a local service; null for as many as the job needs.</summary>
    public int? Concurrency { get; init; }

    /// <summary>Added to each start of an environment of a local service.</summary>
    public TimeSpan ColdStart { get; init; }

    /// <summary>
    /// What the functions of a local service are behind; null for cone NATs where this system can make them, else for nothing.
    /// </summary>
    public LabOptions? Lab { get; init; }

    /// <summary>Name of the lab.</summary>
    public string? LabPrefix { get; init; }
}
