using System.CommandLine;
using System.Globalization;

namespace BoxerMpi.Launcher.NatLab.Relay;

/// <summary>The process that relays a lab's packets: this same program, under a verb that the help does not list.</summary>
/// <remarks>It says when it is ready in a line of its standard output, or why it cannot be.</remarks>
internal sealed class RelayCommand : Command
{
    public const string Verb = "natlab-relay", Ready = "ready";

    private readonly Argument<string[]> _settings = new("settings") { Arity = new ArgumentArity(5, 5) };

    public RelayCommand()
        : base(Verb, "Delays and loses the packets of a lab")
    {
        Hidden = true;
        Add(_settings);
        SetAction(parsed => Run(parsed.GetValue(_settings)!));
    }

    /// <summary>The command line that <see cref="Run"/> reads.</summary>
    /// <param name="plan">The lab.</param>
    /// <param name="hasLifeline">Whether it ends when standard input does.</param>
    public static string[] CommandLine(LabPlan plan, bool hasLifeline) =>
    [
        Verb,
        plan.Places.ToString(CultureInfo.InvariantCulture),
        plan.Options.Delay.Ticks.ToString(CultureInfo.InvariantCulture),
        plan.Options.LossPercent.ToString("R", CultureInfo.InvariantCulture),
        plan.Options.LossSeed.ToString(CultureInfo.InvariantCulture),
        hasLifeline ? "0" : "-1",
    ];

    private static int Run(string[] settings)
    {
        PacketSocket socket;
        try
        {
            socket = new PacketSocket();
        }
        catch (LabException failure)
        {
            Console.WriteLine($"{failure.Message}; {failure.Hint}");
            return 1;
        }

        using (socket)
        {
            // A round trip passes twice.
            TimeSpan oneWay = TimeSpan.FromTicks(Number<long>(settings[1]) / 2);
            PacketRelay relay = new(Number<int>(settings[0]), oneWay, Number<double>(settings[2]) / 100, Number<int>(settings[3]));
            PacketClock.SharpenTimers();
            PacketClock.Prefer();
            Console.WriteLine(Ready);
            relay.Run(socket, Number<int>(settings[4]));
        }

        return 0;
    }

    private static T Number<T>(string text)
        where T : IParsable<T> => T.Parse(text, CultureInfo.InvariantCulture);
}
