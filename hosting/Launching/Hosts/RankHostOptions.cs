using BoxerMpi.Launching.Output;

namespace BoxerMpi.Launching.Hosts;

/// <summary>What a host of ranks needs to know about the job.</summary>
/// <param name="Mark">What marks the processes of this launcher in their environment.</param>
/// <param name="Size">Number of ranks.</param>
/// <param name="Output">How their output is printed.</param>
/// <param name="Input">Who reads standard input.</param>
/// <param name="Grace">Time between TERM and KILL.</param>
internal sealed record RankHostOptions(string Mark, int Size, OutputOptions Output, StandardInput Input, TimeSpan Grace)
{
    /// <summary>Files and folders that go with the launcher, should it be killed.</summary>
    public IReadOnlyList<string> Leftovers { get; init; } = [];
}
