namespace BoxerMpi.Schedules;

/// <summary>What a job that shuffles takes on one topology.</summary>
/// <param name="Topology">The topology.</param>
/// <param name="RankLinks">Links of the rank that has most.</param>
/// <param name="Fits">Whether a rank can hold that many links.</param>
/// <param name="SetUpSeconds">Set-up of the links.</param>
/// <param name="ShuffleSeconds">One all-to-all.</param>
/// <param name="JobSeconds">Set-up and all shuffles.</param>
/// <param name="Way">How blocks travel.</param>
internal sealed record ShuffleAdvice(
    Topology Topology, int RankLinks, bool Fits, double SetUpSeconds, double ShuffleSeconds, double JobSeconds, string Way)
{
    /// <summary>The topologies, the fastest job first; those that a rank cannot hold come last.</summary>
    /// <param name="ranks">P, at least 2.</param>
    /// <param name="blockBytes">Bytes for each pair.</param>
    /// <param name="exchanges">Shuffles that the job makes with its links.</param>
    /// <param name="model">The link model.</param>
    public static IReadOnlyList<ShuffleAdvice> Rank(int ranks, long blockBytes, double exchanges, LinkModel model)
    {
        Topology[] topologies =
        [
            Topology.Mesh(ranks), Topology.Grid(ranks), Topology.Hypercube(ranks), Topology.Tree(ranks), Topology.Ring(ranks), Topology.Star(ranks),
        ];
        List<ShuffleAdvice> advice = [];
        foreach (Topology topology in topologies)
            advice.Add(Of(topology, blockBytes, exchanges, model));
        return [.. advice.OrderBy(one => !one.Fits).ThenBy(one => one.JobSeconds)];
    }

    private static ShuffleAdvice Of(Topology topology, long blockBytes, double exchanges, LinkModel model)
    {
        int degree = 0;
        for (int rank = 0; rank < topology.Size; rank++)
            degree = Math.Max(degree, topology.Degree(rank));
        (double shuffle, string way) = topology.Kind switch
        {
            TopologyKind.Mesh => BestOf(topology, blockBytes, model, "linear", "bruck"),
            TopologyKind.Grid => BestOf(topology, blockBytes, model, "grid"),
            _ => Routed(topology, blockBytes, model),
        };
        double setUp = model.WireUpSeconds(degree);
        return new(topology, degree, model.MostLinks == 0 || degree <= model.MostLinks, setUp, shuffle, setUp + exchanges * shuffle, way);
    }

    private static (double Seconds, string Way) BestOf(Topology topology, long blockBytes, LinkModel model, params string[] names)
    {
        CostEstimator estimator = new(topology, model, ranksPerCore: 1);
        CollectiveCall call = new() { Collective = Collective.AllToAll, Rank = 0, Size = topology.Size, Topology = topology, Bytes = blockBytes };
        (double Seconds, string Way) best = (double.PositiveInfinity, "");
        foreach (string name in names)
        {
            double seconds = estimator.Estimate(CollectiveAlgorithms.Find(Collective.AllToAll, name)!, call).Seconds;
            if (seconds < best.Seconds)
                best = (seconds, name);
        }

        return best;
    }

    /// <summary>Store and forward, from what the busiest rank passes on: a lower bound, as nothing waits for anything else.</summary>
    private static (double Seconds, string Way) Routed(Topology topology, long blockBytes, LinkModel model)
    {
        double size = topology.Size;
        int diameter = topology.Diameter;
        // Blocks that leave the busiest rank, its own and those that it passes on, and the messages that they travel in.
        (double blocks, double messages) = topology.Kind switch
        {
            // Each block crosses half of the dimensions.
            TopologyKind.Hypercube => (size / 2 * diameter, (double)diameter * diameter),
            // The root: all that goes from below one child to below another, and its own.
            TopologyKind.Tree => (size * size * (1 - 1.0 / topology.Arity) + size, (double)diameter * topology.Arity),
            // A quarter of the way round on average, both ways together.
            TopologyKind.Ring => (size * size / 4, 2.0 * diameter),
            // Every block goes through the centre or is its own.
            _ => ((size - 1) * (size - 1), 2.0 * (size - 1)),
        };
        double seconds = diameter * model.LatencySeconds
            + messages * (model.MessageSeconds + 2 * model.ProcessorMessageSeconds)
            + blocks * blockBytes * (model.ByteSeconds + 2 * model.ProcessorByteSeconds + 2 * model.CopyByteSeconds);
        return (seconds, "routed, at least");
    }
}
