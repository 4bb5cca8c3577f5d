using System.Globalization;
using BoxerMpi.Aws;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.Launching;

namespace BoxerMpi.Functions.Deploying;

/// <summary>A function as it is to be.</summary>
/// <param name="Name">Name.</param>
/// <param name="Program">What it runs, for people.</param>
internal sealed record FunctionPlan(string Name, string Program)
{
    /// <summary>Begins the description of what boxer has deployed.</summary>
    public const string Mark = "boxer: ";

    public const int StandardMemory = 2048;

    private const string ProtocolMark = ", protocol ";

    /// <summary>A local service knows no roles but wants one of the right form.</summary>
    public const string LocalRole = "arn:aws:iam::123456789012:role/boxer";

    /// <summary>ARN of the role; null to keep that of a function that is there.</summary>
    public string? Role { get; init; }

    public string Architecture { get; init; } = "x86_64";

    public int MemoryMegabytes { get; init; } = StandardMemory;

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(15);

    public static string? RoleOfEnvironment =>
        Environment.GetEnvironmentVariable("BOXER_LAMBDA_ROLE") is { Length: > 0 } role ? role : null;

    public static bool IsOurs(FunctionInfo function) => function.Description.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>The version of the events that a function of ours takes, or null when its description does not tell.</summary>
    public static int? ProtocolOf(FunctionInfo function)
    {
        int at = function.Description.LastIndexOf(ProtocolMark, StringComparison.Ordinal);
        return at >= 0
            && int.TryParse(function.Description.AsSpan(at + ProtocolMark.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            ? version
            : null;
    }

    /// <summary>The whole of it, for a new function or one that is there.</summary>
    /// <exception cref="UsageException">It is new and there is no role.</exception>
    public FunctionSpec Spec(FunctionInfo? there) => new(
        Name,
        Role ?? there?.Role ?? throw new UsageException(
            $"function {Name} is new and needs a role to run under",
            "give --role ARN, or set BOXER_LAMBDA_ROLE; boxer lambda deploy … --dry-run shows what the role must allow (any ARN of that " +
            "form, such as "
            + $"{LocalRole}, does for a local service)"))
    {
        Architecture = Architecture,
        MemoryMegabytes = MemoryMegabytes,
        Timeout = Timeout,
        Description = $"{Mark}{Program}{ProtocolMark}{RankRequest.CurrentProtocol}",
    };

    /// <summary>Whether a function's configuration is as it is to be.</summary>
    public static bool IsMet(FunctionInfo there, FunctionSpec spec) =>
        there.Role == spec.Role
        && there.MemoryMegabytes == spec.MemoryMegabytes
        && there.Timeout == spec.Timeout
        && there.Description == spec.Description
        && there.Runtime == spec.Runtime;
}
