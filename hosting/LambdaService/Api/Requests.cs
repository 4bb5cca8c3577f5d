namespace BoxerMpi.LambdaService.Api;

/// <summary>Bodies of requests, with the members of the Lambda API that this service acts on; others are ignored.</summary>
internal sealed record CreateFunctionRequest
{
    public string? FunctionName { get; init; }
    public string? Runtime { get; init; }
    public string? Role { get; init; }
    public string? Handler { get; init; }
    public CodeMember? Code { get; init; }
    public string? Description { get; init; }
    public int? Timeout { get; init; }
    public int? MemorySize { get; init; }
    public bool Publish { get; init; }
    public string? PackageType { get; init; }
    public EnvironmentMember? Environment { get; init; }
    public IReadOnlyList<string>? Architectures { get; init; }
    public StorageMember? EphemeralStorage { get; init; }
}

internal sealed record UpdateFunctionConfigurationRequest
{
    public string? Runtime { get; init; }
    public string? Role { get; init; }
    public string? Handler { get; init; }
    public string? Description { get; init; }
    public int? Timeout { get; init; }
    public int? MemorySize { get; init; }
    public EnvironmentMember? Environment { get; init; }
    public StorageMember? EphemeralStorage { get; init; }
    public string? RevisionId { get; init; }
}

internal sealed record UpdateFunctionCodeRequest
{
    public byte[]? ZipFile { get; init; }
    public string? S3Bucket { get; init; }
    public string? S3Key { get; init; }
    public string? ImageUri { get; init; }
    public bool Publish { get; init; }
    public bool DryRun { get; init; }
    public string? RevisionId { get; init; }
    public IReadOnlyList<string>? Architectures { get; init; }
}

internal sealed record CodeMember
{
    public byte[]? ZipFile { get; init; }
    public string? S3Bucket { get; init; }
    public string? S3Key { get; init; }
    public string? ImageUri { get; init; }
}

internal sealed record EnvironmentMember(Dictionary<string, string>? Variables);

internal sealed record StorageMember(int Size);

internal sealed record ConcurrencyMember(int? ReservedConcurrentExecutions);

internal sealed record EventConfigRequest(int? MaximumRetryAttempts, int? MaximumEventAgeInSeconds);
