using System.Diagnostics;
using BoxerMpi.Aws;
using BoxerMpi.Coordinator;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Places;
using BoxerMpi.Launching.Reports;

namespace BoxerMpi.Functions;

/// <summary>Ranks as functions of AWS Lambda, or of a service on this machine that is made for the job.</summary>
internal sealed class FunctionPlace(FunctionOptions functions) : IPlace
{
    public Task<PreparedJob?> PrepareAsync(RunOptions options, CancellationToken cancellationToken)
    {
        CheckEvent(options);
        return functions.Local ? Task.FromResult(PrepareLocally(options)) : PrepareOnLambdaAsync(options, cancellationToken);
    }

    private async Task<PreparedJob?> PrepareOnLambdaAsync(RunOptions options, CancellationToken cancellationToken)
    {
        // Credentials, region and function are looked at before the build, which takes longer.
        LambdaSite site = new(new LambdaClient(functions.Client), functions);
        try
        {
            FunctionDeployment deployment = await FunctionDeployment.FindAsync(site.Lambda, site.Region, functions, cancellationToken);
            byte[]? zip = functions.Deploy ? functions.Program.Zip(deployment.Plan.Architecture) : null;
            if (!functions.DryRun)
                return Prepared(options, deployment, zip, _ => Task.FromResult<IFunctionSite>(site));
            string change = zip is null ? "is used as it is" : $"{deployment.Change(zip)}, zip of {Sizes.Of(zip.Length)}";
            Estimate(options, deployment, $"in {site.Region} {change}");
            await site.DisposeAsync();
            return null;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    private PreparedJob? PrepareLocally(RunOptions options)
    {
        FunctionDeployment deployment = new(FunctionDeployment.PlanOf(functions, null) with { Role = FunctionPlan.LocalRole }, null);
        byte[] zip = functions.Program.Zip(deployment.Plan.Architecture);
        if (!functions.DryRun)
            return Prepared(options, deployment, zip, async _ => await LocalFunctionSite.OpenAsync(functions));
        Estimate(options, deployment, $"on a local service, zip of {Sizes.Of(zip.Length)}; costs as if on Lambda");
        return null;
    }

    private PreparedJob Prepared(
        RunOptions options, FunctionDeployment deployment, byte[]? zip, Func<CancellationToken, Task<IFunctionSite>> openAsync)
    {
        // Its invocation, its attendant and its rank; files where they are wanted.
        int descriptors = DescriptorNeed.Check(functions.Count, options.OutputFolder is null ? 3 : 5);
        return new PreparedJob(functions.Count, descriptors, async cancellationToken =>
        {
            IFunctionSite site = await openAsync(cancellationToken);
            try
            {
                await DeployAsync(site, deployment, zip, cancellationToken);
                return new OpenPlace(options, functions, deployment, site);
            }
            catch
            {
                await site.DisposeAsync();
                throw;
            }
        });
    }

    private async Task DeployAsync(IFunctionSite site, FunctionDeployment deployment, byte[]? zip, CancellationToken cancellationToken)
    {
        if (zip is null)
            return;
        FunctionCode code = await Deployment.CodeAsync(
            zip, functions.Local ? null : CodeBucket.Find(null, site.Region), functions.Function, cancellationToken);
        string done = await Deployment.ApplyAsync(site.Lambda, deployment.Plan, code, Deployment.Sha256(zip), cancellationToken);
        if (!functions.Quiet)
            Console.Error.WriteLine($"boxer: function {functions.Function} {done} ({deployment}, {site.Region})");
    }

    private void Estimate(RunOptions options, FunctionDeployment deployment, string state)
    {
        foreach (string line in FunctionEstimate.Lines(options, functions, deployment.Plan, state))
            Console.WriteLine(line);
    }

    /// <summary>Found out before anything is built or asked for.</summary>
    private void CheckEvent(RunOptions options)
    {
        int bytes = FunctionEvents.Encode(FunctionEvents.Of(options, functions.SeedAddress?.Host ?? "")).Length;
        if (bytes > FunctionEvents.LongestBytes)
        {
            throw new UsageException(
                $"arguments and variables take {Sizes.Of(bytes)}, and an event of Lambda holds {Sizes.Of(FunctionEvents.LongestBytes)}",
                "put large input where functions can read it, and pass its place");
        }
    }

    private sealed class OpenPlace(RunOptions options, FunctionOptions functions, FunctionDeployment deployment, IFunctionSite site)
        : IOpenPlace
    {
        private readonly RankInvocations _invocations = new(functions.Count, TimeProvider.System);

        public JobSpec Spec => options.Job with { Attendance = _invocations, FirstFreeRank = functions.Count };

        public Seed StartSeed(SeedOptions seed) => site.StartSeed(seed);

        public IPlacedRanks Place(Seed seed, SeedJob job, JobSeat seat, Stopwatch clock) =>
            new FunctionRanks(options, functions, deployment, site, _invocations, site.AddressOf(seed), job, seat);

        public ValueTask DisposeAsync() => site.DisposeAsync();
    }
}
