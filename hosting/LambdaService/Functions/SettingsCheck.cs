using System.Text;
using System.Text.RegularExpressions;
using BoxerMpi.LambdaService.Api;
using BoxerMpi.LambdaService.Http;

namespace BoxerMpi.LambdaService.Functions;

/// <summary>Makes settings out of requests; the limits are those of the Lambda API.</summary>
internal static partial class SettingsCheck
{
    private const int MostVariableBytes = 4096;

    private static readonly string[] ReservedVariables =
    [
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    ];

    /// <exception cref="ApiException">A member is missing or not allowed.</exception>
    public static FunctionSettings Create(CreateFunctionRequest request) => Check(new FunctionSettings
    {
        Runtime = request.Runtime ?? throw ApiException.Invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
        Handler = request.Handler ?? throw ApiException.Invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
        Role = request.Role ?? throw ApiException.Violation("role", null, "Member must not be null"),
        Description = request.Description ?? "",
        TimeoutSeconds = request.Timeout ?? 3,
        MemoryMegabytes = request.MemorySize ?? 128,
        Architecture = Architecture(request.Architectures) ?? "x86_64",
        StorageMegabytes = request.EphemeralStorage?.Size ?? 512,
        Variables = request.Environment?.Variables ?? [],
    });

    /// <exception cref="ApiException">A member is not allowed.</exception>
    public static FunctionSettings Change(FunctionSettings before, UpdateFunctionConfigurationRequest request) => Check(before with
    {
        Runtime = request.Runtime ?? before.Runtime,
        Handler = request.Handler ?? before.Handler,
        Role = request.Role ?? before.Role,
        Description = request.Description ?? before.Description,
        TimeoutSeconds = request.Timeout ?? before.TimeoutSeconds,
        MemoryMegabytes = request.MemorySize ?? before.MemoryMegabytes,
        StorageMegabytes = request.EphemeralStorage?.Size ?? before.StorageMegabytes,
        Variables = request.Environment is null ? before.Variables : request.Environment.Variables ?? [],
    });

    /// <summary>The architecture that a request asks for, if it does.</summary>
    public static string? Architecture(IReadOnlyList<string>? architectures) => architectures switch
    {
        null => null,
        ["x86_64" or "arm64"] => architectures[0],
        _ => throw ApiException.Violation(
            "architectures", $"[{string.Join(", ", architectures)}]",
            "Member must satisfy enum value set: [x86_64, arm64] and have length 1"),
    };

    private static FunctionSettings Check(FunctionSettings settings)
    {
        if (settings.Runtime is not ("provided.al2023" or "provided.al2"))
        {
            throw ApiException.Invalid(
                $"This local service runs custom runtimes only: Runtime provided.al2023 or provided.al2, not '{settings.Runtime}'. "
                + "Bring the runtime as an executable 'bootstrap' in the zip.");
        }

        if (!RoleForm().IsMatch(settings.Role))
            throw ApiException.Violation("role", settings.Role, $"Member must satisfy regular expression pattern: {RoleForm()}");
        if (settings.Handler.Length is 0 or > 128 || settings.Handler.Any(char.IsWhiteSpace))
            throw ApiException.Violation(
                "handler", settings.Handler,
                "Member must satisfy regular expression pattern: [^\\s]+ and have length less than or equal to 128");
        Range("timeout", settings.TimeoutSeconds, 1, 900);
        Range("memorySize", settings.MemoryMegabytes, 128, 10_240);
        Range("ephemeralStorage.size", settings.StorageMegabytes, 512, 10_240);
        CheckVariables(settings.Variables);
        return settings;
    }

    private static void CheckVariables(IReadOnlyDictionary<string, string> variables)
    {
        string[] reserved = [.. variables.Keys.Where(ReservedVariables.Contains)];
        if (reserved.Length > 0)
        {
            throw ApiException.Invalid(
                "Lambda was unable to configure your environment variables because the environment variables you have provided contains " +
                "reserved keys "
                + $"that are currently not supported for modification. Reserved keys used in this request: {string.Join(", ", reserved)}");
        }

        if (variables.Keys.FirstOrDefault(name => !VariableForm().IsMatch(name)) is { } wrong)
            throw ApiException.Violation(
                "environment.variables", wrong, $"Map keys must satisfy regular expression pattern: {VariableForm()}");
        if (variables.Sum(pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value)) > MostVariableBytes)
        {
            throw ApiException.Invalid(
                "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded " +
                "the 4KB limit.");
        }
    }

    private static void Range(string member, int value, int least, int most)
    {
        if (value < least)
            throw ApiException.Violation(member, value, $"Member must have value greater than or equal to {least}");
        if (value > most)
            throw ApiException.Violation(member, value, $"Member must have value less than or equal to {most}");
    }

    [GeneratedRegex(@"^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+\z")]
    private static partial Regex RoleForm();

    [GeneratedRegex(@"^[a-zA-Z][a-zA-Z0-9_]+\z")]
    private static partial Regex VariableForm();
}
