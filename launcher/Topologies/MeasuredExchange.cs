using System.Text.Json;
using BoxerMpi.Launcher.Bench;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Places;
using BoxerMpi.Processes;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Topologies;

/// <summary>A shuffle that was run on this machine, beside what the model of this machine says.</summary>
internal sealed record MeasuredExchange(
    int Ranks, long BlockBytes, string Topology, string Algorithm, string Model, double PredictedSeconds, double MeasuredSeconds)
{
    // What a machine holds: processes, and buffers of all ranks together.
    private const int MostRanksPerCore = 16;
    private const long MostBytes = 1L << 30;

    // Ranks compile their hot code anew in their first seconds, the slower the more of them share the cores. The first size gets twice that.
    private const double WarmupSecondsPerRank = 0.15;

    /// <summary>Runs those of the given shuffles that fit this machine, on mesh and grid.</summary>
    /// <param name="ranks">Numbers of ranks.</param>
    /// <param name="bytes">Sizes of blocks.</param>
    /// <param name="model">The model that predicts, as in <c>--model</c>; null for the one that jobs here use.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What was measured, and the exit code of the first job that failed, or 0.</returns>
    public static async Task<(IReadOnlyList<MeasuredExchange> Measured, int ExitCode)> RunAsync(
        IReadOnlyList<int> ranks, IReadOnlyList<long> bytes, string? model, CancellationToken cancellationToken)
    {
        List<MeasuredExchange> measured = [];
        int exitCode = 0;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("boxer-compare-");
        try
        {
            foreach (int size in ranks.Where(size => size > 1))
            {
                long[] fitting = size > MostRanksPerCore * Environment.ProcessorCount
                    ? []
                    : [.. bytes.Where(block => 2 * block * size * size <= MostBytes)];
                if (fitting.Length < bytes.Count)
                    Console.Error.WriteLine(TooLarge(size, bytes.Except(fitting)));
                foreach (Topology topology in fitting.Length == 0 ? [] : new[] { BoxerMpi.Topology.Mesh(size), BoxerMpi.Topology.Grid(size) })
                {
                    string file = Path.Combine(folder.FullName, $"{size}-{topology.Kind}.jsonl");
                    int code = await JobRun.ExecuteAsync(JobOf(topology, fitting, file), ProcessPlace.Local, cancellationToken);
                    if (code != 0)
                    {
                        Console.Error.WriteLine($"boxer: the shuffles on {topology.Spec} of {size} ranks were not measured: their job ended with exit code {code}.");
                        exitCode = exitCode == 0 ? code : exitCode;
                        continue;
                    }

                    foreach (string line in File.ReadLines(file))
                        measured.Add(Of(JsonSerializer.Deserialize(line, BenchJson.Default.BenchLine)!, topology, model));
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        return (measured, exitCode);
    }

    private static string TooLarge(int size, IEnumerable<long> bytes) =>
        $"boxer: not measured here: {size} ranks with {string.Join(", ", bytes.Select(block => TopologyValues.Size(block)))} per pair; " +
        $"this machine takes {MostRanksPerCore * Environment.ProcessorCount} ranks, and {TopologyValues.Size(MostBytes)} of buffers " +
        "on all of them together.";

    private static RunOptions JobOf(Topology topology, long[] bytes, string file) => BenchCommand.JobOf(
        new BenchOptions
        {
            Operations = BenchOptions.ParseOperations("alltoall"),
            Bytes = bytes,
            Time = TimeSpan.FromSeconds(0.3),
            Warmup = TimeSpan.FromSeconds(WarmupSecondsPerRank * topology.Size),
            JsonFile = file,
            Quiet = true,
        },
        NewJob.Of(topology),
        timeout: TimeSpan.FromMinutes(5)) with
    {
        // The one algorithm of each topology that is compared.
        Variables = [new("BOXER_COLLECTIVE_ALLTOALL", topology.Kind == TopologyKind.Mesh ? "linear" : "grid")],
    };

    private static MeasuredExchange Of(BenchLine line, Topology topology, string? model)
    {
        double perCore = line.Ranks / AvailableCores.Count;
        CollectiveOptions options = CollectiveOptions.Default.With(Collective.AllToAll, line.Algorithm) with { RanksPerCore = perCore };
        if (model is not null)
            options = options with { Model = model };
        CollectiveExplanation explanation = new CollectiveSelector(topology, options).Explain(new(Collective.AllToAll, line.Bytes, 1));
        double predicted = explanation.Candidates.First(candidate => candidate.IsChosen).PredictedSeconds!.Value;
        return new(line.Ranks, line.Bytes, line.Topology, line.Algorithm, explanation.Model, predicted, line.Median * 1e-6);
    }
}
