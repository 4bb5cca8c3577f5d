namespace BoxerMpi.Schedules.Tests;

/// <summary>The formulas of docs/cost-model.md, their published figures, and estimates beside simulations.</summary>
public sealed class CostModelTests
{
    private const double Beta = 8 / 627e6;
    private const double Kappa = 1 / 5e9;
    private const double HalfRoundTrip = 265e-6;
    private const double PostedTogether = 20e-6;

    // Set-up of 10 ms a link, 32 at a time, spread over E exchanges.
    private const double SetUp = 10e-3 / 32;

    [Theory]
    [InlineData(HalfRoundTrip, 0, 20.5)]
    [InlineData(PostedTogether, 0, 1.5)]
    [InlineData(HalfRoundTrip, SetUp, 44)]
    [InlineData(PostedTogether, SetUp, 25.5)]
    [InlineData(PostedTogether, SetUp / 16, 3.0)]
    public void Crossover_has_the_published_sizes(double alpha, double setUp, double kilobytes)
    {
        double bytes = GridCrossover.BlockBytes(alpha, Beta, Kappa, setUp, 8, 8, copiedBlocks: 64);
        Assert.InRange(bytes / 1000, kilobytes * 0.97, kilobytes * 1.03);
    }

    [Theory]
    [InlineData(64, 1024, 17.5, 5.2, 4.1)]
    [InlineData(64, 16384, 29.9, 27.3, 42.1)]
    [InlineData(64, 65536, 69.4, 98.2, 163.8)]
    [InlineData(256, 1024, 71.0, 14.3, 15.6)]
    [InlineData(256, 16384, 121.0, 109.1, 217.9)]
    [InlineData(256, 1048576, 3479, 6483, 13810)]
    [InlineData(1024, 1024, 285.0, 42.6, 70.0)]
    [InlineData(1024, 65536, 1127, 1689, 4311)]
    public void Predictions_are_the_published_ones(int ranks, long block, double mesh, double grid, double bruck)
    {
        int side = (int)Math.Sqrt(ranks);
        const double Tolerance = 0.01;
        AssertNear(mesh, 1e3 * GridCrossover.MeshSeconds(HalfRoundTrip, Beta, ranks, block), Tolerance);
        AssertNear(grid, 1e3 * GridCrossover.GridSeconds(HalfRoundTrip, Beta, Kappa, side, side, block, copiedBlocks: ranks), Tolerance);
        // The published figure has its first and last copy, 2n, but not the packing in between.
        double copies = Kappa * ranks * block * 2;
        AssertNear(bruck, 1e3 * (GridCrossover.BruckSeconds(HalfRoundTrip, Beta, ranks, block) + copies), Tolerance);
    }

    [Fact]
    public void Mesh_and_grid_differ_by_what_the_crossover_says()
    {
        Random random = new(5);
        for (int i = 0; i < 1000; i++)
        {
            (int rows, int columns) = (random.Next(2, 40), random.Next(2, 40));
            (double alpha, double beta, double block) = (random.NextDouble() * 1e-3, random.NextDouble() * 1e-7, random.NextDouble() * 1e6);
            double difference = GridCrossover.MeshSeconds(alpha, beta, rows * columns, block)
                - GridCrossover.GridSeconds(alpha, beta, Kappa, rows, columns, block, rows * columns);
            double expected = (rows - 1.0) * (columns - 1) * (alpha - block * beta) - Kappa * rows * columns * block;
            Assert.Equal(expected, difference, 1e-9 * Math.Max(1, Math.Abs(expected)));
        }
    }

    [Theory]
    [InlineData("linear", 16)]
    [InlineData("linear", 80)]
    [InlineData("pairwise", 9)]
    [InlineData("grid", 16)]
    [InlineData("grid", 64)]
    public void Terms_counted_from_one_rank_give_the_simulated_time(string name, int size)
    {
        Topology topology = name == "grid" ? Topology.Grid(size) : Topology.Mesh(size);
        CollectiveAlgorithm algorithm = CollectiveAlgorithms.Find(Collective.AllToAll, name)!;
        ExchangeTerms terms = ExchangeTerms.Of(algorithm, topology, CollectiveCall.DefaultWindow);
        CollectiveCall call = Call(topology, Collective.AllToAll, 1000);
        double simulated = Simulator.Run(size, rank => algorithm.Build(call with { Rank = rank }), LinkModels.Lambda).Seconds;
        AssertNear(simulated, terms.Seconds(LinkModels.Lambda, 1000), 1e-9);
    }

    [Fact]
    public void The_crossover_of_the_terms_is_that_of_the_symbols()
    {
        LinkModel model = LinkModels.Lambda;
        foreach ((int rows, int columns) in new[] { (4, 4), (4, 8), (8, 8), (8, 16) })
        {
            int size = rows * columns;
            ExchangeTerms mesh = ExchangeTerms.Of(CollectiveAlgorithms.Find(Collective.AllToAll, "linear")!, Topology.Mesh(size), 32);
            ExchangeTerms grid = ExchangeTerms.Of(
                CollectiveAlgorithms.Find(Collective.AllToAll, "grid")!, Topology.Grid(size, rows, columns), 32);
            double alpha = model.MessageSeconds + model.LatencySeconds * (mesh.Rounds - grid.Rounds) / ((rows - 1.0) * (columns - 1));
            double symbols = GridCrossover.BlockBytes(
                alpha, model.ByteSeconds, model.CopyByteSeconds, model.LinkSetUpSeconds / model.LinkSetUpParallel / 3, rows, columns,
                grid.CopiedBlocks - mesh.CopiedBlocks);
            AssertNear(symbols, ExchangeTerms.CrossoverBytes(mesh, size - 1, grid, rows + columns - 2, model, exchanges: 3), 1e-9);
            Assert.Equal(2 * size - rows - 1, grid.CopiedBlocks - mesh.CopiedBlocks);
        }
    }

    [Theory]
    [InlineData("linear", 1)]
    [InlineData("pairwise", 1)]
    [InlineData("bruck", 1)]
    [InlineData("grid", 1)]
    [InlineData("linear", 8)]
    [InlineData("bruck", 8)]
    public void Large_exchanges_are_counted_from_a_few_ranks(string name, double perCore)
    {
        const int Size = 64;
        Topology topology = name == "grid" ? Topology.Grid(Size) : Topology.Mesh(Size);
        CollectiveAlgorithm algorithm = CollectiveAlgorithms.Find(Collective.AllToAll, name)!;
        foreach (LinkModel model in new[] { LinkModels.Lambda, LinkModels.Local })
        {
            CollectiveCall call = Call(topology, Collective.AllToAll, 4096);
            CostEstimate counted = new CostEstimator(topology, model, perCore).Estimate(algorithm, call);
            int cores = perCore > 1 ? (int)(Size / perCore) : 0;
            double simulated =
                Simulator.Run(Size, rank => algorithm.Build(call with { Rank = rank }), model, new() { Cores = cores }).Seconds;
            Assert.InRange(counted.Seconds / simulated, 0.75, 1.35);
        }
    }

    [Fact]
    public void Links_are_set_up_some_at_a_time()
    {
        Assert.Equal(0, LinkModels.Lambda.WireUpSeconds(0));
        Assert.Equal(0.010, LinkModels.Lambda.WireUpSeconds(1), 1e-12);
        Assert.Equal(0.020, LinkModels.Lambda.WireUpSeconds(33), 1e-12);
    }

    [Fact]
    public void A_function_can_not_hold_the_links_of_a_large_mesh()
    {
        IReadOnlyList<ShuffleAdvice> advice = ShuffleAdvice.Rank(2048, 1024, 1, LinkModels.Lambda);
        Assert.Equal(TopologyKind.Grid, advice[0].Topology.Kind);
        Assert.False(advice.Single(one => one.Topology.Kind == TopologyKind.Mesh).Fits);
        Assert.Equal(["mesh", "star"], advice.Where(one => !one.Fits).Select(one => one.Topology.Spec).Order());

        // 1,023 links and what a rank has open besides are more than 1,024 descriptors.
        Assert.False(ShuffleAdvice.Rank(1024, 1024, 1, LinkModels.Lambda).Single(one => one.Topology.Kind == TopologyKind.Mesh).Fits);
        Assert.True(ShuffleAdvice.Rank(900, 1024, 1, LinkModels.Lambda).Single(one => one.Topology.Kind == TopologyKind.Mesh).Fits);
        Assert.Equal(TopologyKind.Mesh, ShuffleAdvice.Rank(64, 1 << 20, 100, LinkModels.Lambda)[0].Topology.Kind);
    }

    [Fact]
    public void A_model_survives_its_file()
    {
        LinkModel model = LinkModels.Lambda with { Name = "mine", SwitchSeconds = 1.25e-6 };
        Assert.Equal(model, LinkModelText.Parse(LinkModelText.Write(model)));
        Assert.Equal(LinkModels.Lambda, LinkModels.Read("Lambda"));
        Assert.Equal("mine", LinkModels.Read(LinkModelText.Write(model)).Name);
    }

    [Theory]
    [InlineData("{\n \"latencySeconds\": 1e-6,\n \"speed\": 3 }", "line 3: a model has no 'speed'")]
    [InlineData("{ \"latencySeconds\": -1 }", "line 1: latencySeconds cannot be -1")]
    [InlineData("{ \"latencySeconds\": 1e999 }", "line 1: latencySeconds cannot be")]
    [InlineData("{ \"linkSetUpParallel\": 0 }", "line 1: linkSetUpParallel cannot be 0")]
    [InlineData("{ \"linkSetUpParallel\": 1.5 }", "line 1: linkSetUpParallel cannot be 1.5")]
    [InlineData("{\n\"latencySeconds\":\n \"fast\" }", "line 3: here stands a number")]
    [InlineData("{ \"name\": \"x\" ", "line 1")]
    public void What_is_wrong_in_a_model_is_told_with_its_line(string json, string message)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => LinkModels.Read(json));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_is_not_there_is_an_error() =>
        Assert.Contains("it is lambda, local, measured, or a file", Assert.Throws<ArgumentException>(
            () => LinkModels.Read("/no/such/model")).Message, StringComparison.Ordinal);

    private static CollectiveCall Call(Topology topology, Collective collective, long bytes) => new()
    {
        Collective = collective,
        Rank = 0,
        Size = topology.Size,
        Topology = topology,
        Bytes = bytes,
    };

    private static void AssertNear(double expected, double actual, double tolerance) =>
        Assert.InRange(actual, expected * (1 - tolerance), expected * (1 + tolerance));
}
