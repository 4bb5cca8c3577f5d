using System.CommandLine;
using System.Globalization;
using BoxerMpi.Functions;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Topologies;

/// <summary><c>boxer topology compare</c>: shuffles on a mesh and on a grid, predicted, and with <c>--measure</c> run here.</summary>
internal sealed class CompareCommand : Command
{
    private const string StandardRanks = "16,64,256,1024";
    private const string StandardBytes = "1KiB,64KiB,1MiB";

    private readonly Option<string> _ranks =
        new("--ranks", "-n") { HelpName = "LIST", Description = $"Numbers of ranks  [default: {StandardRanks}]" };
    private readonly Option<string> _bytes =
        new("--bytes-per-pair") { HelpName = "LIST", Description = $"What goes from each rank to each  [default: {StandardBytes}]" };
    private readonly Option<string> _exchanges =
        new("--exchanges") { HelpName = "E", Description = "Shuffles that the job makes with its links  [default: 1]" };
    private readonly Option<string> _model =
        new("--model") { HelpName = "MODEL", Description = "lambda, local, measured, or a file of boxer calibrate  [default: lambda]" };
    private readonly Option<string> _memory =
        new("--memory") { HelpName = "MIB", Description = "Memory of a function, for the cost  [default: 2048]" };
    private readonly Option<string> _plot = new("--plot") { HelpName = "FILE.svg", Description = "Draws the jobs' times over block sizes" };
    private readonly Option<string> _json = new("--json") { HelpName = "FILE", Description = "Writes everything as JSON" };
    private readonly Option<bool> _measure =
        new("--measure") { Description = "Also runs the shuffles that this machine holds, beside their prediction" };

    public CompareCommand()
        : base("compare", "Compares mesh and grid for shuffles: links, set-up, time, cost, crossover")
    {
        foreach (Option option in (Option[])[_ranks, _bytes, _exchanges, _model, _memory, _plot, _json, _measure])
            Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        IReadOnlyList<int> ranks = TopologyValues.RankList("--ranks", parsed.GetValue(_ranks), StandardRanks);
        IReadOnlyList<long> bytes = TopologyValues.ByteList("--bytes-per-pair", parsed.GetValue(_bytes), StandardBytes);
        double exchanges = TopologyValues.Exchanges(parsed.GetValue(_exchanges));
        LinkModel model = TopologyValues.Model(parsed.GetValue(_model), "lambda");
        if (parsed.GetValue(_plot) is not null && bytes.Distinct().Count() < 2)
            throw new UsageException(
                "--plot draws over block sizes: one is no line", $"give some more, as in --bytes-per-pair {StandardBytes}");
        string? plotFile = OptionValues.WritableFile("--plot", parsed.GetValue(_plot));
        string? jsonFile = OptionValues.WritableFile("--json", parsed.GetValue(_json));
        int memory = TopologyValues.Memory(parsed.GetValue(_memory));
        Prices prices = Prices.Load();
        Comparison comparison = new(model, exchanges, memory, prices);
        List<ComparedExchange> compared = [];
        List<ComparedCrossover> crossovers = [];

        Console.WriteLine(TopologyValues.Describe(model));
        Console.WriteLine(ComparisonTable.Header(exchanges));
        foreach (int size in ranks)
        {
            foreach (long block in bytes)
            {
                foreach (ComparedExchange exchange in comparison.Exchanges(size, block))
                {
                    compared.Add(exchange);
                    Console.WriteLine(ComparisonTable.Row(exchange));
                }
            }
        }

        Console.WriteLine();
        foreach (int size in ranks.Where(size => size > 1))
        {
            ComparedCrossover crossover = comparison.Crossover(size);
            crossovers.Add(crossover);
            Console.WriteLine(ComparisonTable.Sentence(crossover));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"cost: {memory} MiB a function, prices of {prices.Date}, {prices.Region}; set-up and {exchanges} exchange(s)"));
        (IReadOnlyList<MeasuredExchange> measured, int exitCode) = parsed.GetValue(_measure)
            ? await MeasuredExchange.RunAsync(ranks, bytes, parsed.GetValue(_model), cancellationToken)
            : ([], 0);
        foreach (string line in ComparisonTable.Measured(measured))
            Console.WriteLine(line);

        if (plotFile is not null)
            await File.WriteAllTextAsync(plotFile, ComparisonPlot.Draw(model.Name, exchanges, compared, crossovers), cancellationToken);
        if (jsonFile is not null)
            await File.WriteAllTextAsync(
                jsonFile,
                new ComparisonDocument(model.Name, exchanges, memory, prices, compared, crossovers, measured).ToJson(),
                cancellationToken);
        return exitCode;
    }
}
