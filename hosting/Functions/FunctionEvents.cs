using System.Collections;
using System.Globalization;
using System.Text.Json;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.Launching.Jobs;

namespace BoxerMpi.Functions;

/// <summary>What functions are sent.</summary>
internal static class FunctionEvents
{
    /// <summary>Lambda's limit for events, in bytes.</summary>
    public const int LongestBytes = 1024 * 1024;

    // What an outer job or a rank of one has is not for the functions.
    private static readonly string[] OwnVariables =
        ["BOXER_SEED", "BOXER_JOB", "BOXER_TOKEN", "BOXER_RANK", "BOXER_SIZE", "BOXER_LAUNCH", "BOXER_LAMBDA_ROLE"];

    /// <summary>All that a function needs to know but its number.</summary>
    /// <param name="options">The run.</param>
    /// <param name="address">By which functions reach the coordinator.</param>
    public static RankRequest Of(RunOptions options, string address) => new()
    {
        Protocol = RankRequest.CurrentProtocol,
        Seed = address,
        Job = options.Job.JobId,
        Token = Convert.ToHexStringLower(options.Job.Token),
        Arguments = options.Arguments,
        Environment = EnvironmentOf(options.Size, options.Variables),
    };

    public static byte[] Encode(RankRequest request) => JsonSerializer.SerializeToUtf8Bytes(request, MessagesJson.Default.RankRequest);

    /// <summary>
    /// Settings of BOXER_ that are set here, those of <c>-x</c>, and .NET's that local ranks get; nothing else of this machine means
    /// anything there.
    /// </summary>
    public static Dictionary<string, string> EnvironmentOf(int size, IEnumerable<KeyValuePair<string, string>> extra)
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            string name = (string)variable.Key;
            if (name.StartsWith("BOXER_", StringComparison.Ordinal) && !OwnVariables.Contains(name))
                variables[name] = (string?)variable.Value ?? "";
        }

        foreach ((string name, string value) in extra)
            variables[name] = value;
        foreach ((string name, string value) in RankEnvironment.Defaults)
            variables.TryAdd(name, value);
        variables["BOXER_SIZE"] = size.ToString(CultureInfo.InvariantCulture);
        return variables;
    }
}
