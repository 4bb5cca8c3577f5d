using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Places;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Processes;
using BoxerMpi.Transport;

namespace BoxerMpi.Functions;

/// <summary>The ranks of a job that are functions.</summary>
internal sealed class FunctionRanks : IPlacedRanks
{
    // Ranks that joined from elsewhere read of the job's end before the coordinator closes their connections.
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(10);

    private readonly FunctionOptions _functions;
    private readonly FunctionDeployment _deployment;
    private readonly string _region;
    private readonly RankInvocations _invocations;
    private readonly FunctionStart _start;
    private readonly SeedJob _job;
    private readonly JobSeat _seat;

    /// <param name="options">The run.</param>
    /// <param name="functions">Its functions.</param>
    /// <param name="deployment">What is invoked.</param>
    /// <param name="site">Where.</param>
    /// <param name="invocations">Decides about the functions that come.</param>
    /// <param name="address">By which they reach the coordinator.</param>
    /// <param name="job">The job.</param>
    /// <param name="seat">Its news.</param>
    public FunctionRanks(
        RunOptions options,
        FunctionOptions functions,
        FunctionDeployment deployment,
        IFunctionSite site,
        RankInvocations invocations,
        string address,
        SeedJob job,
        JobSeat seat)
    {
        (_functions, _deployment, _region, _invocations, _job, _seat) = (functions, deployment, site.Region, invocations, job, seat);
        StartPlan plan = new()
        {
            Function = functions.Function,
            Count = functions.Count,
            Spares = functions.Spares,
            Rate = functions.InvokeRate,
            Timeout = functions.StartTimeout,
            Event = FunctionEvents.Of(options, address),
        };
        invocations.Follow(job.Started, plan.Replacements);
        _ = job.Aborted.ContinueWith(
            _ => invocations.Close("the job was aborted"), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
        if (functions.Count < options.Size && !functions.Quiet)
            Console.Error.WriteLine($"boxer: {HowToJoin(options, address)}");
        _start = new FunctionStart(site.Lambda, plan, invocations, reason => seat.End(1, reason), RunningTime.Instance, Random.Shared);
        Plan = new JobPlan(
            functions.Count,
            _ => new SpawnRequest(options.Program, options.Arguments) { Environment = plan.Event.Environment },
            options.Timeout,
            options.Grace,
            SampleMemory: false)
        {
            MayBeReplaced = true,
            Broken = site.Broken,
        };
    }

    public JobPlan Plan { get; }

    public FunctionSummary Functions => FunctionBill.Summary(_functions, _deployment.Plan, _region, _invocations, _start, Prices.Load());

    public IRankHost Host(RankHostOptions options) =>
        new FunctionHost(options, _invocations, output => _start.Begin(output, _functions.Quiet));

    public IEnumerable<string> LastWords(JobOutcome outcome) => _functions.Quiet ? [] : [Functions.Line];

    /// <summary>Ranks that are no functions end on their own; their failures are the job's.</summary>
    public async Task<int> EndAsync(int exitCode)
    {
        _invocations.Close("the job is over");
        if (_functions.Count == _seat.Size || !_job.Started.IsCompletedSuccessfully)
            return exitCode;
        if (exitCode == 0)
        {
            using SeatWatch watch = new(_seat);
            if (await watch.EndAsync(CancellationToken.None) is not { } failure)
                return 0;
            Console.Error.WriteLine($"boxer: {failure}");
            exitCode = failure.ExitCode;
        }

        await _job.AllLeft.WaitAsync(AbortPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return exitCode;
    }

    public ValueTask DisposeAsync() => _start.DisposeAsync();

    private string HowToJoin(RunOptions options, string address)
    {
        int others = options.Size - _functions.Count;
        string token = _functions.TokenFile is { } file ? $"--token-file {file} " : "";
        string model = _functions.Model is { } named ? $"-x BOXER_MODEL={named} " : "";
        string whom = others == 1 ? "one more rank" : $"{others} more ranks";
        return $"waiting for {whom}: boxer rank --seed {address} --job {options.Job.JobId} {token}{model}PROGRAM";
    }
}
