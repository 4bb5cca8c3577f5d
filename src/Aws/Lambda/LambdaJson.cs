using System.Text.Json;
using System.Text.Json.Serialization;

namespace BoxerMpi.Aws.Internal;

/// <summary>A function in requests and answers; members have the names of Lambda's API.</summary>
internal sealed record FunctionBody
{
    public string? FunctionName { get; init; }

    public string? FunctionArn { get; init; }

    public string? Role { get; init; }

    public string? Runtime { get; init; }

    public string? Handler { get; init; }

    public string? Description { get; init; }

    /// <summary>In seconds.</summary>
    public int? Timeout { get; init; }

    /// <summary>In MiB.</summary>
    public int? MemorySize { get; init; }

    public EnvironmentBody? Environment { get; init; }

    public IReadOnlyList<string>? Architectures { get; init; }

    public CodeBody? Code { get; init; }

    public string? CodeSha256 { get; init; }

    public long? CodeSize { get; init; }

    public string? LastModified { get; init; }

    public string? State { get; init; }

    public string? StateReason { get; init; }

    public string? LastUpdateStatus { get; init; }

    public string? LastUpdateStatusReason { get; init; }

    /// <summary>What it says, where the service leaves nothing out that matters.</summary>
    public FunctionInfo ToInfo() => new(
        FunctionName ?? "", FunctionArn ?? "", Runtime ?? "", CodeSha256 ?? "", CodeSize ?? 0, LastModified ?? "")
    {
        Role = Role ?? "",
        MemoryMegabytes = MemorySize ?? 0,
        Timeout = TimeSpan.FromSeconds(Timeout ?? 0),
        Architecture = Architectures is [string first, ..] ? first : "x86_64",
        Description = Description ?? "",
        Variables = Environment?.Variables?.ToDictionary(pair => pair.Key, pair => pair.Value ?? "") ?? [],
        State = State,
        UpdateStatus = LastUpdateStatus,
        Reason = StateReason ?? LastUpdateStatusReason,
    };
}

internal sealed record EnvironmentBody(IReadOnlyDictionary<string, string?>? Variables);

/// <summary>Where the code of a function is: in an object of S3, or here.</summary>
internal sealed record CodeBody
{
    public IReadOnlyList<string>? Architectures { get; init; }

    public string? S3Bucket { get; init; }

    public string? S3Key { get; init; }

    public ReadOnlyMemory<byte>? ZipFile { get; init; }

    public static CodeBody Of(FunctionCode code, string? architecture = null) => new()
    {
        Architectures = architecture is null ? null : [architecture],
        S3Bucket = code.Object?.Bucket,
        S3Key = code.Object?.Key,
        ZipFile = code.Object is null ? code.Zip : null,
    };
}

internal sealed record EventConfigBody(int MaximumRetryAttempts, int MaximumEventAgeInSeconds);

internal sealed record FunctionAnswer(FunctionBody Configuration);

internal sealed record FunctionListAnswer(IReadOnlyList<FunctionBody> Functions, string? NextMarker);

/// <summary>What runtimes say of an error of a function; they agree on these members.</summary>
internal sealed record FunctionErrorAnswer
{
    [JsonPropertyName("errorType")]
    public string? Type { get; init; }

    [JsonPropertyName("errorMessage")]
    public string? Message { get; init; }

    /// <summary>Lines, if it is a list; what they are is each runtime's own matter.</summary>
    [JsonPropertyName("stackTrace")]
    public JsonElement StackTrace { get; init; }
}

/// <summary>What the service says of an error of its own; the first letter of one member differs by service.</summary>
internal sealed record ServiceErrorAnswer
{
    [JsonPropertyName("message")]
    public string? Message { get; init; }

    [JsonPropertyName("Message")]
    public string? CapitalMessage { get; init; }

    public string? Reason { get; init; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FunctionBody))]
[JsonSerializable(typeof(CodeBody))]
[JsonSerializable(typeof(EventConfigBody))]
[JsonSerializable(typeof(FunctionAnswer))]
[JsonSerializable(typeof(FunctionListAnswer))]
[JsonSerializable(typeof(FunctionErrorAnswer))]
[JsonSerializable(typeof(ServiceErrorAnswer))]
internal sealed partial class LambdaJson : JsonSerializerContext;
