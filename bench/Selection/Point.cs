using System.Text.Json;
using System.Text.Json.Serialization;
using BoxerMpi.Collectives;

namespace BoxerMpi.Bench.Selection;

/// <summary>What one algorithm took for one call: a line of the results.</summary>
internal sealed record Point(
    string Collective, long Bytes, int ElementSize, int Ranks, string Topology, double RanksPerCore, string Algorithm, double Microseconds)
{
    /// <summary>What the algorithms of one call have in common.</summary>
    [JsonIgnore]
    public (string Collective, long Bytes, int ElementSize, int Ranks, string Topology, double RanksPerCore) Call =>
        (Collective, Bytes, ElementSize, Ranks, Topology, RanksPerCore);

    [JsonIgnore]
    public PlanKey Key => new(CollectiveAlgorithms.CollectiveOf(Collective)!.Value, Bytes, ElementSize);

    public static IReadOnlyList<IReadOnlyList<Point>> Load(string file) =>
    [
        .. File.ReadLines(file)
            .Select(line => JsonSerializer.Deserialize(line, PointJson.Default.Point)!)
            .GroupBy(point => point.Call)
            .Select(group => group.ToArray()),
    ];

    public string ToJson() => JsonSerializer.Serialize(this, PointJson.Default.Point);
}

[JsonSerializable(typeof(Point))]
internal sealed partial class PointJson : JsonSerializerContext;
