using System.Diagnostics;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Programs;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Places;

/// <summary>The ranks of a job as processes of this machine.</summary>
internal sealed class ProcessRanks : IPlacedRanks
{
    private readonly RunOptions _options;
    private readonly RankCommand _command;
    private readonly JobSeat _seat;

    public ProcessRanks(RunOptions options, RankCommand command, ISite site, Seed seed, JobSeat seat, Stopwatch clock)
    {
        (_options, _command, _seat) = (options, command, seat);
        RankEnvironment environment = new(
            seed.EndPoint.ToString(), options.Job.JobId, Convert.ToHexStringLower(options.Job.Token), options.Size, options.Variables);
        if (options.Timeout is { } timeout)
            environment.EndAt(TimeProvider.System.GetUtcNow() + timeout - clock.Elapsed);
        Plan = new JobPlan(
            options.Size,
            rank => site.Put(rank, new SpawnRequest(command.File, [.. command.Arguments, .. options.Arguments])
            {
                Environment = environment.Of(rank),
                WorkingDirectory = options.WorkingDirectory,
            }),
            options.Timeout,
            options.Grace,
            SampleMemory: options.Verbose || options.ReportFile is not null)
        {
            Mark = environment.Mark,
            Input = options.Input,
            HeedsSignals = options.HeedsSignals,
            Broken = site.Broken,
            Leftovers = site.Leftovers,
        };
    }

    public JobPlan Plan { get; }

    public FunctionSummary? Functions => null;

    public IRankHost Host(RankHostOptions options) => ThisMachine.Host(options);

    /// <summary>Programs that know nothing of MPI and end well have done what they were asked to.</summary>
    public IEnumerable<string> LastWords(JobOutcome outcome)
    {
        bool isTold = outcome.Failure is not null || outcome.Ranks.Any(rank => _seat.Of(rank.Rank).HasJoined);
        string? line = isTold ? _options.Remark([_command.File, .. _command.Arguments, .. _options.Arguments]) : null;
        return line is null ? [] : [line];
    }

    public Task<int> EndAsync(int exitCode) => Task.FromResult(exitCode);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
