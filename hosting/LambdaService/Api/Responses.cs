using System.Globalization;
using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Api;

/// <summary>Bodies of responses; the names of the members are the API's.</summary>
internal sealed record FunctionConfiguration
{
    public required string FunctionName { get; init; }
    public required string FunctionArn { get; init; }
    public required string Runtime { get; init; }
    public required string Role { get; init; }
    public required string Handler { get; init; }
    public required long CodeSize { get; init; }
    public required string Description { get; init; }
    public required int Timeout { get; init; }
    public required int MemorySize { get; init; }
    public required string LastModified { get; init; }
    public required string CodeSha256 { get; init; }
    public string Version { get; } = FunctionId.Latest;
    public EnvironmentMember? Environment { get; init; }
    public TracingMember TracingConfig { get; } = new("PassThrough");
    public required string RevisionId { get; init; }
    public required string? State { get; init; }
    public string? StateReason { get; init; }
    public string? StateReasonCode { get; init; }
    public required string? LastUpdateStatus { get; init; }
    public string PackageType { get; } = "Zip";
    public required IReadOnlyList<string> Architectures { get; init; }
    public required StorageMember EphemeralStorage { get; init; }
    public SnapStartMember SnapStart { get; } = new("None", "Off");

    /// <summary>What the service tells of a function at this moment.</summary>
    /// <param name="function">The function.</param>
    /// <param name="withState">Lists leave out what only a single function's answer has.</param>
    public static FunctionConfiguration Of(LambdaFunction function, bool withState = true)
    {
        (FunctionRevision revision, FunctionStatus status) = (function.Revision, function.Status);
        FunctionSettings settings = revision.Settings;
        return new FunctionConfiguration
        {
            FunctionName = function.Name,
            FunctionArn = function.Arn,
            Runtime = settings.Runtime,
            Role = settings.Role,
            Handler = settings.Handler,
            CodeSize = revision.Code.Zip.Length,
            Description = settings.Description,
            Timeout = settings.TimeoutSeconds,
            MemorySize = settings.MemoryMegabytes,
            LastModified = status.Changed.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'+0000'", CultureInfo.InvariantCulture),
            CodeSha256 = revision.Code.Sha256,
            Environment = settings.Variables.Count > 0 ? new EnvironmentMember(new(settings.Variables)) : null,
            RevisionId = revision.Id,
            State = !withState ? null : status.IsActive ? "Active" : "Pending",
            StateReason = withState && !status.IsActive ? "The function is being created." : null,
            StateReasonCode = withState && !status.IsActive ? "Creating" : null,
            LastUpdateStatus = !withState ? null : status.IsPending && !status.IsNew ? "InProgress" : "Successful",
            Architectures = [settings.Architecture],
            EphemeralStorage = new StorageMember(settings.StorageMegabytes),
        };
    }
}

internal sealed record TracingMember(string Mode);

internal sealed record SnapStartMember(string ApplyOn, string OptimizationStatus);

internal sealed record GetFunctionResponse(FunctionConfiguration Configuration, CodeLocation Code, ConcurrencyMember? Concurrency);

internal sealed record CodeLocation(string RepositoryType, string Location);

internal sealed record ListFunctionsResponse(IReadOnlyList<FunctionConfiguration> Functions, string? NextMarker);

internal sealed record EventConfigResponse(
    double LastModified, string FunctionArn, int? MaximumRetryAttempts, int? MaximumEventAgeInSeconds);

internal sealed record AccountSettingsResponse(AccountLimit AccountLimit, AccountUsage AccountUsage);

internal sealed record AccountLimit(
    long TotalCodeSize, long CodeSizeUnzipped, long CodeSizeZipped, int ConcurrentExecutions, int UnreservedConcurrentExecutions);

internal sealed record AccountUsage(long TotalCodeSize, long FunctionCount);

/// <summary>Null members are left out; the case of their names differs by error, which clients rely on.</summary>
internal sealed record ErrorResponse(
    string? Reason, string Type, string? Message,
    [property: System.Text.Json.Serialization.JsonPropertyName("message")] string? LowerMessage);
