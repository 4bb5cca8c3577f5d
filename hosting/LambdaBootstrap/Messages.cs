using System.Text.Json;
using System.Text.Json.Serialization;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>What a launcher asks of a function: to start a rank of a job, if one is needed.</summary>
internal sealed record RankRequest
{
    /// <summary>The version of this message. Both ends must agree, as a function may have been deployed by another boxer.</summary>
    public const int CurrentProtocol = 2;

    // Settable, as the generated reader overwrites the defaults of members that are init-only with null.
    public int Protocol { get; set; }

    /// <summary>HOST:PORT of the coordinator, as the function reaches it.</summary>
    public string Seed { get; set; } = "";

    public string Job { get; set; } = "";

    /// <summary>The job's token in hex.</summary>
    public string Token { get; set; } = "";

    /// <summary>Which of the launcher's starts this is; the coordinator says which rank it becomes.</summary>
    public int Starter { get; set; }

    /// <summary>Only find out whether the coordinator is reached.</summary>
    public bool Probe { get; set; }

    public IReadOnlyList<string> Arguments { get; set; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();
}

/// <summary>What became of a request.</summary>
/// <param name="Protocol">As in the request.</param>
/// <param name="Outcome">ran, rejected (the job needs no more ranks), or probed (the coordinator was reached).</param>
internal sealed record RankResult(int Protocol, string Outcome)
{
    public const string Ran = "ran", Rejected = "rejected", Probed = "probed";

    /// <summary>Why it was rejected.</summary>
    public string? Reason { get; set; }

    /// <summary>The rank that the program was; -1 when none ran, or it took the next that was free.</summary>
    public int Rank { get; set; } = -1;

    /// <summary>128 + the signal when one killed it.</summary>
    public int ExitCode { get; set; }

    /// <summary>It was ended because the function's time was nearly over.</summary>
    public bool OutOfTime { get; set; }

    /// <summary>From the program's start to its end.</summary>
    public double Seconds { get; set; }

    /// <summary>Most memory that it held, as far as was sampled.</summary>
    public long MaxResidentBytes { get; set; }

    /// <summary>The end of what it wrote, both streams in the order they came.</summary>
    public string Output { get; set; } = "";
}

/// <summary>What the deployment says of the program beside it.</summary>
/// <param name="Protocol">Version of <see cref="RankRequest"/>.</param>
/// <param name="Program">Path of the executable from the deployment's root.</param>
internal sealed record Manifest(int Protocol, string Program);

/// <summary>The form in which Lambda takes errors.</summary>
internal sealed record ErrorReport(string ErrorType, string ErrorMessage);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RankRequest))]
[JsonSerializable(typeof(RankResult))]
[JsonSerializable(typeof(Manifest))]
[JsonSerializable(typeof(ErrorReport))]
internal sealed partial class MessagesJson : JsonSerializerContext;
