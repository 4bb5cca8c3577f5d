using BoxerMpi.Functions;
using BoxerMpi.Schedules;


namespace BoxerMpi.Launcher.Topologies;

/// <summary>What a shuffle of one block size takes on one topology.</summary>
/// <param name="Ranks">Number of ranks.</param>
/// <param name="BlockBytes">Bytes for each pair.</param>
/// <param name="Topology">The topology.</param>
/// <param name="Links">Links of all ranks.</param>
/// <param name="RankLinks">Links of the rank that has most.</param>
/// <param name="FitsLinkLimit">Whether a rank can hold that many.</param>
/// <param name="SetUpSeconds">Set-up of the links.</param>
/// <param name="ExchangeSeconds">One exchange in virtual time.</param>
/// <param name="ClosedSeconds">The same by the closed form; null where ranks do not all do alike.</param>
/// <param name="JobSeconds">Set-up and all exchanges.</param>
/// <param name="Dollars">What a function service charges for that.</param>
internal sealed record ComparedExchange(
    int Ranks, long BlockBytes, string Topology, long Links, int RankLinks, bool FitsLinkLimit,
    double SetUpSeconds, double ExchangeSeconds, double? ClosedSeconds, double JobSeconds, double Dollars);

/// <summary>The block below which the grid is faster, set-up included. Bytes for each pair.</summary>
/// <param name="Ranks">Number of ranks.</param>
/// <param name="Grid">Rows and columns.</param>
/// <param name="SimulatedBytes">In virtual time; null where the grid is faster whatever the size.</param>
/// <param name="ClosedBytes">By the closed form; null where there is none.</param>
internal sealed record ComparedCrossover(int Ranks, string Grid, double? SimulatedBytes, double? ClosedBytes);

/// <summary>Mesh against grid for shuffles, in virtual time and in closed form.</summary>
internal sealed class Comparison(LinkModel model, double exchanges, int memoryMebibytes, Prices prices)
{
    // Links are straight lines in the block size, so two or three secant steps land on the crossing.
    private const int MostSteps = 6;
    private const double Accuracy = 1e-4;

    private static readonly CollectiveAlgorithm Direct = CollectiveAlgorithms.Find(Collective.AllToAll, "linear")!;
    private static readonly CollectiveAlgorithm TwoPhases = CollectiveAlgorithms.Find(Collective.AllToAll, "grid")!;

    private readonly Dictionary<(int Ranks, TopologyKind Kind, long Bytes), double> _simulated = [];

    public IEnumerable<ComparedExchange> Exchanges(int ranks, long blockBytes)
    {
        foreach (Topology topology in new[] { Topology.Mesh(ranks), Topology.Grid(ranks) })
        {
            int degree = Degree(topology);
            double setUp = model.WireUpSeconds(degree);
            double exchange = Simulated(topology, blockBytes);
            double job = setUp + exchanges * exchange;
            yield return new(
                ranks, blockBytes, topology.Spec, topology.LinkCount, degree, model.MostLinks == 0 || degree <= model.MostLinks,
                setUp, exchange, IsUniform(topology) ? TermsOf(topology).Seconds(model, blockBytes) : null,
                job, prices.JobDollars(ranks, memoryMebibytes, job));
        }
    }

    public ComparedCrossover Crossover(int ranks)
    {
        (Topology mesh, Topology grid) = (Topology.Mesh(ranks), Topology.Grid(ranks));
        double? closed = IsUniform(grid)
            ? ExchangeTerms.CrossoverBytes(TermsOf(mesh), Degree(mesh), TermsOf(grid), Degree(grid), model, exchanges)
            : null;
        double simulated = SimulatedCrossover(
            mesh, grid, closed ?? model.AlphaSeconds / Math.Max(model.ByteSeconds + 2 * model.ProcessorByteSeconds, 1e-15));
        return new(ranks, $"{grid.Rows}x{grid.Columns}", Finite(simulated), closed is { } bytes ? Finite(bytes) : null);
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    /// <summary>Whether all ranks do the same in an exchange, so that one rank's schedule tells the time of all.</summary>
    private static bool IsUniform(Topology topology) =>
        topology.Kind == TopologyKind.Mesh || topology.Rows * topology.Columns == topology.Size;

    private static int Degree(Topology topology)
    {
        int most = 0;
        for (int rank = 0; rank < topology.Size; rank++)
            most = Math.Max(most, topology.Degree(rank));
        return most;
    }

    private static ExchangeTerms TermsOf(Topology topology) =>
        ExchangeTerms.Of(AlgorithmFor(topology), topology, CollectiveCall.DefaultWindow);

    private static CollectiveAlgorithm AlgorithmFor(Topology topology) => topology.Kind == TopologyKind.Mesh ? Direct : TwoPhases;

    /// <summary>Where the jobs' times cross, by secants from two sizes.</summary>
    private double SimulatedCrossover(Topology mesh, Topology grid, double guess)
    {
        (double low, double high) = (1, Math.Clamp(Math.Round(2 * guess), 1024, 1e9));
        (double atLow, double atHigh) = (Advantage(mesh, grid, low), Advantage(mesh, grid, high));
        if (atLow <= 0)
            return 0;
        double crossing = low;
        for (int step = 0; step < MostSteps && atHigh < atLow; step++)
        {
            double next = low + (high - low) * atLow / (atLow - atHigh);
            if (Math.Abs(next - crossing) <= Math.Max(1, Accuracy * next))
                return next;
            crossing = next;
            double whole = Math.Round(crossing);
            double at = Advantage(mesh, grid, whole);
            if (at > 0)
                (low, atLow) = (whole, at);
            else
                (high, atHigh) = (whole, at);
        }

        return atHigh < atLow ? crossing : double.PositiveInfinity;
    }

    /// <summary>How much sooner the grid's job is done, for each exchange.</summary>
    private double Advantage(Topology mesh, Topology grid, double blockBytes) =>
        Simulated(mesh, (long)blockBytes) - Simulated(grid, (long)blockBytes)
        + (model.WireUpSeconds(Degree(mesh)) - model.WireUpSeconds(Degree(grid))) / exchanges;

    private double Simulated(Topology topology, long blockBytes)
    {
        (int, TopologyKind, long) key = (topology.Size, topology.Kind, blockBytes);
        if (_simulated.TryGetValue(key, out double seconds))
            return seconds;
        CollectiveAlgorithm algorithm = AlgorithmFor(topology);
        CollectiveCall call =
            new() { Collective = Collective.AllToAll, Rank = 0, Size = topology.Size, Topology = topology, Bytes = blockBytes };
        seconds = Simulator.Run(topology.Size, rank => algorithm.Build(call with { Rank = rank }), model).Seconds;
        _simulated.Add(key, seconds);
        return seconds;
    }
}
