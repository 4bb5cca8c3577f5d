using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.NatLab;

/// <summary><c>boxer natlab up</c>: makes a lab.</summary>
internal sealed class UpCommand : Command
{
    private readonly Argument<string> _hosts = new("N") { Description = "Number of hosts", Arity = ArgumentArity.ZeroOrOne };
    private readonly LabArguments _arguments;

    public UpCommand()
        : base("up", "Makes a lab of N hosts, with a host for a coordinator")
    {
        Add(_hosts);
        _arguments = new LabArguments(this);
        SetAction(Execute);
    }

    private int Execute(ParseResult parsed)
    {
        string? text = parsed.GetValue(_hosts);
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int hosts) || hosts < 1)
        {
            throw new UsageException(
                text is null ? "N is missing: how many hosts?" : $"'{text}' is not a number of hosts",
                $"give 1 to {LabOptions.MostHosts}, as in boxer natlab up 4");
        }

        LabOptions options = _arguments.Read(parsed, hosts);
        string prefix = _arguments.Prefix(parsed) ?? NatLabCommand.StandardPrefix;
        Stopwatch clock = Stopwatch.StartNew();
        using Interruption interruption = new();
        using Lab lab = interruption.Guard(token => Lab.Create(options, prefix, pin: true, token), static made => made.Abandon());
        string which = prefix == NatLabCommand.StandardPrefix ? "" : $" --prefix {prefix}";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"lab {prefix}: {options} ({clock.Elapsed.TotalSeconds:0.00} s)"));
        Console.WriteLine($"seed {Lab.SeedAddress} and {Lab.SecondSeedAddress}, hosts 0 to {hosts - 1}; namespaces {prefix}-seed, {prefix}-host0, … (ip netns)");
        Console.WriteLine($"boxer natlab exec{which} 0 -- CMD runs a command on a host, boxer natlab down{which} removes the lab");
        return 0;
    }
}
