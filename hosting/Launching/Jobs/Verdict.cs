using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

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
    /// <param name="complete">Whether all ranks have come to their end, whatever the coordinator knows of this one.</param>
    /// <param name="settled">Whether the coordinator had time to notice that the process is gone.</param>
    public static Failure? OfEnded(int rank, ExitStatus exit, RankProgress progress, bool othersJoined, bool complete, bool settled)
    {
        if (!exit.IsSuccess)
            return new Failure(
                rank, exit.ShellCode, Describe(exit) + (othersJoined && !progress.HasJoined ? " before it joined the job" : ""));

        return progress switch
        {
            { Stage: RankStage.Left } => null,
            { Stage: RankStage.Absent } when !othersJoined => null,
            { Stage: RankStage.Absent } => new Failure(
                rank, 1, "ended with exit code 0 without joining the job, while other ranks joined and wait for it"),
            _ when complete => null,
            { Stage: RankStage.Vacated } => new Failure(rank, 1, "ended with exit code 0 before all ranks had joined the job"),
            { Stage: RankStage.Failed, HasClosed: false } => new Failure(
                rank, 1, $"ended with exit code 0, but was lost before it left the job: {progress.Reason}"),
            { Stage: RankStage.Failed } => new Failure(
                rank,
                1,
                "ended with exit code 0 without leaving the job; return from the body given to MpiProgram, or dispose what Mpi.Initialize returned"),

            // The end of a process closes its connections: that news has not arrived.
            _ => settled
                ? new Failure(rank, 1, "ended with exit code 0, but was cut off from the coordinator, which does not know whether it left the job")
                : null,
        };
    }

    /// <summary>What is wrong with a rank that the coordinator has lost.</summary>
    /// <param name="rank">The rank.</param>
    /// <param name="progress">What the coordinator knows of it.</param>
    /// <param name="process">What its process does, as the end of the sentence, or nothing.</param>
    public static Failure OfLost(int rank, RankProgress progress, string process = "") => new(rank, 1, $"was lost: {progress.Reason}{process}");

    /// <summary>The rank that a report misses, when the coordinator has not heard it for some time either.</summary>
    public static Failure? OfSilent(IJobSeat seat, AbortNotice abort) =>
        abort.Suspect >= 0 && abort.Suspect < seat.Size && abort.Suspect != abort.Rank && seat.SilenceOf(abort.Suspect) is { } silence
            ? new Failure(
                abort.Suspect,
                1,
                $"was lost: the coordinator has not heard it for {silence.TotalSeconds:0} s, and rank {abort.Rank} tells: {abort.FirstLine}")
            : null;

    /// <summary>The failure that is to blame among those that came together, before the job was told to end.</summary>
    /// <param name="ended">Ranks that ended on their own, in the order in which they did.</param>
    /// <param name="lost">Ranks that the coordinator has lost although their processes run, or run elsewhere.</param>
    /// <param name="silent">The rank that the report misses, when the coordinator has not heard it either.</param>
    /// <param name="abort">What a rank reported, if one did.</param>
    /// <param name="endedFirst">How many of <paramref name="ended"/> had ended before the report arrived.</param>
    public static Failure? ToBlame(
        IReadOnlyList<Failure> ended, IReadOnlyList<Failure> lost, Failure? silent, AbortNotice? abort, int endedFirst)
    {
        // A process that runs on while the coordinator has lost it has not failed because of others.
        if (abort is null)
            return LowestOf(lost) ?? ended.MinBy(failure => failure.Rank);

        // Whoever died before anybody reported anything is the cause of the report or independent of it.
        Failure reported = new(abort.Rank, abort.Code == 0 ? 1 : abort.Code, (abort.Rank < 0 ? "" : "failed: ") + abort.FirstLine);
        Failure[] before = [.. ended.Take(endedFirst).Where(failure => failure.Rank != abort.Rank)];
        if (!abort.IsConsequence)
            return before.Append(reported).MinBy(failure => failure.Rank);

        // The news of the suspect's end may come after the report of who missed it. An end with the report's code may just follow from it.
        return before.FirstOrDefault(failure => failure.Rank == abort.Suspect)
            ?? ended.FirstOrDefault(
                failure => failure.Rank == abort.Suspect && failure.Rank != abort.Rank && failure.ExitCode != reported.ExitCode)
            ?? lost.FirstOrDefault(failure => failure.Rank == abort.Suspect)
            ?? silent
            ?? LowestOf(lost)
            ?? before.MinBy(failure => failure.Rank)
            ?? reported;
    }

    /// <summary>Ranks as words: <c>rank 3</c>, <c>ranks 0, 2-5</c>.</summary>
    public static string Ranks(IEnumerable<int> ranks)
    {
        int[] all = [.. ranks];
        return (all.Length == 1 ? "rank " : "ranks ") + List(all);
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

    private static Failure? LowestOf(IReadOnlyList<Failure> lost)
    {
        Failure? lowest = lost.MinBy(failure => failure.Rank);
        return lowest is null || lost.Count == 1
            ? lowest
            : lowest with { Reason = $"{lowest.Reason} (and so {Ranks(lost.Where(other => other != lowest).Select(other => other.Rank))})" };
    }

    private static string Describe(ExitStatus exit) => exit switch
    {
        { Explanation: { } explanation } => explanation,
        { Signal: > 0 } => $"was killed by {SignalNames.Of(exit.Signal)} (exit code {exit.ShellCode})",
        _ => $"exited with code {exit.ExitCode}",
    };
}
