using BoxerMpi.Launcher.Options;

namespace BoxerMpi.Launcher.Topologies;

/// <summary>
/// Jobs' times over block sizes: a colour for each number of ranks, the mesh drawn through, the grid dashed, crossings dotted.
/// </summary>
internal static class ComparisonPlot
{
    private const int PointsPerLine = 60;

    private static readonly string[] Colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f"];

    public static string Draw(
        string model, double exchanges, IReadOnlyList<ComparedExchange> compared, IReadOnlyList<ComparedCrossover> crossovers)
    {
        List<ChartLine> lines = [];
        List<(double X, string Colour)> marks = [];
        int colour = 0;
        foreach (IGrouping<int, ComparedExchange> ranks in compared.GroupBy(row => row.Ranks))
        {
            string drawn = Colours[colour++ % Colours.Length];
            foreach (IGrouping<string, ComparedExchange> topology in ranks.GroupBy(row => row.Topology))
            {
                bool isMesh = topology.Key == "mesh";
                lines.Add(new(
                    $"{ranks.Key} ranks, {(isMesh ? "mesh" : "grid")}", drawn, Dashed: !isMesh,
                    Points([.. topology.OrderBy(row => row.BlockBytes)])));
            }

            if (crossovers.FirstOrDefault(crossover => crossover.Ranks == ranks.Key)?.SimulatedBytes is { } bytes)
                marks.Add((bytes, drawn));
        }

        LineChart chart = new(
            $"Set-up and shuffles (E = {exchanges}) on mesh and grid, model {model}; dotted: crossover", "bytes per pair",
            "time of the job",
            TopologyValues.Size, TopologyValues.Time);
        return chart.Draw(lines, marks);
    }

    /// <summary>
    /// Time is a straight line in the size, which is a curve on these axes: between two sizes it is drawn point by point.
    /// </summary>
    private static List<(double X, double Y)> Points(IReadOnlyList<ComparedExchange> rows)
    {
        List<(double X, double Y)> points = [(rows[0].BlockBytes, rows[0].JobSeconds)];
        for (int i = 1; i < rows.Count; i++)
        {
            (ComparedExchange from, ComparedExchange to) = (rows[i - 1], rows[i]);
            for (int step = 1; step <= PointsPerLine && to.BlockBytes > from.BlockBytes; step++)
            {
                double x = from.BlockBytes * Math.Pow((double)to.BlockBytes / from.BlockBytes, (double)step / PointsPerLine);
                double part = (x - from.BlockBytes) / (to.BlockBytes - from.BlockBytes);
                points.Add((x, from.JobSeconds + part * (to.JobSeconds - from.JobSeconds)));
            }
        }

        return points;
    }
}
