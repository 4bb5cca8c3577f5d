using System.Globalization;

namespace BoxerMpi.NatLab.Relay;

/// <summary>What the process does that relays a lab's packets.</summary>
/// <remarks>It says when it is ready in a line of its standard output, or why it cannot be.</remarks>
internal static class LabRelay
{
    public const string Ready = "ready";

    /// <summary>How many settings there are.</summary>
    public const int SettingsCount = 5;

    /// <summary>What <see cref="Run"/> reads.</summary>
    /// <param name="plan">The lab.</param>
    /// <param name="hasLifeline">Whether it ends when standard input does.</param>
    public static string[] Settings(LabPlan plan, bool hasLifeline) =>
    [
        plan.Places.ToString(CultureInfo.InvariantCulture),
        plan.Options.Delay.Ticks.ToString(CultureInfo.InvariantCulture),
        plan.Options.LossPercent.ToString("R", CultureInfo.InvariantCulture),
        plan.Options.LossSeed.ToString(CultureInfo.InvariantCulture),
        hasLifeline ? "0" : "-1",
    ];

    /// <summary>Relays until it is told to end.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(string[] settings)
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
