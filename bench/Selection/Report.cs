using System.Globalization;
using BoxerMpi.Collectives;

namespace BoxerMpi.Bench.Selection;

/// <summary>For how many calls the model's choice is within a factor of the best algorithm measured.</summary>
internal static class Report
{
    private const double Factor = 1.25;
    private const int Shown = 40;

    public static void Write(IReadOnlyList<IReadOnlyList<Point>> calls, LinkModel model)
    {
        List<(Point Chosen, Point Best, double Predicted)> all = [.. calls.Select(call => Judge(call, model))];
        Console.WriteLine($"| collective | calls | within {Factor.ToString(CultureInfo.InvariantCulture)} of the best | worst | prediction / measured, median |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: |");
        foreach (IGrouping<string, (Point Chosen, Point Best, double Predicted)> group in all.GroupBy(judged => judged.Chosen.Collective))
            Console.WriteLine(Row(group.Key, [.. group]));
        Console.WriteLine(Row("**all**", all));
        Console.WriteLine();
        foreach ((Point chosen, Point best, _) in all.Where(judged => Ratio(judged) > Factor).OrderByDescending(Ratio).Take(Shown))
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{chosen.Collective} {chosen.Bytes} B, {chosen.Ranks} ranks, {chosen.Topology}: {chosen.Algorithm} {chosen.Microseconds:0} µs, " +
                $"{best.Algorithm} {best.Microseconds:0} µs ({Ratio((chosen, best, 0)):0.00})"));
        }
    }

    /// <summary>The chosen and the best point of a call, and what the model says of the chosen one in microseconds.</summary>
    public static (Point Chosen, Point Best, double Predicted) Judge(IReadOnlyList<Point> call, LinkModel model)
    {
        Point first = call[0];
        CollectiveOptions options = CollectiveOptions.Plain with { RanksPerCore = first.RanksPerCore, Model = LinkModelText.Write(model) };
        CollectiveExplanation explanation = new CollectiveSelector(Topology.Parse(first.Topology, first.Ranks), options).Explain(first.Key);
        Point chosen = call.First(point => point.Algorithm == explanation.Chosen);
        double predicted = explanation.Candidates.First(candidate => candidate.IsChosen).PredictedSeconds!.Value * 1e6;
        return (chosen, call.MinBy(point => point.Microseconds)!, predicted);
    }

    private static double Ratio((Point Chosen, Point Best, double Predicted) judged) => judged.Chosen.Microseconds / judged.Best.Microseconds;

    private static string Row(string name, List<(Point Chosen, Point Best, double Predicted)> judged)
    {
        int within = judged.Count(one => Ratio(one) <= Factor);
        double[] predictions = [.. judged.Select(one => one.Predicted / one.Chosen.Microseconds).Order()];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {judged.Count} | {within} ({100.0 * within / judged.Count:0} %) | {judged.Max(Ratio):0.00} | {predictions[predictions.Length / 2]:0.00} |");
    }
}
