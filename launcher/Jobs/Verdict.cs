using BoxerMpi.Launcher.Processes;

namespace BoxerMpi.Launcher.Jobs;

/// <summary>Why a job failed: the rank to blame, its exit code and what happened to it.</summary>
internal sealed record Failure(int Rank, int ExitCode, string Reason)
{
    public override string ToString() => Rank < 0 ? Reason : $"rank {Rank} {Reason}";
}

/// <summary>The rules by which ranks' ends become the job's result; pure functions.</summary>
internal static class Verdict
{
    /// <summary>What is wrong with a rank that has ended, or null when it ended well or it is too early to tell.</summary>
    /// <param name="rank">The rank.</param>
    /// <param name="exit">How its process ended.</param>
    /// <param name="progress">What the coordinator knows of it.</param>
    /// <param name="othersJoined">Whether any rank has joined: then this is an MPI job, and all ranks must take part.</param>
    /// <param name="settled">Whether the coordinator had time to notice that the process is gone.</param>
    public static Failure? OfEnded(int rank, ExitStatus exit, RankProgress progress, bool othersJoined, bool settled)
    {
        if (!exit.IsSuccess)
            return new Failure(
                rank, exit.ShellCode, Describe(exit) + (othersJoined && !progress.HasJoined ? " before it joined the job" : ""));

        return progress.Stage switch
        {
            RankStage.Left => null,
            RankStage.Absent when !othersJoined => null,
            RankStage.Absent => new Failure(
                rank, 1, "ended with exit code 0 without joining the job, while other ranks joined and wait for it"),
            RankStage.Failed => NotLeft(rank),
            _ => settled ? NotLeft(rank) : null,
        };
    }

    /// <summary>The failure that is to blame among those that came together, before the job was told to end.</summary>
    /// <param name="ended">Ranks that ended on their own, in the order in which they did.</param>
    /// <param name="abort">What a rank reported, if one did.</param>
    /// <param name="endedFirst">How many of <paramref name="ended"/> had ended before the report arrived.</param>
    public static Failure? ToBlame(IReadOnlyList<Failure> ended, AbortNotice? abort, int endedFirst)
    {
        if (abort is null)
            return ended.MinBy(failure => failure.Rank);

        // Whoever died before anybody reported anything is the cause of the report or independent of it.
        Failure reported = new(abort.Rank, abort.Code == 0 ? 1 : abort.Code, (abort.Rank < 0 ? "" : "failed: ") + abort.FirstLine);
        Failure[] before = [.. ended.Take(endedFirst).Where(failure => failure.Rank != abort.Rank)];
        if (before.Length > 0)
            return abort.IsConsequence ? before.MinBy(failure => failure.Rank) : before.Append(reported).MinBy(failure => failure.Rank);

        // A report that another rank is gone can overtake the news of that rank's end.
        return abort.IsConsequence
            ? ended.FirstOrDefault(failure => failure.Rank != abort.Rank) ?? reported
            : reported;
    }

    /// <summary>Ranks as a short list: <c>0, 2-5, 9</c>.</summary>
    public static string List(IEnumerable<int> ranks)
    {
        List<string> parts = [];
        int first = -2, last = -2;
        foreach (int rank in ranks.Order().Append(int.MaxValue))
        {
            if (rank == last + 1)
            {
                last = rank;
                continue;
            }

            if (first >= 0)
                parts.Add(first == last ? $"{first}" : last == first + 1 ? $"{first}, {last}" : $"{first}-{last}");
            first = last = rank;
        }

        return string.Join(", ", parts);
    }

    private static Failure NotLeft(int rank) => new(
        rank, 1, "ended with exit code 0 without leaving the job; return from the body given to MpiProgram, or dispose what Mpi.Initialize returned");

    private static string Describe(ExitStatus exit) => exit switch
    {
        { Explanation: { } explanation } => explanation,
        { Signal: > 0 } => $"was killed by {SignalNames.Of(exit.Signal)} (exit code {exit.ShellCode})",
        _ => $"exited with code {exit.ExitCode}",
    };
}
