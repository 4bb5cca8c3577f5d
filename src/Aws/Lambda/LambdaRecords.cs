namespace BoxerMpi.Aws;

/// <summary>How an invocation is made.</summary>
public enum InvocationKind
{
    /// <summary>The caller waits for the function's result.</summary>
    RequestResponse,

    /// <summary>Lambda queues the event, runs it at least once, and nobody learns the result.</summary>
    Event,
}

/// <summary>One invocation.</summary>
/// <param name="Function">Name, account and name, or ARN.</param>
/// <param name="Payload">JSON; at most 6 MiB, for <see cref="InvocationKind.Event"/> 1 MiB.</param>
public sealed record Invocation(string Function, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Whether the caller waits.</summary>
    public InvocationKind Kind { get; init; }

    /// <summary>Version or alias; null for the unpublished version.</summary>
    public string? Qualifier { get; init; }

    /// <summary>Asks for the last 4 KiB of the function's log.</summary>
    public bool WithLog { get; init; }
}

/// <summary>What came of an invocation.</summary>
/// <param name="RequestId">Lambda's id for it.</param>
/// <param name="Payload">The function's answer; empty for <see cref="InvocationKind.Event"/>.</param>
/// <param name="Error">The function's failure, or null when it answered.</param>
/// <param name="Log">End of the function's log, when it was asked for.</param>
public sealed record InvocationResult(string RequestId, ReadOnlyMemory<byte> Payload, FunctionError? Error, string? Log);

/// <summary>A function failed, crashed or ran out of its time.</summary>
/// <param name="Type">Such as <c>Runtime.ExitError</c> or <c>Sandbox.Timedout</c>.</param>
/// <param name="Message">The function's own words, or Lambda's.</param>
/// <param name="StackTrace">From the innermost; empty when there is none.</param>
public sealed record FunctionError(string Type, string Message, IReadOnlyList<string> StackTrace)
{
    /// <summary>Type, message and stack.</summary>
    public override string ToString() => string.Join("\n   at ", [$"{Type}: {Message}", .. StackTrace]);
}

/// <summary>Everything of a function but its code.</summary>
/// <param name="Name">Name.</param>
/// <param name="Role">ARN of the role that it runs under.</param>
public sealed record FunctionSpec(string Name, string Role)
{
    /// <summary>Identifier of the runtime. Default provided.al2023.</summary>
    public string Runtime { get; init; } = "provided.al2023";

    /// <summary>For the runtime to interpret. Default bootstrap.</summary>
    public string Handler { get; init; } = "bootstrap";

    /// <summary>x86_64 or arm64. Default x86_64.</summary>
    public string Architecture { get; init; } = "x86_64";

    /// <summary>Memory in MB, 128 to 10,240; CPU grows with it. Default 2,048.</summary>
    public int MemoryMegabytes { get; init; } = 2048;

    /// <summary>Longest run of one invocation, up to 15 minutes. Default 15 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>For people.</summary>
    public string Description { get; init; } = "";

    /// <summary>Environment of the function.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
}

/// <summary>A zip with a function's code: its bytes, or where it lies in S3.</summary>
public sealed record FunctionCode
{
    private FunctionCode()
    {
    }

    /// <summary>The zip itself.</summary>
    public ReadOnlyMemory<byte> Zip { get; private init; }

    /// <summary>Bucket and key, or null.</summary>
    public (string Bucket, string Key)? Object { get; private init; }

    /// <param name="zip">At most 50 MB.</param>
    public static FunctionCode Of(ReadOnlyMemory<byte> zip) => new() { Zip = zip };

    /// <param name="bucket">In the region of the function.</param>
    /// <param name="key">Of the zip, at most 250 MB unzipped.</param>
    public static FunctionCode InS3(string bucket, string key) => new() { Object = (bucket, key) };
}

/// <summary>A function as Lambda tells of it.</summary>
/// <param name="Name">Name.</param>
/// <param name="Arn">Full name.</param>
/// <param name="Runtime">Identifier of the runtime; empty for a container image.</param>
/// <param name="CodeSha256">Base64 of the SHA-256 of the zip.</param>
/// <param name="CodeBytes">Length of the zip.</param>
/// <param name="Modified">When code or configuration changed last, as Lambda writes it.</param>
public sealed record FunctionInfo(string Name, string Arn, string Runtime, string CodeSha256, long CodeBytes, string Modified)
{
    /// <summary>ARN of the role.</summary>
    public string Role { get; init; } = "";

    /// <summary>Memory in MB.</summary>
    public int MemoryMegabytes { get; init; }

    /// <summary>Longest run of one invocation.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>x86_64 or arm64.</summary>
    public string Architecture { get; init; } = "x86_64";

    /// <summary>For people.</summary>
    public string Description { get; init; } = "";

    /// <summary>Environment of the function.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Pending, Active, Inactive or Failed; null in lists.</summary>
    public string? State { get; init; }

    /// <summary>Successful, InProgress or Failed; null in lists.</summary>
    public string? UpdateStatus { get; init; }

    /// <summary>Why it is in its state, when Lambda says so.</summary>
    public string? Reason { get; init; }

    /// <summary>It may be invoked, and what runs is what was last uploaded.</summary>
    public bool IsReady => State is null or "Active" or "Inactive" && UpdateStatus is null or "Successful";

    /// <summary>Its creation or update will not come to an end.</summary>
    public bool HasFailed => State == "Failed" || UpdateStatus == "Failed";
}
