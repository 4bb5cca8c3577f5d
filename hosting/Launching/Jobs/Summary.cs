using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>The lines at the end of a job that did not end well.</summary>
internal static class Summary
{
    // More ranks than this are counted instead of listed one by one.
    private const int MostLines = 4;

    public static IEnumerable<string> Of(JobOutcome outcome)
    {
        RankRecord[] own = [.. outcome.Ranks.Where(rank => rank is { Exit.IsSuccess: false, EndedByLauncher: false } && rank.Rank != outcome.Failure?.Rank)];
        RankRecord[] ended = [.. outcome.Ranks.Where(rank => rank is { EndedByLauncher: true, Exit.IsSuccess: false } && rank.Rank != outcome.Failure?.Rank)];
        if (outcome is { Failure: { Rank: >= 0 } failure, Announced: false, Signal: 0, TimedOut: false })
            yield return failure.ToString();

        foreach (IGrouping<ExitStatus, RankRecord> alike in own.GroupBy(rank => rank.Exit!.Value).OrderBy(alike => alike.Min(rank => rank.Rank)).Take(MostLines))
            yield return $"{Ranks(alike)}: {alike.Key}";
        if (ended.Length > 0 && outcome.Failure is not null)
            yield return $"{Ranks(ended)} ended along with the job";
    }

    private static string Ranks(IEnumerable<RankRecord> ranks) => Verdict.Ranks(ranks.Select(rank => rank.Rank));
}
