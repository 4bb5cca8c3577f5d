using System.Text.Json;
using System.Text.Json.Serialization;
using BoxerMpi.Schedules;

namespace BoxerMpi.Bench.Selection;

/// <summary>What one algorithm took for one call, and all that do the same in it: a line of the results.</summary>
internal sealed record Point(
    string Collective, long Bytes, int ElementSize, int Ranks, string Topology, double RanksPerCore, string Algorithm, double Microseconds)
{
    /// <summary>What the algorithms of one call have in common.</summary>
    [JsonIgnore]
    public (string Collective, long Bytes, int ElementSize, int Ranks, string Topology, double RanksPerCore) Call =>
        (Collective, Bytes, ElementSize, Ranks, Topology, RanksPerCore);

    [JsonIgnore]
    public PlanKey Key => new(CollectiveAlgorithms.CollectiveOf(Collective)!.Value, Bytes, ElementSize);

    /// <summary>The algorithm and those that do the same in this call.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Algorithms { get; private init; } = [Algorithm];

    /// <summary>The points of a file by call, one for all algorithms that do the same.</summary>
    public static IReadOnlyList<IReadOnlyList<Point>> Load(string file) =>
    [
        .. File.ReadLines(file)
            .Select(line => JsonSerializer.Deserialize(line, PointJson.Default.Point)!)
            .GroupBy(point => point.Call)
            .Select(group => OnePerSchedule([.. group])),
    ];

    private static Point[] OnePerSchedule(Point[] call)
    {
        Topology topology = BoxerMpi.Topology.Parse(call[0].Topology, call[0].Ranks);
        return
        [
            .. Distinct.Group(topology, new CollectiveOptions(), call[0].Key)
                .Select(group => (Group: group, Point: call.FirstOrDefault(point => group.Contains(point.Algorithm))))
                .Where(pair => pair.Point is not null)
                .Select(pair => pair.Point! with { Algorithms = pair.Group }),
        ];
    }

    public string ToJson() => JsonSerializer.Serialize(this, PointJson.Default.Point);
}

[JsonSerializable(typeof(Point))]
internal sealed partial class PointJson : JsonSerializerContext;
