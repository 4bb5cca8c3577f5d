using System.CommandLine;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.NatLab;

namespace BoxerMpi.Launcher.NatLab;

/// <summary><c>boxer natlab down</c>: removes labs.</summary>
internal sealed class DownCommand : Command
{
    private readonly Option<string> _prefix = LabArguments.PrefixOption("[default: lab]");
    private readonly Option<bool> _all = new("--all") { Description = "Removes all labs but those that a living process uses" };

    public DownCommand()
        : base("down", "Ends what runs in a lab and removes it")
    {
        Add(_prefix);
        Add(_all);
        SetAction(Execute);
    }

    private int Execute(ParseResult parsed)
    {
        string? prefix = LabArguments.CheckedPrefix(parsed.GetValue(_prefix));
        if (parsed.GetValue(_all))
        {
            if (prefix is not null)
                throw new UsageException("--all and --prefix exclude each other", "leave one of them out");
            foreach (LabRecord record in LabRecords.All())
            {
                if (record.State == LabState.InUse)
                {
                    Console.WriteLine($"{record.Prefix} stays: process {record.OwnerId} uses it, and removes it when it ends");
                    continue;
                }

                Lab.Remove(record);
                Console.WriteLine($"{record.Prefix} removed");
            }

            return 0;
        }

        LabRecord found = NatLabCommand.Find(prefix ?? NatLabCommand.StandardPrefix);
        if (found.State == LabState.InUse)
            throw new LabException($"lab {found.Prefix} is used by process {found.OwnerId}", "end that process: it removes the lab itself");
        Lab.Remove(found);
        return 0;
    }
}
