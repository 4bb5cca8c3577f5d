using System.Globalization;
using BoxerMpi.Launcher.Options;

namespace BoxerMpi.Launcher.Topologies;

/// <summary>A comparison as text.</summary>
internal static class ComparisonTable
{
    public static string Header(double exchanges) => string.Create(
        CultureInfo.InvariantCulture,
        $"{"ranks",6}  {"per pair",10}  {"topology",-12}{"links",8}{"a rank",8}{"set-up",11}" +
        $"{"exchange",12}{"closed form",13}{$"job, E={exchanges}",12}{"cost",12}");

    public static string Row(ComparedExchange row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.Ranks,6}  {TopologyValues.Size(row.BlockBytes),10}  " +
        $"{row.Topology,-12}{row.Links,8}{row.RankLinks,8}{TopologyValues.Time(row.SetUpSeconds),11}" +
        $"{TopologyValues.Time(row.ExchangeSeconds),12}{(row.ClosedSeconds is { } closed ? TopologyValues.Time(closed) : "—"),13}" +
        $"{TopologyValues.Time(row.JobSeconds),12}{TopologyValues.Money(row.Dollars),12}" +
        $"{(row.FitsLinkLimit ? "" : "  too many links for a rank")}");

    public static string Sentence(ComparedCrossover crossover)
    {
        if (crossover.SimulatedBytes is not { } bytes)
            return $"{crossover.Ranks} ranks: the {crossover.Grid} grid is faster whatever the block.";
        if (bytes < 1)
            return $"{crossover.Ranks} ranks: the mesh is faster than the {crossover.Grid} grid whatever the block.";
        string closed = crossover.ClosedBytes is { } form
            ? $"closed form {TopologyValues.Size(form)}"
            : "no closed form: the last row is short";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{crossover.Ranks} ranks: the {crossover.Grid} grid is faster below {TopologyValues.Size(bytes)} per pair, the mesh above " +
            $"({closed}); " +
            $"that is {TopologyValues.Size(bytes * crossover.Ranks)} a rank.");
    }

    public static IEnumerable<string> Measured(IReadOnlyList<MeasuredExchange> measured)
    {
        if (measured.Count == 0)
            yield break;
        yield return "";
        yield return $"measured here, beside the prediction of model {measured[0].Model}:";
        yield return $"{"ranks",6}  {"per pair",10}  {"topology",-12}{"algorithm",-12}{"predicted",12}{"measured",12}{"ratio",8}";
        foreach (MeasuredExchange row in measured)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Ranks,6}  {TopologyValues.Size(row.BlockBytes),10}  " +
                $"{row.Topology,-12}{row.Algorithm,-12}{TopologyValues.Time(row.PredictedSeconds),12}" +
                $"{TopologyValues.Time(row.MeasuredSeconds),12}{row.MeasuredSeconds / row.PredictedSeconds,8:0.00}");
        }
    }
}
