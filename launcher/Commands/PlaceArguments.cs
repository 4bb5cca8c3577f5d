using System.CommandLine;
using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Launcher.NatLab.Commands;
using BoxerMpi.Launcher.Places;

namespace BoxerMpi.Launcher.Commands;

/// <summary><c>--on</c> and the options of the places: where the ranks of a job run.</summary>
internal sealed class PlaceArguments
{
    private readonly Option<string> _on = new("--on") { HelpName = "PLACE", Description = "Where the ranks run: local, or natlab (hosts behind NATs; as root)  [default: local]" };
    private readonly LabArguments _lab;

    public PlaceArguments(Command command)
    {
        command.Add(_on);
        _lab = new LabArguments(command);
    }

    /// <summary>What opens the place, once the program is built.</summary>
    public Func<IPlace> Read(ParseResult parsed, int size)
    {
        string on = parsed.GetValue(_on) ?? "local";
        if (on != "natlab" && _lab.Given(parsed) is { } given)
            throw new UsageException($"{given} is about a NAT lab, and the ranks are to run on {on}", "add --on natlab");
        switch (on)
        {
            case "local":
                return () => new LocalPlace();
            case "natlab":
                LabOptions options = _lab.Read(parsed, size);
                string? prefix = _lab.Prefix(parsed);
                return () => NatLabPlace.Open(options, prefix);
            default:
                throw new UsageException($"--on '{on}' is not a place", "it is local or natlab");
        }
    }
}
