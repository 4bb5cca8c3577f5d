// boxer run -n 4 examples/KMeans [POINTS] [CLUSTERS]
//
// K-means with AllReduce: every rank keeps its share of the points, assigns them to the nearest centre, and one AllReduce adds up the
// sums and counts of all ranks, so that everybody moves the centres alike. The AllReduce is planned once and started in every step.
// Rank 0 then does it all again alone and compares: exit code 0 or 1.
using BoxerMpi;

return MpiProgram.Run(world =>
{
    if (!int.TryParse(args.ElementAtOrDefault(0) ?? "100000", out int points)
        || !int.TryParse(args.ElementAtOrDefault(1) ?? "8", out int clusters)
        || clusters < 1 || points < clusters)
        return world.Quit(2, "kmeans: points and clusters must be positive numbers, with a point for each cluster");

    // Sums of x, sums of y, counts, and at the end the sum of squared distances.
    double[] sums = new double[3 * clusters + 1];
    using PersistentCollective addUp = world.PrepareAllReduce(sums, ReduceOp<double>.Sum);
    int first = (int)((long)points * world.Rank / world.Size), end = (int)((long)points * (world.Rank + 1) / world.Size);
    (double[] centres, double spread, int steps) = KMeans.Run(KMeans.Points(first, end), clusters, sums, addUp.Run);
    if (world.Rank != 0)
        return 0;

    (double[] alone, double aloneSpread, int aloneSteps) = KMeans.Run(
        KMeans.Points(0, points), clusters, new double[sums.Length], () => { });
    double off = centres.Zip(alone, (a, b) => Math.Abs(a - b)).Max();

    // Sums in another order differ in their last bits.
    bool correct = steps == aloneSteps && off < 1e-9 && Math.Abs(spread - aloneSpread) <= 1e-9 * aloneSpread;
    Console.WriteLine(
        $"k-means of {points} points in {clusters} clusters on {world.Size} ranks: {steps} steps, mean squared distance " +
        $"{spread / points:F6}, {off:E1} from one rank alone: {(correct ? "correct" : "WRONG")}");
    return correct ? 0 : 1;
});

internal static class KMeans
{
    private const int MostSteps = 100;

    public static (double X, double Y)[] Points(int first, int end) => [.. Enumerable.Range(first, end - first).Select(Point)];

    public static (double[] Centres, double Spread, int Steps) Run((double X, double Y)[] points, int clusters, double[] sums, Action addUp)
    {
        double[] centres = new double[2 * clusters];
        for (int c = 0; c < clusters; c++)
            (centres[2 * c], centres[2 * c + 1]) = Point(c);

        for (int step = 1; ; step++)
        {
            Array.Clear(sums);
            foreach ((double x, double y) in points)
            {
                (int nearest, double squared) = Nearest(x, y, centres);
                sums[nearest] += x;
                sums[clusters + nearest] += y;
                sums[2 * clusters + nearest]++;
                sums[^1] += squared;
            }

            addUp();
            double moved = 0;
            for (int c = 0; c < clusters; c++)
            {
                // A cluster that nobody is nearest to stays where it is.
                double count = sums[2 * clusters + c];
                if (count == 0)
                    continue;
                (double x, double y) = (sums[c] / count, sums[clusters + c] / count);
                moved = Math.Max(moved, Math.Abs(x - centres[2 * c]) + Math.Abs(y - centres[2 * c + 1]));
                (centres[2 * c], centres[2 * c + 1]) = (x, y);
            }

            if (moved < 1e-3 || step == MostSteps)
                return (centres, sums[^1], step);
        }
    }

    /// <summary>Point i of a cloud around 16 places, the same on every rank.</summary>
    private static (double X, double Y) Point(int i)
    {
        Random random = new(i);
        double Scatter() => (random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) / 2;
        return (i % 4 * 2 + Scatter(), i / 4 % 4 * 2 + Scatter());
    }

    private static (int Index, double Squared) Nearest(double x, double y, double[] centres)
    {
        (int Index, double Squared) nearest = (0, double.MaxValue);
        for (int c = 0; c < centres.Length / 2; c++)
        {
            (double dx, double dy) = (x - centres[2 * c], y - centres[2 * c + 1]);
            if (dx * dx + dy * dy < nearest.Squared)
                nearest = (c, dx * dx + dy * dy);
        }

        return nearest;
    }
}
