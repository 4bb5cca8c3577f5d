using System.Globalization;
using System.Text;

namespace BoxerMpi.Launching.Jobs;

/// <summary>What every rank was doing when the job's time was over.</summary>
internal static class StateDump
{
    public static string Of(TimeSpan timeout, IReadOnlyList<RankRecord> ranks, IJobSeat seat, TimeSpan now)
    {
        StringBuilder text = new();
        text.Append(
            CultureInfo.InvariantCulture,
            $"boxer: the job did not end within {timeout.TotalSeconds:0.###} s (--timeout); ending it. Its ranks:");
        foreach (RankRecord rank in ranks)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nboxer:   rank {rank.Rank}: ");
            RankProgress progress = seat.Of(rank.Rank);
            if (rank.Exit is { } exit)
                text.Append(CultureInfo.InvariantCulture, $"ended after {rank.Exited!.Value.TotalSeconds:0.00} s ({exit})");
            else
                text.Append(CultureInfo.InvariantCulture, $"{Describe(progress, now)}, {rank.Process?.Name}");
        }

        return text.ToString();
    }

    private static string Describe(RankProgress progress, TimeSpan now)
    {
        string joined = Seconds("joined", progress.Joined);
        string linked = Seconds("linked", progress.Linked);
        return progress.Stage switch
        {
            RankStage.Absent => "running, has not joined the job",
            RankStage.Joined => $"{joined}; waits for the other ranks to join",
            RankStage.Started => $"{joined}; sets up its links since all have joined",
            RankStage.Linked => string.Create(CultureInfo.InvariantCulture, $"running for {now.TotalSeconds:0.00} s ({joined}, {linked})"),
            RankStage.Left => $"{Seconds("left", progress.Ended)} ({joined}, {linked}), but its process goes on",
            RankStage.Vacated =>
                $"{joined}; {Seconds("lost its connection to the coordinator", progress.Ended)} before the others had joined: {progress.Reason}",
            _ => $"{Seconds("lost its connection to the coordinator", progress.Ended)} ({joined}, {linked}): {progress.Reason}",
        };
    }

    private static string Seconds(string what, TimeSpan? at) =>
        at is { } time ? string.Create(CultureInfo.InvariantCulture, $"{what} at {time.TotalSeconds:0.00} s") : "never " + what;
}
