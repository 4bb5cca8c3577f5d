using System.CommandLine;
using BoxerMpi.Launcher.NatLab.Relay;
using BoxerMpi.Launcher.Programs;

namespace BoxerMpi.Launcher.NatLab.Commands;

/// <summary>The process that relays a lab's packets: this same program, under a verb that the help does not list.</summary>
internal sealed class RelayCommand : Command
{
    private const string Verb = "natlab-relay";

    private readonly Argument<string[]> _settings =
        new("settings") { Arity = new ArgumentArity(LabRelay.SettingsCount, LabRelay.SettingsCount) };

    public RelayCommand()
        : base(Verb, "Delays and loses the packets of a lab")
    {
        Hidden = true;
        Add(_settings);
        SetAction(parsed => LabRelay.Run(parsed.GetValue(_settings)!));
    }

    /// <summary>How a lab starts it.</summary>
    public static string[] Program
    {
        get
        {
            RankCommand self = ProgramLocator.Locate(ThisProgram.Path, nativeAot: false, "Release", verbose: false);
            return [self.File, .. self.Arguments, Verb];
        }
    }
}
