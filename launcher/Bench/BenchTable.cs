using System.Globalization;

namespace BoxerMpi.Launcher.Bench;

/// <summary>Measurements as lines for a terminal.</summary>
internal static class BenchTable
{
    public static string Header(Communicator world) =>
        $"{world.Size} ranks, {world.Topology.Spec}; times in µs, of the slowest rank for collectives, half a round trip for pingpong\n" +
        $"{"operation",-20} {"bytes",9} {"min",11} {"median",11} {"p99",11} {"MB/s",9} {"iterations",10} {"B alloc'd",9}  algorithm";

    public static string Row(BenchLine line) => string.Create(
        CultureInfo.InvariantCulture,
        $"{line.Operation,-20} {line.Bytes,9} {line.Minimum,11:F2} {line.Median,11:F2} {line.Percentile99,11:F2} " +
        $"{MegabytesPerSecond(line),9} " +
        $"{line.Iterations,10} {line.AllocatedPerCall,9:F0}  {line.Algorithm}");

    // What one message or window carries; a collective's "bytes" has no single rate.
    private static string MegabytesPerSecond(BenchLine line) => line.Operation switch
    {
        "pingpong" => (line.Bytes / line.Median).ToString("F1", CultureInfo.InvariantCulture),
        "stream" or "mrate" => (line.Bytes * BenchOperations.Window / line.Median).ToString("F1", CultureInfo.InvariantCulture),
        _ => "",
    };
}
