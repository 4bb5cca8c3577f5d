using System.Globalization;
using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>The environment variables that Lambda gives to a runtime, and the function's own.</summary>
internal static class RuntimeVariables
{
    /// <param name="revision">The function.</param>
    /// <param name="runtimeApi">Host and port.</param>
    /// <param name="instance">The environment's name among those of its function.</param>
    /// <param name="options">The service's.</param>
    public static Dictionary<string, string> Of(FunctionRevision revision, string runtimeApi, string instance, LambdaServiceOptions options)
    {
        string root = revision.Code.Folder;
        Dictionary<string, string> variables = new(options.ExtraVariables);
        foreach ((string name, string value) in revision.Settings.Variables)
            variables[name] = value;

        string day = options.Time.GetUtcNow().ToString("yyyy/MM/dd", CultureInfo.InvariantCulture);
        variables["_HANDLER"] = revision.Settings.Handler;
        variables["AWS_LAMBDA_RUNTIME_API"] = runtimeApi;
        variables["AWS_LAMBDA_FUNCTION_NAME"] = revision.Name;
        variables["AWS_LAMBDA_FUNCTION_VERSION"] = FunctionId.Latest;
        variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = revision.Settings.MemoryMegabytes.ToString(CultureInfo.InvariantCulture);
        variables["AWS_LAMBDA_LOG_GROUP_NAME"] = $"/aws/lambda/{revision.Name}";
        variables["AWS_LAMBDA_LOG_STREAM_NAME"] = $"{day}/[{FunctionId.Latest}]{instance}";
        variables["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand";
        variables["AWS_REGION"] = options.Region;
        variables["AWS_DEFAULT_REGION"] = options.Region;
        variables["AWS_ACCESS_KEY_ID"] = options.Credentials.AccessKey;
        variables["AWS_SECRET_ACCESS_KEY"] = options.Credentials.SecretKey;
        if (options.Credentials.SessionToken is { } token)
            variables["AWS_SESSION_TOKEN"] = token;

        // On Lambda code lies in /var/task; here each revision has a folder of its own.
        variables["LAMBDA_TASK_ROOT"] = root;
        variables["LAMBDA_RUNTIME_DIR"] = root;
        variables.TryAdd("TZ", ":UTC");
        variables.TryAdd("LANG", "en_US.UTF-8");
        variables.TryAdd("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/opt/bin");
        variables.TryAdd("LD_LIBRARY_PATH", $"{root}:{root}/lib");
        return variables;
    }
}
