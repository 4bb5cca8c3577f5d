namespace BoxerMpi.Launching;

/// <summary>How a job ended.</summary>
/// <param name="ExitCode">That of the lowest failing rank, 128 + the signal that killed it, 124 when the time was over, or 0.</param>
/// <param name="Failure">Who or what is to blame; null after success.</param>
/// <param name="TimedOut">Whether <see cref="LaunchOptions.Timeout"/> was over.</param>
/// <param name="Elapsed">From the start of the first rank to the end of the last.</param>
/// <param name="Ranks">Each rank's end, in their order.</param>
public sealed record LaunchResult(int ExitCode, string? Failure, bool TimedOut, TimeSpan Elapsed, IReadOnlyList<RankResult> Ranks)
{
    /// <summary>Whether all ranks did what they were to.</summary>
    public bool IsSuccess => ExitCode == 0;
}

/// <summary>How a rank ended.</summary>
/// <param name="Rank">Which.</param>
/// <param name="ExitCode">Its exit code, or 128 + the signal that killed it; null when it was never started.</param>
/// <param name="EndedWithJob">Whether it was ended along with the job instead of by itself.</param>
public sealed record RankResult(int Rank, int? ExitCode, bool EndedWithJob);
