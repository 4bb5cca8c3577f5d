using System.Diagnostics;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Output;
using BoxerMpi.Launching.Programs;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Processes;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Launching;

/// <summary>One job on this machine, from the build of its program to its report.</summary>
internal static class LocalRun
{
    public static async Task<int> ExecuteAsync(RunOptions options)
    {
        // Read ends of two pipes and the coordinator's connection; files and the write end of a pipe where they are wanted.
        int planned = DescriptorNeed.Check(options.Size, 3 + (options.OutputFolder is null ? 0 : 2) + (options.Input.All ? 1 : 0));
        RankCommand command = ProgramLocator.Locate(options.Program, options.NativeAot, options.Configuration, options.Verbose);
        OutputFiles files = new(options.OutputFolder, options.Size);
        using IPlace place = options.OpenPlace();
        Stopwatch clock = Stopwatch.StartNew();
        await using Seed seed = place.StartSeed(options.Seed with { PlannedDescriptors = planned });
        SeedJob job = seed.AddJob(options.Job);
        await using JobSeat seat = new(job, options.Seed.HeartbeatInterval);
        RankEnvironment environment = new(
            seed.EndPoint.ToString(), options.Job.JobId, Convert.ToHexStringLower(options.Job.Token), options.Size, options.Variables);
        if (options.Timeout is { } timeout)
            environment.EndAt(TimeProvider.System.GetUtcNow() + timeout - clock.Elapsed);
        JobPlan plan = new(
            options.Size,
            rank => place.Put(rank, new SpawnRequest(command.File, [.. command.Arguments, .. options.Arguments])
            {
                Environment = environment.Of(rank),
                WorkingDirectory = options.WorkingDirectory,
            }),
            options.Timeout,
            options.Grace,
            SampleMemory: options.Verbose || options.ReportFile is not null)
        {
            Broken = place.Broken,
            Leftovers = place.Leftovers,
        };

        JobOutcome outcome = RankHost.Run(
            plan,
            seat,
            clock,
            environment.Mark,
            new LineStyle(options.Tag, options.Timestamp) { IsRaw = options.Raw },
            files,
            options.Input,
            finished =>
            [
                .. options.Verbose ? RunReport.Of(options, finished, seat, job).Summary : [],
                .. finished.Failure is null ? [] : RelayAdvice.Of(job),
                .. Remarks(options, command, finished, seat),
            ]);
        if (options.ReportFile is { } path)
            RunReport.Of(options, outcome, seat, job).Write(path);
        return outcome.ExitCode;
    }

    /// <summary>Programs that know nothing of MPI and end well have done what they were asked to.</summary>
    private static IEnumerable<string> Remarks(RunOptions options, RankCommand command, JobOutcome outcome, JobSeat seat)
    {
        bool isTold = outcome.Failure is not null || outcome.Ranks.Any(rank => seat.Of(rank.Rank).HasJoined);
        string? line = isTold ? options.Remark([command.File, .. command.Arguments, .. options.Arguments]) : null;
        return line is null ? [] : [line];
    }
}
