using System.CommandLine;
using System.Globalization;
using BoxerMpi.Functions;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Topologies;

/// <summary><c>boxer topology advise</c>: the topologies ranked for a job that shuffles.</summary>
internal sealed class AdviseCommand : Command
{
    private readonly Option<string> _ranks = new("--ranks", "-n") { HelpName = "P", Description = "Number of ranks" };
    private readonly Option<string> _bytes =
        new("--bytes-per-pair") { HelpName = "B", Description = "What goes from each rank to each in a shuffle" };
    private readonly Option<string> _exchanges =
        new("--exchanges") { HelpName = "E", Description = "Shuffles that the job makes  [default: 1]" };
    private readonly Option<string> _model =
        new("--model") { HelpName = "MODEL", Description = "lambda, local, measured, or a file of boxer calibrate  [default: lambda]" };
    private readonly Option<string> _memory =
        new("--memory") { HelpName = "MIB", Description = "Memory of a function, for the cost  [default: 2048]" };

    public AdviseCommand()
        : base("advise", "Ranks the topologies for a job that shuffles")
    {
        foreach (Option option in (Option[])[_ranks, _bytes, _exchanges, _model, _memory])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        int ranks = TopologyValues.Ranks("--ranks", parsed.GetValue(_ranks), least: 2);
        long bytes = TopologyValues.Bytes("--bytes-per-pair", parsed.GetValue(_bytes), least: 1);
        double exchanges = TopologyValues.Exchanges(parsed.GetValue(_exchanges));
        LinkModel model = TopologyValues.Model(parsed.GetValue(_model), "lambda");
        int memory = TopologyValues.Memory(parsed.GetValue(_memory));
        Prices prices = Prices.Load();

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{exchanges} shuffle(s) of {TopologyValues.Size(bytes)} per pair among {ranks} ranks, {TopologyValues.Describe(model)}"));
        Console.WriteLine($"   {"topology",-14}{"links",9}{"a rank",8}{"set-up",11}{"shuffle",12}{"job",12}{"cost",12}  way");
        int place = 0;
        foreach (ShuffleAdvice advice in ShuffleAdvice.Rank(ranks, bytes, exchanges, model))
        {
            string shown = advice.Fits ? $"{++place}." : "—";
            string note = advice.Fits ? advice.Way : $"needs {advice.RankLinks} links on a rank, which can hold {model.MostLinks}";
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{shown,2} {advice.Topology.Spec,-14}{advice.Topology.LinkCount,9}{advice.RankLinks,8}" +
                $"{TopologyValues.Time(advice.SetUpSeconds),11}" +
                $"{TopologyValues.Time(advice.ShuffleSeconds),12}{TopologyValues.Time(advice.JobSeconds),12}" +
                $"{TopologyValues.Money(prices.JobDollars(ranks, memory, advice.JobSeconds)),12}  {note}"));
        }

        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"cost: {memory} MiB a function, prices of {prices.Date}, {prices.Region}"));
        return 0;
    }
}
