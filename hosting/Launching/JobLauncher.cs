using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Places;
using BoxerMpi.Launching.Programs;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching;

/// <summary>Runs jobs without a command line: for notebooks, tests and other tools.</summary>
public static class JobLauncher
{
    /// <summary>Runs the ranks of a program on this machine to their end, with a coordinator in this process.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="cancellationToken">Ends the ranks; the call then ends as cancelled once all are gone.</param>
    /// <returns>How the job ended, whether well or badly.</returns>
    /// <remarks>
    /// The ranks have no standard input. Signals to this process stay its own; should it be killed, its ranks go with it. Jobs may run side
    /// by side.
    /// </remarks>
    /// <exception cref="FormatException">The topology is not understood.</exception>
    /// <exception cref="ArgumentException">The topology does not fit the number of ranks.</exception>
    /// <exception cref="JobLaunchException">The job cannot be started.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public static Task<LaunchResult> RunAsync(LaunchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        RunOptions job = Read(options);

        // Whoever watches over ranks blocks its thread.
        return Task.Factory.StartNew(
            () => RunAsync(job, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    private static async Task<LaunchResult> RunAsync(RunOptions job, CancellationToken cancellationToken)
    {
        try
        {
            (_, RunReport? report) = await JobRun.RunAsync(job, ProcessPlace.Local, wantsReport: true, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            return Of(report!);
        }
        catch (UsageException wrong)
        {
            throw new JobLaunchException($"{wrong.Message}; {wrong.Hint}", wrong);
        }
        catch (BuildException failure)
        {
            throw new JobLaunchException($"{failure.Message}\n{failure.Output}".TrimEnd(), failure);
        }
        catch (LaunchException failure)
        {
            throw new JobLaunchException(failure.Message, failure);
        }
    }

    private static RunOptions Read(LaunchOptions options)
    {
        Topology topology = options.Topology is { } text
            ? BoxerMpi.Topology.Parse(text, options.Ranks)
            : BoxerMpi.Topology.Default(options.Ranks);
        return new RunOptions
        {
            Job = NewJob.Of(topology),
            Program = options.Program,
            Arguments = options.Arguments,
            Timeout = options.Timeout,
            Grace = options.Grace,
            Variables = [.. options.Variables],
            WorkingDirectory = options.WorkingDirectory,
            Input = StandardInput.None,
            HeedsSignals = false,
            StandardOutput = options.Output,
            StandardError = options.Error,
            Tag = options.Tag,
        };
    }

    private static LaunchResult Of(RunReport report) => new(
        report.ExitCode,
        report.Failure,
        report.TimedOut,
        TimeSpan.FromSeconds(report.TotalSeconds),
        [.. report.Ranks.Select(rank => new RankResult(rank.Rank, rank.ExitCode, rank.EndedByLauncher))]);
}
