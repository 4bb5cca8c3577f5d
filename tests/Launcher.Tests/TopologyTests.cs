using System.Text.Json;
using System.Xml.Linq;
using BoxerMpi.Functions;
using BoxerMpi.Launcher.Calibration;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Launcher.Topologies;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Tests;

/// <summary><c>boxer topology</c> and <c>boxer calibrate</c>: what they tell is the model's, and what they cannot do is told.</summary>
public sealed class TopologyTests
{
    // One message at a time costs alpha; a copy costs something; nothing overlaps but what the formulas say.
    private static readonly LinkModel Copies = LinkModels.Lambda with { Name = "copies", LatencySeconds = 0, MessageSeconds = 265e-6, CopyByteSeconds = 2e-9 };

    [Theory]
    [InlineData(16, 1)]
    [InlineData(36, 4)]
    [InlineData(64, 1)]
    [InlineData(64, 1000)]
    [InlineData(128, 16)]
    public void Crossover_in_virtual_time_is_that_of_the_closed_form(int ranks, int exchanges)
    {
        foreach (LinkModel model in new[] { LinkModels.Lambda, Copies })
        {
            ComparedCrossover crossover = new Comparison(model, exchanges, 2048, Prices.Load()).Crossover(ranks);
            Assert.InRange(crossover.SimulatedBytes!.Value, crossover.ClosedBytes!.Value * 0.99, crossover.ClosedBytes.Value * 1.01);
        }
    }

    [Fact]
    public void Short_rows_have_no_closed_form_but_a_crossover()
    {
        ComparedCrossover crossover = new Comparison(LinkModels.Lambda, 1, 2048, Prices.Load()).Crossover(23);
        Assert.Null(crossover.ClosedBytes);
        Assert.InRange(crossover.SimulatedBytes!.Value, 1000, 100_000);
    }

    [Fact]
    public void Cost_is_memory_times_time_and_invocations()
    {
        Prices prices = new("2026-01-01", "somewhere", "test", GigabyteSecondDollars: 0.01, ArmGigabyteSecondDollars: 0.008, InvocationDollars: 0.5);
        Assert.Equal(4 * (2 * 3 * 0.01 + 0.5), prices.JobDollars(4, 2048, 3), 1e-12);
        Assert.True(DateOnly.TryParseExact(Prices.Load().Date, "yyyy-MM-dd", out _));
    }

    [Fact]
    public async Task Compare_prints_writes_and_draws()
    {
        using TemporaryFolder folder = new();
        string json = Path.Combine(folder.Path, "c.json");
        string plot = Path.Combine(folder.Path, "c.svg");
        BoxerResult result = (await Boxer.RunAsync(
            "topology", "compare", "--ranks", "16,64", "--bytes-per-pair", "1KiB,64K", "--exchanges", "2", "--json", json, "--plot", plot)).ExitsWith(0);
        Assert.Contains(result.Output, line => line.StartsWith("16 ranks: the 4x4 grid is faster below", StringComparison.Ordinal));

        JsonElement document = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
        JsonElement[] compared = [.. document.GetProperty("compared").EnumerateArray()];
        Assert.Equal(8, compared.Length);
        JsonElement mesh = compared.First(row => row.GetProperty("ranks").GetInt32() == 64 && row.GetProperty("topology").GetString() == "mesh");
        Assert.Equal((2016, 63), (mesh.GetProperty("links").GetInt64(), mesh.GetProperty("rankLinks").GetInt32()));
        Assert.Equal(mesh.GetProperty("closedSeconds").GetDouble(), mesh.GetProperty("exchangeSeconds").GetDouble(), 1e-9);
        Assert.Equal(2, document.GetProperty("crossovers").GetArrayLength());

        XDocument drawing = XDocument.Parse(await File.ReadAllTextAsync(plot, TestContext.Current.CancellationToken));
        Assert.Equal(4, drawing.Descendants().Count(element => element.Name.LocalName == "polyline"));
    }

    [Fact]
    public async Task Measurements_stand_beside_their_prediction()
    {
        using TemporaryFolder folder = new();
        string json = Path.Combine(folder.Path, "c.json");
        BoxerResult result = (await Boxer.RunAsync(
            "topology", "compare", "--ranks", "4,1024", "--bytes-per-pair", "1KiB,16KiB", "--measure", "--json", json)).ExitsWith(0);
        Assert.Contains(result.Output, line => line.StartsWith("measured here, beside the prediction of model local", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: not measured here: 1024 ranks with 1 KiB, 16 KiB per pair", StringComparison.Ordinal));

        JsonElement document = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(json, TestContext.Current.CancellationToken));
        JsonElement[] rows = [.. document.GetProperty("measured").EnumerateArray()];
        Assert.Equal(
            [(4, 1024L, "mesh", "linear"), (4, 16384L, "mesh", "linear"), (4, 1024L, "grid:2x2", "grid"), (4, 16384L, "grid:2x2", "grid")],
            rows.Select(row => (
                row.GetProperty("ranks").GetInt32(), row.GetProperty("blockBytes").GetInt64(),
                row.GetProperty("topology").GetString()!, row.GetProperty("algorithm").GetString()!)));
        foreach (JsonElement row in rows)
        {
            Assert.InRange(row.GetProperty("predictedSeconds").GetDouble(), 1e-6, 0.1);
            Assert.InRange(row.GetProperty("measuredSeconds").GetDouble(), 1e-6, 10);
        }
    }

    [Fact]
    public async Task Advice_is_ranked()
    {
        BoxerResult result = (await Boxer.RunAsync("topology", "advise", "--ranks", "2000", "--bytes-per-pair", "1KiB", "--exchanges", "3")).ExitsWith(0);
        Assert.Contains(result.Output, line => line.StartsWith("1. grid:", StringComparison.Ordinal));
        Assert.Contains(result.Output, line => line.Contains("needs 1999 links on a rank, which can hold 940", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Explanations_name_what_links_are_missing()
    {
        BoxerResult result = (await Boxer.RunAsync(
            "topology", "explain", "--collective", "AllToAll", "--ranks", "9", "--bytes", "1KiB", "--topology", "grid", "--model", "lambda")).ExitsWith(0);
        Assert.Contains(result.Output, line => line.Contains("linear", StringComparison.Ordinal) && line.Contains("needs 18 links that grid:3x3 lacks: 0-4", StringComparison.Ordinal));
        Assert.StartsWith("chosen: grid, least predicted time by the model 'lambda'", result.Output[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topology_is_shown()
    {
        BoxerResult result = (await Boxer.RunAsync("topology", "show", "grid:2x2", "--ranks", "4")).ExitsWith(0);
        Assert.Equal(["grid 2x2: 4 ranks, 4 links, degree 2, diameter 2", "0: 1 2", "1: 0 3", "2: 0 3", "3: 1 2"], result.Output);
    }

    [Theory]
    [InlineData("unknown command 'ask'", "topology", "ask")]
    [InlineData("--ranks '0' is not a number of ranks here", "topology", "compare", "--ranks", "16,0")]
    [InlineData("--ranks '99999999999' is not a number of ranks here", "topology", "compare", "--ranks", "99999999999")]
    [InlineData("--bytes-per-pair '0' is not a size", "topology", "compare", "--bytes-per-pair", "0")]
    [InlineData("--bytes-per-pair '99999999999GiB' is not a size", "topology", "compare", "--bytes-per-pair", "99999999999GiB")]
    [InlineData("--exchanges '0' is not a number of exchanges", "topology", "compare", "--exchanges", "0")]
    [InlineData("--plot draws over block sizes", "topology", "compare", "--ranks", "4", "--bytes-per-pair", "8,8", "--plot", "never.svg")]
    [InlineData("--ranks-per-core '0' is not a number above 0", "topology", "explain", "--collective", "Barrier", "--ranks", "4", "--ranks-per-core", "0")]
    [InlineData("--model: 'warp' is no model", "topology", "advise", "--ranks", "8", "--bytes-per-pair", "8", "--model", "warp")]
    [InlineData("--bytes-per-pair is missing", "topology", "advise", "--ranks", "8")]
    [InlineData("--collective 'AllToSome': there is no such collective", "topology", "explain", "--collective", "AllToSome", "--ranks", "4", "--bytes", "8")]
    [InlineData("--topology torus does not fit 4 ranks", "topology", "show", "torus", "--ranks", "4")]
    [InlineData("-n 2: what ranks that share cores cost needs at least 3", "calibrate", "-n", "2")]
    [InlineData("--model: 'warp' is no model", "run", "-n", "2", "--model", "warp", "true")]
    public async Task What_means_nothing_is_refused(string message, params string[] arguments)
    {
        BoxerResult result = (await Boxer.RunAsync(arguments)).ExitsWith(2);
        Assert.Contains(message, result.Error[0], StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task A_calibrated_model_is_chosen_by()
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "model.json");
        (await Boxer.RunAsync("calibrate", "-n", "3", "--out", file)).ExitsWith(0);
        LinkModel model = LinkModels.Read(file);
        Assert.InRange(model.AlphaSeconds, 1e-7, 0.1);
        Assert.InRange(model.ProcessorByteSeconds, 1e-12, 1e-6);
        Assert.InRange(model.CopyByteSeconds, 1e-12, 1e-6);
        Assert.InRange(model.LinkSetUpSeconds, 1e-7, 60);
        BoxerResult result = (await Boxer.RunAsync("topology", "explain", "--collective", "Barrier", "--ranks", "4", "--model", file)).ExitsWith(0);
        Assert.Contains("model measured", result.Output[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_is_fitted_by_relative_errors()
    {
        (double start, double slope) = PairMeasurement.Line([(0, 10), (100, 12), (1000, 30), (100000, 2010)]);
        Assert.Equal(10, start, 1e-9);
        Assert.Equal(0.02, slope, 1e-12);
    }
}
