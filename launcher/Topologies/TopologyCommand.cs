using System.CommandLine;

namespace BoxerMpi.Launcher.Topologies;

/// <summary><c>boxer topology</c>: which links a job should set up, by the cost model (docs/cost-model.md).</summary>
internal sealed class TopologyCommand : Command
{
    public TopologyCommand()
        : base("topology", "Shows topologies, compares them and advises, by the cost model")
    {
        Add(new ShowCommand());
        Add(new CompareCommand());
        Add(new AdviseCommand());
        Add(new ExplainCommand());
    }
}
