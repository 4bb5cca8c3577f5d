using System.CommandLine;
using System.Globalization;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.NatLab;

namespace BoxerMpi.Launcher.NatLab;

/// <summary><c>boxer natlab exec I -- CMD</c>: becomes a command on a host of a lab.</summary>
internal sealed class ExecCommand : ProgramCommand
{
    private readonly Option<string> _prefix = LabArguments.PrefixOption("[default: lab]");

    public ExecCommand()
        : base("exec", "Runs a command on host I (from 0)", "I -- CMD [ARGS...]", "A host's number, and a command with its arguments")
    {
        Add(_prefix);
        SetAction(Execute);
    }

    private int Execute(ParseResult parsed)
    {
        string prefix = LabArguments.CheckedPrefix(parsed.GetValue(_prefix)) ?? NatLabCommand.StandardPrefix;
        if (Program is not [string number, ..])
            throw new UsageException("the host is missing: where is the command to run?", "boxer natlab exec 0 -- hostname -I");

        LabRecord record = NatLabCommand.Find(prefix);
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int host) || (record.Hosts > 0 && host >= record.Hosts))
            throw new UsageException($"lab {prefix} has no host '{number}'", record.Hosts > 0 ? $"its hosts are 0 to {record.Hosts - 1}" : "give a number, from 0");
        return LabExecution.Become(record, LabPlan.HostName(host), Program[1..]);
    }
}

/// <summary><c>boxer natlab exec-seed -- CMD</c>: becomes a command on the coordinator's host.</summary>
internal sealed class ExecSeedCommand : ProgramCommand
{
    private readonly Option<string> _prefix = LabArguments.PrefixOption("[default: lab]");

    public ExecSeedCommand()
        : base("exec-seed", "Runs a command on the coordinator's host", "-- CMD [ARGS...]", "A command with its arguments")
    {
        Add(_prefix);
        SetAction(parsed => LabExecution.Become(
            NatLabCommand.Find(LabArguments.CheckedPrefix(parsed.GetValue(_prefix)) ?? NatLabCommand.StandardPrefix), LabPlan.Seed, Program));
    }
}
