namespace BoxerMpi.Schedules;

/// <summary>Mesh against grid in symbols: the formulas of docs/cost-model.md, "Crossover".</summary>
internal static class GridCrossover
{
    /// <summary>m* = (α + s/(k·E)) / (β + κ·C/((r−1)(c−1))): the block below which a grid's all-to-all is faster than a mesh's.</summary>
    /// <param name="alpha">Seconds of a message.</param>
    /// <param name="beta">Seconds of a byte.</param>
    /// <param name="kappa">Seconds of a copied byte.</param>
    /// <param name="setUp">s/(k·E): seconds of set-up of a link, over the links set up at a time and the exchanges of the job.</param>
    /// <param name="rows">r.</param>
    /// <param name="columns">c.</param>
    /// <param name="copiedBlocks">C: blocks that the grid copies and the mesh does not.</param>
    public static double BlockBytes(double alpha, double beta, double kappa, double setUp, int rows, int columns, double copiedBlocks) =>
        (alpha + setUp) / (beta + kappa * copiedBlocks / ((rows - 1.0) * (columns - 1.0)));

    /// <summary>Pairwise exchange on a mesh: (P−1)α + (P−1)mβ.</summary>
    public static double MeshSeconds(double alpha, double beta, int ranks, double blockBytes) => (ranks - 1) * (alpha + blockBytes * beta);

    /// <summary>Two phases on a grid: (r+c−2)α + nβ[(1−1/c) + (1−1/r)] + κ·C·m, n = P·m.</summary>
    public static double GridSeconds(double alpha, double beta, double kappa, int rows, int columns, double blockBytes, double copiedBlocks)
    {
        double all = (double)rows * columns * blockBytes;
        return (rows + columns - 2) * alpha + all * beta * (2 - 1.0 / columns - 1.0 / rows) + kappa * copiedBlocks * blockBytes;
    }

    /// <summary>Bruck: lg P·α + (n/2)·lg P·β, copies aside.</summary>
    public static double BruckSeconds(double alpha, double beta, int ranks, double blockBytes)
    {
        double rounds = Math.Log2(ranks);
        return rounds * (alpha + ranks * blockBytes / 2 * beta);
    }
}
