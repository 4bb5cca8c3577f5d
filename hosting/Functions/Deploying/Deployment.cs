using System.Security.Cryptography;
using BoxerMpi.Aws;
using BoxerMpi.Launching;

namespace BoxerMpi.Functions.Deploying;

/// <summary>Brings a function to what it is to be, with as few changes as that takes.</summary>
internal static class Deployment
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromMinutes(3);

    // An event that cannot start within a minute finds its job gone; one that failed must not start a rank again.
    private static readonly TimeSpan OldestEvent = TimeSpan.FromMinutes(1);

    // Lambda's limit for what comes with the request itself; larger ones go through S3.
    private const int LongestDirectZip = 50 * 1024 * 1024;

    /// <summary>
    /// The zip as Lambda takes it: with the request itself, or from a bucket that it is put into when it is too large for that.
    /// </summary>
    /// <exception cref="UsageException">It is too large, and there is no bucket.</exception>
    /// <exception cref="S3Exception">The bucket does not take it.</exception>
    public static async Task<FunctionCode> CodeAsync(byte[] zip, CodeBucket? bucket, string function, CancellationToken cancellationToken)
    {
        if (zip.Length <= LongestDirectZip)
            return FunctionCode.Of(zip);
        return bucket is not null
            ? await bucket.UploadAsync(function, zip, cancellationToken)
            : throw new UsageException(
                $"the zip has {zip.Length} bytes, and Lambda takes {LongestDirectZip} with a request",
                $"name a bucket of the region by --s3-bucket of boxer lambda deploy, or by {CodeBucket.Variable}; or leave --no-aot away");
    }

    /// <returns>What was done: created, updated or unchanged.</returns>
    /// <exception cref="LambdaException">Lambda refuses.</exception>
    public static async Task<string> ApplyAsync(
        ILambdaApi lambda, FunctionPlan plan, FunctionCode code, string? sha256, CancellationToken cancellationToken)
    {
        FunctionInfo? there = await lambda.FindFunctionAsync(plan.Name, cancellationToken);
        FunctionSpec spec = plan.Spec(there);
        if (there is null)
        {
            await lambda.CreateFunctionAsync(spec, code, cancellationToken);
            await lambda.WaitUntilReadyAsync(plan.Name, ReadyTimeout, cancellationToken: cancellationToken);
            await lambda.SetEventRetriesAsync(plan.Name, 0, OldestEvent, cancellationToken);
            return "created";
        }

        if (!FunctionPlan.IsOurs(there))
            throw new UsageException($"there is a function {plan.Name} that boxer has not deployed", "choose another name with --function");
        bool changed = false;
        if (there.CodeSha256 != sha256 || there.Architecture != plan.Architecture)
        {
            await lambda.UpdateFunctionCodeAsync(plan.Name, code, plan.Architecture, cancellationToken);
            await lambda.WaitUntilReadyAsync(plan.Name, ReadyTimeout, cancellationToken: cancellationToken);
            changed = true;
        }

        if (!FunctionPlan.IsMet(there, spec))
        {
            await lambda.UpdateFunctionConfigurationAsync(spec, cancellationToken);
            await lambda.WaitUntilReadyAsync(plan.Name, ReadyTimeout, cancellationToken: cancellationToken);
            changed = true;
        }

        return changed ? "updated" : "unchanged";
    }

    /// <summary>The hash as Lambda gives it.</summary>
    public static string Sha256(byte[] zip) => Convert.ToBase64String(SHA256.HashData(zip));
}
