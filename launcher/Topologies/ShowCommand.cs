using System.CommandLine;
using BoxerMpi.Launcher.Options;

namespace BoxerMpi.Launcher.Topologies;

/// <summary><c>boxer topology show</c>: the links of a topology.</summary>
internal sealed class ShowCommand : Command
{
    private const int MostListed = 64;

    private readonly Argument<string> _topology = new("T") { HelpName = "T", Description = "As for boxer run --topology" };
    private readonly Option<string> _ranks = new("--ranks", "-n") { HelpName = "P", Description = "Number of ranks" };

    public ShowCommand()
        : base("show", "Describes a topology: its links, and who is linked to whom")
    {
        Add(_topology);
        Add(_ranks);
        SetAction(parsed => Run(parsed.GetValue(_topology)!, OptionValues.Ranks(parsed.GetValue(_ranks), "--ranks")));
    }

    private static int Run(string spec, int ranks)
    {
        Topology topology = OptionValues.Links(spec, ranks);
        Console.WriteLine(topology.Describe());
        int width = $"{ranks - 1}".Length;
        for (int rank = 0; rank < Math.Min(ranks, MostListed); rank++)
            Console.WriteLine($"{rank.ToString().PadLeft(width)}: {string.Join(' ', topology.Neighbours(rank).ToArray())}");
        if (ranks > MostListed)
            Console.WriteLine($"… and {ranks - MostListed} more ranks");
        return 0;
    }
}
