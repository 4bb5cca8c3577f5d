using BoxerMpi.LambdaBootstrap;

namespace BoxerMpi.Functions;

/// <summary>How the functions of a job are to be started.</summary>
internal sealed record StartPlan
{
    /// <summary>
    /// Lambda lets a function grow by 1,000 environments each 10 s, and takes more requests than this: 64 functions are
    /// asked for within a quarter of a second, 1,000 within four.
    /// </summary>
    public const int StandardRate = 250;

    public static readonly TimeSpan StandardTimeout = TimeSpan.FromSeconds(120);

    /// <summary>Name of the function.</summary>
    public required string Function { get; init; }

    /// <summary>Ranks that are functions.</summary>
    public required int Count { get; init; }

    /// <summary>Functions beyond those.</summary>
    public int Spares { get; init; }

    /// <summary>Invocations a second.</summary>
    public int Rate { get; init; } = StandardRate;

    /// <summary>How long to wait for all functions, from the first invocation.</summary>
    public TimeSpan Timeout { get; init; } = StandardTimeout;

    /// <summary>After how long without any function one is asked why. A cold start takes less.</summary>
    public TimeSpan ProbeAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Everything but the invocation's number.</summary>
    public required RankRequest Event { get; init; }

    /// <summary>How many invocations may be made in place of functions that are lost or do not come.</summary>
    public int Replacements => Math.Max(4, Count / 2);
}
