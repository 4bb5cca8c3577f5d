using System.CommandLine;
using BoxerMpi.Processes;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Calibration;

/// <summary>What <c>boxer calibrate</c> starts on every rank: this same program, under a verb that the help does not list.</summary>
internal sealed class CalibrateRankCommand : Command
{
    public const string Verb = "calibrate-rank";

    private readonly Argument<string> _file = new("FILE");

    public CalibrateRankCommand()
        : base(Verb, "One rank of boxer calibrate")
    {
        Hidden = true;
        Add(_file);
        SetAction(parsed => Run(parsed.GetValue(_file)!));
    }

    /// <summary>Two ranks make the file; more add to it what only they can tell.</summary>
    private static int Run(string file) => MpiProgram.Run(world =>
    {
        if (world.Size == 2)
        {
            if (new PairMeasurement(world).Run() is { } model)
                File.WriteAllText(file, LinkModelText.Write(model));
            return;
        }

        double hop = RingMeasurement.HopSeconds(world);
        if (world.Rank != 0)
            return;
        LinkModel pair = LinkModelText.Parse(File.ReadAllText(file));
        double others = (world.Size / AvailableCores.Count) - 1;
        File.WriteAllText(
            file, LinkModelText.Write(pair with { SwitchSeconds = others > 0 ? Math.Max(0, hop - pair.AlphaSeconds) / others : 0 }));
    });
}
