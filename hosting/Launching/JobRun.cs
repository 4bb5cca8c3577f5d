using System.Diagnostics;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Output;
using BoxerMpi.Launching.Places;
using BoxerMpi.Launching.Reports;

namespace BoxerMpi.Launching;

/// <summary>One job, from the build of its program to its report, wherever its ranks run.</summary>
internal static class JobRun
{
    /// <summary>Runs it and writes its report, if one is wanted.</summary>
    /// <returns>The job's exit code.</returns>
    public static async Task<int> ExecuteAsync(RunOptions options, IPlace place, CancellationToken cancellationToken)
    {
        (int exitCode, RunReport? report) = await RunAsync(options, place, options.ReportFile is not null, cancellationToken);
        report?.Write(options.ReportFile!);
        return exitCode;
    }

    /// <summary>Runs it.</summary>
    public static async Task<(int ExitCode, RunReport? Report)> RunAsync(
        RunOptions options, IPlace place, bool wantsReport, CancellationToken cancellationToken)
    {
        if (await place.PrepareAsync(options, cancellationToken) is not { } prepared)
            return (0, null);
        OutputFiles files = new(options.OutputFolder, prepared.Ranks);
        await using IOpenPlace open = await prepared.OpenAsync(cancellationToken);
        Stopwatch clock = Stopwatch.StartNew();
        await using Seed seed = open.StartSeed(options.Seed with { PlannedDescriptors = prepared.Descriptors });
        SeedJob job = seed.AddJob(open.Spec);
        await using JobSeat seat = new(job, options.Seed.HeartbeatInterval);
        await using IPlacedRanks ranks = open.Place(seed, job, seat, clock);
        JobOutcome outcome = SupervisedRun.Run(
            ranks.Plan,
            seat,
            clock,
            new OutputOptions(new LineStyle(options.Tag, options.Timestamp) { IsRaw = options.Raw }, files)
            {
                StandardOutput = options.StandardOutput,
                StandardError = options.StandardError,
            },
            ranks.Host,
            finished =>
            [
                .. options.Verbose ? RunReport.Of(options, finished, seat, job).Summary : [],
                .. finished.Failure is null ? [] : RelayAdvice.Of(job),
                .. ranks.LastWords(finished),
            ],
            cancellationToken);
        int exitCode = await ranks.EndAsync(outcome.ExitCode);
        RunReport? report = wantsReport
            ? RunReport.Of(options, outcome, seat, job) with { ExitCode = exitCode, Functions = ranks.Functions }
            : null;
        return (exitCode, report);
    }
}
