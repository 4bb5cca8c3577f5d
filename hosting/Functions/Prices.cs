using System.Text.Json;
using System.Text.Json.Serialization;

namespace BoxerMpi.Functions;

/// <summary>
/// What a function service charges. The figures and their date are in prices.json, so that they can be replaced without code.
/// </summary>
internal sealed record Prices(
    [property: JsonPropertyName("date")] string Date,
    [property: JsonPropertyName("region")] string Region,
    [property: JsonPropertyName("source")] string Source,
    [property: JsonPropertyName("gigabyteSecondDollars")] double GigabyteSecondDollars,
    [property: JsonPropertyName("armGigabyteSecondDollars")] double ArmGigabyteSecondDollars,
    [property: JsonPropertyName("invocationDollars")] double InvocationDollars)
{
    /// <summary>A gigabyte of memory, as functions are billed, in the mebibytes in which it is set.</summary>
    public const double MebibytesPerGigabyte = 1024;

    /// <summary>The prices that came with this version.</summary>
    public static Prices Load()
    {
        using Stream stream = typeof(Prices).Assembly.GetManifestResourceStream("prices.json")!;
        return JsonSerializer.Deserialize(stream, PricesJson.Default.Prices)!;
    }

    /// <summary>A job of so many functions of so much memory, for so long.</summary>
    public double JobDollars(int ranks, int memoryMebibytes, double seconds) =>
        ranks * (memoryMebibytes / MebibytesPerGigabyte * seconds * GigabyteSecondDollars + InvocationDollars);
}

[JsonSerializable(typeof(Prices))]
internal sealed partial class PricesJson : JsonSerializerContext;
