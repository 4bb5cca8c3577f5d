using System.CommandLine;
using System.Globalization;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Topologies;

/// <summary><c>boxer topology explain</c>: which algorithm a collective would use, what the others would take, and why.</summary>
internal sealed class ExplainCommand : Command
{
    private readonly Option<string> _collective =
        new("--collective") { HelpName = "C", Description = string.Join(", ", Enum.GetNames<Collective>()) };
    private readonly Option<string> _ranks = new("--ranks", "-n") { HelpName = "P", Description = "Number of ranks" };
    private readonly Option<string> _bytes = new("--bytes")
    {
        HelpName = "B",
        Description = "Vector of broadcasts and reductions, block of the others, such as 8 or 64KiB",
    };

    private readonly Option<string> _topology = new("--topology") { HelpName = "T", Description = "As for boxer run" };
    private readonly Option<string> _model =
        new("--model") { HelpName = "MODEL", Description = "local, lambda, measured, or a file  [default: BOXER_MODEL, else local]" };
    private readonly Option<string> _perCore =
        new("--ranks-per-core") { HelpName = "R", Description = "Ranks that share a core  [default: BOXER_RANKS_PER_CORE, else 1]" };
    private readonly Option<string> _root = new("--root") { HelpName = "RANK", Description = "Root of calls that have one  [default: 0]" };
    private readonly Option<string> _rules =
        new("--rules") { HelpName = "FILE", Description = "Rules that win over the model  [default: BOXER_COLLECTIVE_RULES]" };
    private readonly Option<bool> _ordered = new("--ordered") { Description = "The operation of a reduction does not commute" };

    public ExplainCommand()
        : base("explain", "Shows which algorithm a collective uses, and why")
    {
        foreach (Option option in (Option[])[_collective, _ranks, _bytes, _topology, _model, _perCore, _root, _rules, _ordered])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string name = parsed.GetValue(_collective)
            ?? throw new UsageException(
                "--collective is missing: which operation?", $"there are {string.Join(", ", Enum.GetNames<Collective>())}");
        Collective collective = CollectiveAlgorithms.CollectiveOf(name)
            ?? throw new UsageException(
                $"--collective '{name}': there is no such collective", $"there are {string.Join(", ", Enum.GetNames<Collective>())}");
        int ranks = TopologyValues.Ranks("--ranks", parsed.GetValue(_ranks));
        long bytes = collective == Collective.Barrier ? 0 : TopologyValues.Bytes("--bytes", parsed.GetValue(_bytes), least: 0);
        Topology topology = OptionValues.Links(parsed.GetValue(_topology), ranks);
        PlanKey call = new(collective, bytes, 1) { Root = RootOf(parsed.GetValue(_root), ranks), Commutative = !parsed.GetValue(_ordered) };
        try
        {
            Console.WriteLine(new CollectiveSelector(topology, OptionsOf(parsed)).Explain(call));
            return 0;
        }
        catch (InvalidOperationException wrong)
        {
            throw new UsageException(wrong.Message.TrimEnd('.'), "change the BOXER_COLLECTIVE_ variables or the topology");
        }
    }

    private CollectiveOptions OptionsOf(ParseResult parsed)
    {
        try
        {
            CollectiveOptions options = CollectiveOptions.Default;
            if (parsed.GetValue(_model) is { } model)
                options = options with { Model = model };
            if (parsed.GetValue(_rules) is { } rules)
                options = WithRules(options, rules);
            if (parsed.GetValue(_perCore) is { } perCore)
                options = options with { RanksPerCore = PerCoreOf(perCore) };
            return options;
        }
        catch (Exception wrong) when (wrong is ArgumentException or InvalidOperationException)
        {
            throw new UsageException(wrong.Message.TrimEnd('.'), "boxer topology explain --help lists the options");
        }
    }

    private static CollectiveOptions WithRules(CollectiveOptions options, string file)
    {
        try
        {
            return options with { RulesFile = file };
        }
        catch (ArgumentException wrong)
        {
            throw new UsageException($"--rules {file}: {wrong.Message.TrimEnd('.')}", "docs/collectives.md, \"Rules\", has an example");
        }
    }

    private static double PerCoreOf(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double perCore) && perCore > 0
            ? perCore
            : throw new UsageException(
                $"--ranks-per-core '{text}' is not a number above 0", "give how many ranks share a core, such as 8 or 0.5");

    private static int RootOf(string? text, int ranks)
    {
        if (text is null)
            return 0;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int root) && root < ranks
            ? root
            : throw new UsageException($"--root '{text}' is not one of the {ranks} ranks", $"give a rank from 0 to {ranks - 1}");
    }
}
