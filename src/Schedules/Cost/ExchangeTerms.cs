namespace BoxerMpi.Schedules;

/// <summary>The closed form of an all-to-all in which all ranks do alike, counted from the schedule of one of them.</summary>
/// <param name="Rounds">Rounds with messages.</param>
/// <param name="Messages">Messages a rank sends, and receives.</param>
/// <param name="Blocks">Blocks a rank sends, those that it passes on included.</param>
/// <param name="CopiedBlocks">Blocks a rank copies within its memory.</param>
internal readonly record struct ExchangeTerms(int Rounds, int Messages, long Blocks, long CopiedBlocks)
{
    /// <summary>Counts the exchange of an algorithm on a topology.</summary>
    public static ExchangeTerms Of(CollectiveAlgorithm algorithm, Topology topology, int window)
    {
        // A block of one byte: every byte counted is a block.
        Schedule schedule = algorithm.Build(new()
        {
            Collective = Collective.AllToAll,
            Rank = 0,
            Size = topology.Size,
            Topology = topology,
            Bytes = 1,
            Window = window,
        });
        int rounds = 0;
        foreach (ref readonly Round round in schedule.Rounds)
            rounds += round.Posts > 0 ? 1 : 0;
        return new(rounds, schedule.MessagesSent, schedule.BytesSent, schedule.BytesCopied);
    }

    /// <summary>T(m) = rounds·ℓ + messages·o + blocks·m·β + copied·m·κ; a processor does both ends' work of a rank.</summary>
    public double Seconds(LinkModel model, double blockBytes) => FixedSeconds(model) + blockBytes * ByteSeconds(model);

    /// <summary>
    /// The block at which two exchanges take the same time, set-up included: below it the one with fewer messages is faster.
    /// </summary>
    /// <param name="direct">The exchange with more messages.</param>
    /// <param name="directLinks">Links of a rank in its topology.</param>
    /// <param name="grid">The exchange with more bytes.</param>
    /// <param name="gridLinks">Links of a rank in its topology.</param>
    /// <param name="model">The link model.</param>
    /// <param name="exchanges">How many exchanges the set-up of the links is spread over.</param>
    /// <returns>Bytes per pair; infinite where more bytes cost nothing.</returns>
    public static double CrossoverBytes(
        in ExchangeTerms direct, int directLinks, in ExchangeTerms grid, int gridLinks, LinkModel model, double exchanges)
    {
        double saved = direct.FixedSeconds(model) - grid.FixedSeconds(model)
            + (model.WireUpSeconds(directLinks) - model.WireUpSeconds(gridLinks)) / exchanges;
        double lost = grid.ByteSeconds(model) - direct.ByteSeconds(model);
        return lost > 0 ? Math.Max(0, saved / lost) : double.PositiveInfinity;
    }

    private double FixedSeconds(LinkModel model) =>
        Rounds * model.LatencySeconds + Messages * (model.MessageSeconds + 2 * model.ProcessorMessageSeconds);

    private double ByteSeconds(LinkModel model) =>
        Blocks * (model.ByteSeconds + 2 * model.ProcessorByteSeconds) + CopiedBlocks * model.CopyByteSeconds;
}
