using System.Globalization;
using BoxerMpi.Schedules;

namespace BoxerMpi.Bench.Selection;

/// <summary>For how many calls the model's choice is within a factor of the best algorithm measured.</summary>
internal static class Report
{
    private const double Factor = 1.25;
    private const int Shown = 40;

    public static void Write(IReadOnlyList<IReadOnlyList<Point>> calls, LinkModel model)
    {
        List<(Point Chosen, Point Best, double Predicted)> all = [.. calls.Select(call => Judge(call, model)).OfType<(Point, Point, double)>()];
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

    /// <summary>Why the model chooses what it does in a call that was measured.</summary>
    public static CollectiveExplanation Explain(IReadOnlyList<Point> call, LinkModel model)
    {
        CollectiveOptions options = new CollectiveOptions { RanksPerCore = call[0].RanksPerCore, Model = LinkModelText.Write(model) };
        return new CollectiveSelector(Topology.Parse(call[0].Topology, call[0].Ranks), options).Explain(call[0].Key);
    }

    /// <summary>
    /// The chosen and the best point of a call, and what the model says of the chosen one in microseconds; null when it was not measured, as
    /// in a run that was ended early.
    /// </summary>
    private static (Point Chosen, Point Best, double Predicted)? Judge(IReadOnlyList<Point> call, LinkModel model)
    {
        CollectiveExplanation explanation = Explain(call, model);
        if (call.FirstOrDefault(point => point.Algorithms.Contains(explanation.Chosen)) is not { } chosen)
            return null;
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
