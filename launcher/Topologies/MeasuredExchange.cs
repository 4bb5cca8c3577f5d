using System.Text.Json;
using BoxerMpi.Collectives;
using BoxerMpi.Launcher.Bench;
using BoxerMpi.Launcher.Commands;

namespace BoxerMpi.Launcher.Topologies;

/// <summary>A shuffle that was run on this machine, beside what the model of this machine says.</summary>
internal sealed record MeasuredExchange(
    int Ranks, long BlockBytes, string Topology, string Algorithm, string Model, double PredictedSeconds, double MeasuredSeconds)
{
    // What a machine holds: processes, and buffers of all ranks together.
    private const int MostRanksPerCore = 16;
    private const long MostBytes = 1L << 30;

    /// <summary>Runs those of the given shuffles that fit this machine, on mesh and grid.</summary>
    public static async Task<IReadOnlyList<MeasuredExchange>> RunAsync(IReadOnlyList<int> ranks, IReadOnlyList<long> bytes)
    {
        List<MeasuredExchange> measured = [];
        string file = Path.Combine(Path.GetTempPath(), $"boxer-compare-{Environment.ProcessId}.jsonl");
        try
        {
            foreach (int size in ranks.Where(size => size > 1 && size <= MostRanksPerCore * Environment.ProcessorCount))
            {
                long[] fitting = [.. bytes.Where(block => 2 * block * size * size <= MostBytes)];
                foreach (Topology topology in fitting.Length == 0 ? [] : new[] { BoxerMpi.Topology.Mesh(size), BoxerMpi.Topology.Grid(size) })
                {
                    await LocalRun.ExecuteAsync(JobOf(topology, fitting, file));
                    measured.AddRange(File.ReadLines(file).Select(line => Of(JsonSerializer.Deserialize(line, BenchJson.Default.BenchLine)!, topology)));
                }
            }
        }
        finally
        {
            File.Delete(file);
        }

        return measured;
    }

    private static RunOptions JobOf(Topology topology, long[] bytes, string file) => BenchCommand.JobOf(
        new BenchOptions
        {
            Operations = BenchOptions.ParseOperations("alltoall"),
            Bytes = bytes,
            Time = TimeSpan.FromSeconds(0.3),
            Warmup = TimeSpan.FromSeconds(0.2),
            JsonFile = file,
            Quiet = true,
        },
        JobRules.Own(topology),
        timeout: TimeSpan.FromMinutes(5)) with
    {
        // The one algorithm of each topology that is compared.
        Variables = [new("BOXER_COLLECTIVE_ALLTOALL", topology.Kind == TopologyKind.Mesh ? "linear" : "grid")],
    };

    private static MeasuredExchange Of(BenchLine line, Topology topology)
    {
        double perCore = (double)line.Ranks / Environment.ProcessorCount;
        CollectiveOptions options = new() { AllToAll = line.Algorithm, RanksPerCore = perCore };
        CollectiveExplanation explanation = new CollectiveSelector(topology, options).Explain(new(Collective.AllToAll, line.Bytes, 1));
        double predicted = explanation.Candidates.First(candidate => candidate.IsChosen).PredictedSeconds!.Value;
        return new(line.Ranks, line.Bytes, line.Topology, line.Algorithm, explanation.Model, predicted, line.Median * 1e-6);
    }
}
