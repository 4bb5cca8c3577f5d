using System.CommandLine;
using BoxerMpi.Launcher.Options;
using BoxerMpi.NatLab.Relay;

namespace BoxerMpi.Launcher.NatLab;

/// <summary>The process that relays a lab's packets: this same program, under a verb that the help does not list.</summary>
internal sealed class RelayCommand : Command
{
    private readonly Argument<string[]> _settings =
        new("settings") { Arity = new ArgumentArity(LabRelay.SettingsCount, LabRelay.SettingsCount) };

    public RelayCommand()
        : base(ThisProgram.RelayVerb, "Delays and loses the packets of a lab")
    {
        Hidden = true;
        Add(_settings);
        SetAction(parsed => LabRelay.Run(parsed.GetValue(_settings)!));
    }
}
