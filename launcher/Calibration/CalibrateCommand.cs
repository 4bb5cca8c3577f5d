using System.CommandLine;
using System.Text.Json;
using BoxerMpi.Collectives;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Hosts;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Calibration;

/// <summary>
/// <c>boxer calibrate</c>: measures the link model of this machine, or of a lab on it, by two jobs. docs/cost-model.md tells how.
/// </summary>
internal sealed class CalibrateCommand : Command
{
    private const int PairSize = 2;
    private const int MostStandardRanks = 16;

    private readonly Option<string> _size = new("-n", "--ranks")
    {
        HelpName = "P",
        Description = "Ranks of the second job, at least 3  [default: four for each core, at most 16]",
    };

    private readonly Option<string> _out =
        new("--out") { HelpName = "FILE", Description = "Where the model goes  [default: the file that --model measured reads]" };

    private readonly PlaceArguments _place;

    public CalibrateCommand()
        : base("calibrate", "Measures the cost model of this machine, or of hosts behind NATs, and keeps it as JSON")
    {
        Add(_size);
        Add(_out);
        _place = new PlaceArguments(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        int size = parsed.GetValue(_size) is { } text
            ? OptionValues.Ranks(text)
            : Math.Clamp(4 * Environment.ProcessorCount, 3, MostStandardRanks);
        if (size < 3)
            throw new UsageException(
                $"-n {size}: what ranks that share cores cost needs at least 3 of them", "leave it away, or give -n 8");
        string file = OutputFile(parsed.GetValue(_out));
        string work = Directory.CreateTempSubdirectory("boxer-calibrate-").FullName;
        try
        {
            string partial = Path.Combine(work, "model.json");
            string report = Path.Combine(work, "report.json");
            int code = 0;
            foreach (int ranks in new[] { PairSize, size })
            {
                if (code == 0)
                    code = await JobRun.ExecuteAsync(JobOf(ranks, partial, report), _place.Read(parsed, ranks), cancellationToken);
            }

            if (code != 0)
                return code;

            LinkModel model = WithSetUp(LinkModelText.Parse(await File.ReadAllTextAsync(partial, cancellationToken)), size, report);
            await File.WriteAllTextAsync(file, LinkModelText.Write(model), cancellationToken);
            Console.WriteLine(TopologyValues.Describe(model));
            Console.WriteLine(
                $"written to {file}; boxer run --model {(file == LinkModels.MeasuredFile ? "measured" : file)} chooses algorithms by it");
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static string OutputFile(string? asked)
    {
        if (asked is null)
            Directory.CreateDirectory(Path.GetDirectoryName(LinkModels.MeasuredFile)!);
        return OptionValues.WritableFile("--out", asked ?? LinkModels.MeasuredFile)!;
    }

    private static RunOptions JobOf(int size, string partial, string report) => new()
    {
        Job = NewJob.Of(Topology.Mesh(size)),
        Program = ThisProgram.Path,
        Arguments = [CalibrateRankCommand.Verb, partial],
        Timeout = TimeSpan.FromMinutes(2),
        Grace = TimeSpan.FromSeconds(2),
        Input = StandardInput.None,
        Tag = false,
        ReportFile = report,
    };

    /// <summary>
    /// One link's set-up, from the wire-up of a whole mesh: the other way round of <see cref="LinkModel.WireUpSeconds"/>.
    /// </summary>
    private static LinkModel WithSetUp(LinkModel model, int size, string report)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(report));
        double wireUp = document.RootElement.GetProperty("wireUpSeconds").GetDouble();
        LinkModel parallel = model with { LinkSetUpParallel = LinkModels.Local.LinkSetUpParallel, LinkSetUpSeconds = 1 };
        return parallel with { LinkSetUpSeconds = wireUp / parallel.WireUpSeconds(size - 1) };
    }
}
