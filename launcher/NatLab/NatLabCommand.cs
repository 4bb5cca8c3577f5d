using System.CommandLine;
using BoxerMpi.NatLab;

namespace BoxerMpi.Launcher.NatLab;

/// <summary><c>boxer natlab</c>: labs that stay until they are taken down. docs/natlab.md tells what they are made of.</summary>
internal sealed class NatLabCommand : Command
{
    public const string StandardPrefix = "lab";

    public NatLabCommand()
        : base("natlab", "Makes hosts behind NATs out of network namespaces of this machine")
    {
        Add(new UpCommand());
        Add(new ExecCommand());
        Add(new ExecSeedCommand());
        Add(new StatusCommand());
        Add(new DownCommand());
    }

    /// <exception cref="LabException">There is no such lab.</exception>
    public static LabRecord Find(string prefix) => LabRecords.Find(prefix)
        ?? throw new LabException($"there is no lab {prefix}", "boxer natlab status shows which there are; boxer natlab up N makes one");
}
