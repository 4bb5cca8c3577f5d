using System.Diagnostics;
using BoxerMpi.Aws;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Output;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Processes;
using BoxerMpi.Rendezvous;
using BoxerMpi.Transport;

namespace BoxerMpi.Functions;

/// <summary>One job whose ranks are functions, from the build of its program to its bill.</summary>
internal static class FunctionRun
{
    // Ranks that joined from elsewhere read of the job's end before the coordinator closes their connections.
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(10);

    public static async Task<int> ExecuteAsync(RunOptions options, FunctionOptions functions, CancellationToken cancellationToken)
    {
        CheckEvent(options, functions);
        if (functions.Local)
            return await ExecuteLocallyAsync(options, functions, cancellationToken);

        // Credentials, region and function are looked at before the build, which takes longer.
        LambdaClient lambda = new(functions.Client);
        await using LambdaPlace place = new(lambda, functions);
        FunctionDeployment deployment = await FunctionDeployment.FindAsync(lambda, lambda.Region, functions, cancellationToken);
        byte[]? zip = functions.Deploy ? functions.Program.Zip(deployment.Plan.Architecture) : null;
        if (functions.DryRun)
        {
            string change = zip is null ? "is used as it is" : $"{deployment.Change(zip)}, zip of {Sizes.Of(zip.Length)}";
            foreach (string line in FunctionEstimate.Lines(options, functions, deployment.Plan, $"in {lambda.Region} {change}"))
                Console.WriteLine(line);
            return 0;
        }

        return await RunAsync(options, functions, place, deployment, lambda.Region, zip, cancellationToken);
    }

    private static async Task<int> ExecuteLocallyAsync(RunOptions options, FunctionOptions functions, CancellationToken cancellationToken)
    {
        FunctionDeployment deployment = new(FunctionDeployment.PlanOf(functions, null) with { Role = FunctionPlan.LocalRole }, null);
        byte[] zip = functions.Program.Zip(deployment.Plan.Architecture);
        if (functions.DryRun)
        {
            foreach (string line in FunctionEstimate.Lines(options, functions, deployment.Plan, $"on a local service, zip of {Sizes.Of(zip.Length)}; costs as if on Lambda"))
                Console.WriteLine(line);
            return 0;
        }

        await using LocalFunctionPlace place = await LocalFunctionPlace.OpenAsync(functions);
        return await RunAsync(options, functions, place, deployment, "local", zip, cancellationToken);
    }

    private static async Task<int> RunAsync(
        RunOptions options,
        FunctionOptions functions,
        IFunctionPlace place,
        FunctionDeployment deployment,
        string region,
        byte[]? zip,
        CancellationToken cancellationToken)
    {
        // Its invocation, its attendant and its rank; files where they are wanted.
        int planned = DescriptorNeed.Check(functions.Count, options.OutputFolder is null ? 3 : 5);
        OutputFiles files = new(options.OutputFolder, functions.Count);
        if (zip is not null)
        {
            FunctionCode code = await Deployment.CodeAsync(
                zip, functions.Local ? null : CodeBucket.Find(null, region), functions.Function, cancellationToken);
            string done = await Deployment.ApplyAsync(place.Lambda, deployment.Plan, code, Deployment.Sha256(zip), cancellationToken);
            if (!functions.Quiet)
                Console.Error.WriteLine($"boxer: function {functions.Function} {done} ({deployment}, {region})");
        }

        Stopwatch clock = Stopwatch.StartNew();
        await using Seed seed = place.StartSeed(options.Seed with { PlannedDescriptors = planned });
        FunctionCrew crew = new(functions.Count, TimeProvider.System);
        SeedJob job = seed.AddJob(options.Job with { Attendance = crew, FirstFreeRank = functions.Count });
        await using JobSeat seat = new(job, options.Seed.HeartbeatInterval);
        string address = place.AddressOf(seed);
        StartPlan plan = PlanOf(options, functions, address);
        crew.Follow(job.Started, plan.Replacements);
        _ = job.Aborted.ContinueWith(
            _ => crew.Close("the job was aborted"), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
        if (functions.Count < options.Size && !functions.Quiet)
            Console.Error.WriteLine($"boxer: {HowToJoin(options, functions, address)}");

        await using FunctionStart start = new(place.Lambda, plan, crew, reason => seat.End(1, reason), RunningTime.Instance, Random.Shared);
        FunctionSummary Sum() => FunctionBill.Summary(functions, deployment.Plan, region, crew, start, Prices.Load());
        JobOutcome outcome = RankHost.Run(
            new JobPlan(
                functions.Count,
                _ => new SpawnRequest(options.Program, options.Arguments) { Environment = plan.Event.Environment },
                options.Timeout,
                options.Grace,
                SampleMemory: false)
            {
                MayBeReplaced = true,
                Broken = place.Broken,
            },
            seat,
            clock,
            mark: "",
            new LineStyle(options.Tag, options.Timestamp) { IsRaw = options.Raw },
            files,
            StandardInput.None,
            finished =>
            [
                .. options.Verbose ? RunReport.Of(options, finished, seat, job).Summary : [],
                .. finished.Failure is null ? [] : RelayAdvice.Of(job),
                .. functions.Quiet ? [] : (string[])[Sum().Line],
            ],
            host => new FunctionHost(host, crew, output => start.Begin(output, functions.Quiet)));
        crew.Close("the job is over");
        int exitCode = await OthersAsync(options, functions, job, seat, outcome.ExitCode);
        if (options.ReportFile is { } path)
            (RunReport.Of(options, outcome, seat, job) with { ExitCode = exitCode, Functions = Sum() }).Write(path);
        return exitCode;
    }

    private static StartPlan PlanOf(RunOptions options, FunctionOptions functions, string address) => new()
    {
        Function = functions.Function,
        Count = functions.Count,
        Spares = functions.Spares,
        Rate = functions.InvokeRate,
        Timeout = functions.StartTimeout,
        Event = EventOf(options, address),
    };

    private static RankRequest EventOf(RunOptions options, string address) => new()
    {
        Protocol = RankRequest.CurrentProtocol,
        Seed = address,
        Job = options.Job.JobId,
        Token = Convert.ToHexStringLower(options.Job.Token),
        Arguments = options.Arguments,
        Environment = FunctionEvents.EnvironmentOf(options.Size, options.Variables),
    };

    /// <summary>Found out before anything is built or asked for.</summary>
    private static void CheckEvent(RunOptions options, FunctionOptions functions)
    {
        int bytes = FunctionEvents.Encode(EventOf(options, functions.SeedAddress?.Host ?? "")).Length;
        if (bytes > FunctionEvents.LongestBytes)
        {
            throw new UsageException(
                $"arguments and variables take {Sizes.Of(bytes)}, and an event of Lambda holds {Sizes.Of(FunctionEvents.LongestBytes)}",
                "put large input where functions can read it, and pass its place");
        }
    }

    private static string HowToJoin(RunOptions options, FunctionOptions functions, string address)
    {
        int others = options.Size - functions.Count;
        string token = functions.TokenFile is { } file ? $"--token-file {file} " : "";
        string model = functions.Model is { } named ? $"-x BOXER_MODEL={named} " : "";
        return $"waiting for {(others == 1 ? "one more rank" : $"{others} more ranks")}: boxer rank --seed {address} --job {options.Job.JobId} {token}{model}PROGRAM";
    }

    /// <summary>Ranks that are no functions end on their own; their failures are the job's.</summary>
    private static async Task<int> OthersAsync(RunOptions options, FunctionOptions functions, SeedJob job, JobSeat seat, int exitCode)
    {
        if (functions.Count == options.Size || !job.Started.IsCompletedSuccessfully)
            return exitCode;
        if (exitCode == 0)
        {
            using SeatWatch watch = new(seat);
            if (await watch.EndAsync(CancellationToken.None) is not { } failure)
                return 0;
            Console.Error.WriteLine($"boxer: {failure}");
            exitCode = failure.ExitCode;
        }

        await job.AllLeft.WaitAsync(AbortPatience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return exitCode;
    }
}
