using System.Security.Cryptography;
using System.Text.RegularExpressions;
using BoxerMpi.Aws;
using BoxerMpi.Launching;

namespace BoxerMpi.Functions.Deploying;

/// <summary>The bucket through which zips reach Lambda that are too large for a request.</summary>
internal sealed partial class CodeBucket
{
    public const string Variable = "BOXER_LAMBDA_BUCKET";

    private readonly string _region;

    private CodeBucket(string name, string region) => (Name, _region) = (name, region);

    public string Name { get; }

    /// <param name="given">Value of --s3-bucket, or null for what the environment says.</param>
    /// <param name="region">The function's, and so the bucket's.</param>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="UsageException">There can be no bucket of that name.</exception>
    public static CodeBucket? Find(string? given, string region)
    {
        string? name = given ?? (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : null);
        if (name is null)
            return null;
        return NameForm().IsMatch(name)
            ? new CodeBucket(name, region)
            : throw new UsageException(
                $"--s3-bucket '{name}' is not a bucket's name", "3 to 63 lower-case letters, digits, dots and dashes, without s3://");
    }

    /// <summary>Puts a zip there, under a name made of its content, unless it is there already.</summary>
    /// <returns>Where it is.</returns>
    /// <exception cref="S3Exception">S3 refuses or does not answer.</exception>
    public async Task<FunctionCode> UploadAsync(string function, byte[] zip, CancellationToken cancellationToken)
    {
        string key = $"boxer/{function}/{Convert.ToHexStringLower(SHA256.HashData(zip))}.zip";
        using S3Client s3 = new(_region);
        if (!await s3.HasAsync(Name, key, zip.Length, cancellationToken))
            await s3.PutAsync(Name, key, zip, cancellationToken);
        return FunctionCode.InS3(Name, key);
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
    private static partial Regex NameForm();
}
