using System.Text.Json;
using System.Text.Json.Serialization;

namespace BoxerMpi.Launcher.Bench;

/// <summary>One measurement, as it stands in the JSON file: a line each. Times are microseconds.</summary>
internal sealed record BenchLine(
    [property: JsonPropertyName("op")] string Operation,
    [property: JsonPropertyName("ranks")] int Ranks,
    [property: JsonPropertyName("bytes")] long Bytes,
    [property: JsonPropertyName("us_min")] double Minimum,
    [property: JsonPropertyName("us_median")] double Median,
    [property: JsonPropertyName("us_p99")] double Percentile99,
    [property: JsonPropertyName("iters")] long Iterations,
    [property: JsonPropertyName("topology")] string Topology,
    [property: JsonPropertyName("algorithm")] string Algorithm)
{
    /// <summary>Managed bytes rank 0 allocated per timed call; shown in the table, not part of the file.</summary>
    [JsonIgnore]
    public double AllocatedPerCall { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, BenchJson.Default.BenchLine);
}

[JsonSerializable(typeof(BenchLine))]
internal sealed partial class BenchJson : JsonSerializerContext;
