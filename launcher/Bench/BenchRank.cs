using System.Diagnostics;
using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Bench;

/// <summary>
/// What every rank of `boxer bench` runs. The same steps in the same order as bench/peers/mpi_bench.c; docs/benchmarks.md tells them.
/// </summary>
internal sealed class BenchRank(Communicator world, BenchOptions options)
{
    private const int MinimumIterations = 5;
    private const int MaximumIterations = 200_000;
    private const double BatchMicroseconds = 10_000;

    /// <summary>Measures everything asked for; <paramref name="report"/> gets the lines, on rank 0 only.</summary>
    public void Run(Action<BenchLine> report)
    {
        double factor = 2.0;
        foreach (BenchOperation operation in options.Operations)
        {
            foreach (long bytes in operation.HasNoData ? [0] : options.Bytes)
            {
                BenchLine? line = Measure(operation, checked((int)bytes), options.Warmup.TotalSeconds * factor);
                if (line is not null)
                    report(line);
                factor = 0.5;
            }
            factor = 1.0;
        }
    }

    private BenchLine? Measure(BenchOperation operation, int bytes, double warmupSeconds)
    {
        using BenchBuffers buffers = new(world, operation, bytes);
        operation.Fill(buffers);
        Iterate(operation, buffers, check: true);

        double perIteration = WarmUp(operation, buffers, warmupSeconds);
        Span<long> iterations =
            [(long)Math.Clamp(options.Time.TotalMicroseconds / Math.Max(perIteration, 0.01), MinimumIterations, MaximumIterations)];
        world.Broadcast(iterations, root: 0);

        double[] samples = new double[iterations[0]];
        double[] slowest = new double[iterations[0]];
        world.Barrier();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < samples.Length; i++)
            samples[i] = Iterate(operation, buffers, options.Check);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;

        if (operation.Pair)
            samples.CopyTo(slowest, 0);
        else
            world.Reduce<double>(samples, slowest, ReduceOp<double>.Max, root: 0);
        if (world.Rank != 0)
            return null;

        double scale = operation.Name == "pingpong" ? 0.5 : 1.0;
        Array.Sort(slowest);
        return new BenchLine(
            operation.Name,
            world.Size,
            bytes,
            Math.Round(slowest[0] * scale, 3),
            Math.Round(slowest[slowest.Length / 2] * scale, 3),
            Math.Round(slowest[(int)Math.Ceiling(0.99 * slowest.Length) - 1] * scale, 3),
            slowest.Length,
            world.Topology.Spec,
            operation.Plan is { } plan ? CollectiveEngine.Of(operation.On(buffers)).Planner.PlanOf(plan(buffers)).Algorithm.Name : "direct")
        {
            AllocatedPerCall = (double)allocated / samples.Length,
        };
    }

    /// <summary>
    /// Batches that rank 0 announces; a batch doubles until it lasts 10 ms, zero ends it. Returns microseconds per iteration.
    /// </summary>
    private double WarmUp(BenchOperation operation, BenchBuffers buffers, double seconds)
    {
        Span<long> batch = [1];
        long began = Stopwatch.GetTimestamp();
        double perIteration = 0;
        while (true)
        {
            world.Broadcast(batch, root: 0);
            if (batch[0] == 0)
                return perIteration;
            long start = Stopwatch.GetTimestamp();
            for (long i = 0; i < batch[0]; i++)
                Iterate(operation, buffers, check: false);
            double elapsed = MicrosecondsSince(start);
            perIteration = elapsed / batch[0];
            if (MicrosecondsSince(began) >= seconds * 1e6)
                batch[0] = 0;
            else if (elapsed < BatchMicroseconds)
                batch[0] *= 2;
        }
    }

    /// <summary>One iteration; returns this rank's time in microseconds.</summary>
    private double Iterate(BenchOperation operation, BenchBuffers buffers, bool check)
    {
        bool takesPart = !operation.Pair || world.Rank < 2;
        if (check && takesPart)
        {
            operation.Fill(buffers);
            Array.Clear(buffers.Receive);
        }
        if (!operation.Pair)
            world.Barrier();
        if (!takesPart)
            return 0;
        long start = Stopwatch.GetTimestamp();
        operation.Call(buffers);
        double time = MicrosecondsSince(start);
        if (check)
            operation.Check(buffers);
        return time;
    }

    private static double MicrosecondsSince(long timestamp) => (Stopwatch.GetTimestamp() - timestamp) * (1e6 / Stopwatch.Frequency);
}
