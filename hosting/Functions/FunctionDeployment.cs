using BoxerMpi.Aws;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.Launching;

namespace BoxerMpi.Functions;

/// <summary>The function that a job needs: looked up, checked, and brought up to date.</summary>
internal sealed record FunctionDeployment(FunctionPlan Plan, FunctionInfo? There)
{
    private static readonly TimeSpan StandardTimeout = TimeSpan.FromMinutes(15);

    /// <summary>Looks the function up.</summary>
    /// <param name="lambda">The service.</param>
    /// <param name="region">For people.</param>
    /// <param name="options">What it is to be.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UsageException">It cannot be used, or is missing and may not be deployed.</exception>
    /// <exception cref="LambdaException">Lambda cannot be asked.</exception>
    public static async Task<FunctionDeployment> FindAsync(
        ILambdaApi lambda, string region, FunctionOptions options, CancellationToken cancellationToken)
    {
        FunctionInfo? there = await lambda.FindFunctionAsync(options.Function, cancellationToken);
        if (there is not null && !FunctionPlan.IsOurs(there))
        {
            throw new UsageException(
                $"function {there.Name} in {region} was not deployed by boxer (it runs " +
                $"{(there.Runtime.Length > 0 ? there.Runtime : "a container image")}), so its invocations are no ranks",
                "choose another name with --function");
        }

        if (!options.Deploy)
            CheckDeployed(there, region, options);
        return new FunctionDeployment(PlanOf(options, there), there);
    }

    /// <summary>The function as it is to be; what is not said stays as it is.</summary>
    public static FunctionPlan PlanOf(FunctionOptions options, FunctionInfo? there) => new(options.Function, options.Program.ShortName)
    {
        Architecture = options.Architecture ?? there?.Architecture ?? FunctionProgram.HostArchitecture,
        MemoryMegabytes = options.MemoryMegabytes ?? there?.MemoryMegabytes ?? FunctionPlan.StandardMemory,
        Timeout = options.FunctionTimeout ?? there?.Timeout ?? StandardTimeout,
        Role = options.Role ?? FunctionPlan.RoleOfEnvironment,
    };

    /// <summary>What deploying the zip would do.</summary>
    public string Change(byte[] zip) => There switch
    {
        null => "is to be created",
        _ when There.CodeSha256 != Deployment.Sha256(zip) || There.Architecture != Plan.Architecture
            || !FunctionPlan.IsMet(There, Plan.Spec(There)) => "is to be updated",
        _ => "is up to date",
    };

    public override string ToString() => $"{Plan.MemoryMegabytes} MB, {Plan.Timeout.TotalSeconds:F0} s, {Plan.Architecture}";

    private static void CheckDeployed(FunctionInfo? there, string region, FunctionOptions options)
    {
        if (there is null)
            throw new UsageException(
                $"there is no function {options.Function} in {region}",
                "leave --no-deploy away, or name another one with --function; boxer lambda list shows them");
        const string Custom = "provided.al2023";
        if (there.Runtime != Custom)
            throw new UsageException(
                $"function {there.Name} runs {there.Runtime}, and ranks need {Custom}",
                "leave --no-deploy away, or name another one with --function");
        if (FunctionPlan.ProtocolOf(there) is { } protocol && protocol != RankRequest.CurrentProtocol)
        {
            throw new UsageException(
                $"function {there.Name} was deployed for protocol {protocol}, and this boxer speaks {RankRequest.CurrentProtocol}",
                "leave --no-deploy away, so that it is deployed again");
        }
    }
}
