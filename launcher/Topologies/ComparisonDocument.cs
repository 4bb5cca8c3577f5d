using System.Text.Json;
using System.Text.Json.Serialization;
using BoxerMpi.Functions;

namespace BoxerMpi.Launcher.Topologies;

/// <summary>
/// A comparison as JSON; times in seconds, sizes in bytes. Null stands where there is no value, such as a crossover at no size.
/// </summary>
internal sealed record ComparisonDocument(
    string Model,
    double Exchanges,
    int MemoryMebibytes,
    Prices Prices,
    IReadOnlyList<ComparedExchange> Compared,
    IReadOnlyList<ComparedCrossover> Crossovers,
    IReadOnlyList<MeasuredExchange> Measured)
{
    public string ToJson() => JsonSerializer.Serialize(this, ComparisonJson.Default.ComparisonDocument) + "\n";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ComparisonDocument))]
internal sealed partial class ComparisonJson : JsonSerializerContext;
