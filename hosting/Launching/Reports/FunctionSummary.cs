using System.Globalization;
using System.Text.Json.Serialization;

namespace BoxerMpi.Launching.Reports;

/// <summary>What the functions of a job did and cost, for <c>--report</c> and the last line.</summary>
internal sealed record FunctionSummary
{
    /// <summary>Name of the function.</summary>
    public required string Name { get; init; }

    /// <summary>Lambda's region, or <c>local</c>.</summary>
    public required string Region { get; init; }

    public required int MemoryMegabytes { get; init; }

    public required string Architecture { get; init; }

    /// <summary>Ranks that were functions.</summary>
    public required int Ranks { get; init; }

    /// <summary>Functions that were asked for beyond those.</summary>
    public required int Spares { get; init; }

    /// <summary>Functions that came and were not needed.</summary>
    public required int TurnedAway { get; init; }

    /// <summary>Functions whose connection broke.</summary>
    public required int Lost { get; init; }

    /// <summary>Requests that Lambda turned away for now.</summary>
    public required int Throttled { get; init; }

    /// <summary>From the first invocation until the last function that was needed had come; absent when not all did.</summary>
    public double? StartSeconds { get; init; }

    /// <summary>Invocations that Lambda took.</summary>
    public required int Requests { get; init; }

    /// <summary>Memory set times the time billed, summed, as far as the functions told it.</summary>
    public required double GigabyteSeconds { get; init; }

    /// <summary>By the prices of <see cref="PricesOf"/>, without the free tier.</summary>
    public required double Dollars { get; init; }

    /// <summary>Date of the prices.</summary>
    public required string PricesOf { get; init; }

    /// <summary>For people.</summary>
    [JsonIgnore]
    public string Line
    {
        get
        {
            string others = (TurnedAway > 0 ? $", {TurnedAway} not needed" : "") + (Lost > 0 ? $", {Lost} lost" : "") + (Throttled > 0 ? $", {Throttled} throttled" : "");
            string asIf = Region == "local" ? " on Lambda" : "";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{Ranks} {(Ranks == 1 ? "function" : "functions")} of {MemoryMegabytes} MB: {Requests} requests{others}; " +
                $"{GigabyteSeconds:0.###} GB-s, about {Money.Of(Dollars)}{asIf} (prices of {PricesOf})");
        }
    }
}
