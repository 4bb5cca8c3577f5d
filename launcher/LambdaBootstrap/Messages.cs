using System.Text.Json;
using System.Text.Json.Serialization;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>What a launcher asks of a function: to be a rank of a job.</summary>
internal sealed record RankRequest
{
    /// <summary>The version of this message. Both ends must agree, as a function may have been deployed by another boxer.</summary>
    public const int CurrentProtocol = 1;

    // Settable, as the generated reader overwrites the defaults of members that are init-only with null.
    public int Protocol { get; set; }

    /// <summary>HOST:PORT of the coordinator, as the function reaches it.</summary>
    public string Seed { get; set; } = "";

    public string Job { get; set; } = "";

    /// <summary>The job's token in hex.</summary>
    public string Token { get; set; } = "";

    /// <summary>The rank to ask for; null for the next free one.</summary>
    public int? Rank { get; set; }

    public IReadOnlyList<string> Arguments { get; set; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();
}

/// <summary>How the rank's program ended.</summary>
/// <param name="Protocol">As in the request.</param>
/// <param name="ExitCode">128 + the signal when one killed it.</param>
/// <param name="OutOfTime">It was ended because the function's time was nearly over.</param>
/// <param name="Seconds">From its start to its end.</param>
/// <param name="MaxResidentBytes">Most memory that it held, as far as was sampled.</param>
/// <param name="Output">The end of what it wrote, both streams in the order they came.</param>
internal sealed record RankResult(int Protocol, int ExitCode, bool OutOfTime, double Seconds, long MaxResidentBytes, string Output);

/// <summary>What the deployment says of the program beside it.</summary>
/// <param name="Protocol">Version of <see cref="RankRequest"/>.</param>
/// <param name="Program">Path of the executable from the deployment's root.</param>
internal sealed record Manifest(int Protocol, string Program);

/// <summary>The form in which Lambda takes errors.</summary>
internal sealed record ErrorReport(string ErrorType, string ErrorMessage);

/// <summary>A rank could not be run; the launcher gets the error as the function's.</summary>
internal sealed class RankFailedException(string type, string message) : Exception(message)
{
    public ErrorReport Error { get; } = new(type, message);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RankRequest))]
[JsonSerializable(typeof(RankResult))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(ErrorReport))]
internal sealed partial class MessagesJson : JsonSerializerContext;
