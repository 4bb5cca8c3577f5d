using System.Diagnostics;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Calibration;

/// <summary>What two ranks with a core each can tell: latency, overhead, bytes, and the rank's own copies and folds.</summary>
/// <remarks>
/// Half a round trip over sizes is a straight line, fitted with relative weights so that small sizes count as much as large ones. The
/// overhead of a message is the time that a small send keeps its caller (as in LogP); the latency is what is left of the line's begin. On
/// one machine the bytes cost processors, a half at each end.
/// </remarks>
internal sealed class PairMeasurement(Communicator world)
{
    private const int Iterations = 400;
    private const int LeastIterations = 20;
    private const long IterationBytes = 64L << 20;

    // Where round trips take long, fewer of them tell as much.
    private const double SizeSeconds = 3;
    private const int MemoryBytes = 1 << 20;
    private const int MemoryRepeats = 50;
    private const int SmallSteps = 20_000;

    private static readonly int[] Sizes = [8, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];

    /// <summary>Measures; the model is rank 0's, the other one has only answered.</summary>
    public LinkModel? Run()
    {
        List<(double Bytes, double Seconds)> halves = [];
        double send = 0;
        (double half, _) = PingPong(Sizes[0], LeastIterations);
        (half, _) = PingPong(Sizes[0], IterationsOf(Sizes[0], half));
        foreach (int bytes in Sizes)
        {
            (half, double sendSeconds) = PingPong(bytes, IterationsOf(bytes, half));
            halves.Add((bytes, half));
            if (bytes == Sizes[0])
                send = sendSeconds;
        }

        if (world.Rank != 0)
            return null;
        (double start, double slope) = Line(halves);
        double overhead = Math.Clamp(send, 0, Math.Max(start, 0) / 2);
        return new()
        {
            Name = "measured",
            LatencySeconds = Math.Max(0, start - 2 * overhead),
            ProcessorMessageSeconds = overhead,
            ProcessorByteSeconds = Math.Max(0, slope) / 2,
            CopyByteSeconds = CopySeconds() / MemoryBytes,
            ReduceByteSeconds = FoldSeconds(MemoryBytes, MemoryRepeats) / MemoryBytes,
            StepSeconds = FoldSeconds(sizeof(float), SmallSteps),
        };
    }

    /// <summary>y = a + b·x with the least sum of squared relative errors.</summary>
    public static (double Start, double Slope) Line(IReadOnlyList<(double X, double Y)> points)
    {
        (double w, double wx, double wxx, double wy, double wxy) = (0, 0, 0, 0, 0);
        foreach ((double x, double y) in points)
        {
            double weight = 1 / (y * y);
            w += weight;
            wx += weight * x;
            wxx += weight * x * x;
            wy += weight * y;
            wxy += weight * x * y;
        }

        double slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
        return ((wy - slope * wx) / w, slope);
    }

    /// <summary>As rank 0 finds: as many as bytes and time allow, by what half a round trip took last.</summary>
    private int IterationsOf(int bytes, double half) => world.Broadcast(
        (int)Math.Clamp(Math.Min(IterationBytes / bytes, SizeSeconds / Math.Max(2 * half, 1e-9)), LeastIterations, Iterations));

    /// <summary>Median half round trip, and median time in the send; only rank 0's mean something.</summary>
    private (double Half, double Send) PingPong(int bytes, int iterations)
    {
        byte[] buffer = new byte[bytes];
        double[] halves = new double[iterations];
        double[] sends = new double[iterations];
        int peer = 1 - world.Rank;
        for (int i = 0; i < iterations; i++)
        {
            if (world.Rank == 1)
            {
                world.Receive<byte>(buffer, peer, 0);
                world.Send<byte>(buffer, peer);
                continue;
            }

            long start = Stopwatch.GetTimestamp();
            world.Send<byte>(buffer, peer);
            sends[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            world.Receive<byte>(buffer, peer, 0);
            halves[i] = Stopwatch.GetElapsedTime(start).TotalSeconds / 2;
        }

        Array.Sort(halves);
        Array.Sort(sends);
        return (halves[iterations / 2], sends[iterations / 2]);
    }

    private static double CopySeconds()
    {
        byte[] from = new byte[MemoryBytes];
        byte[] to = new byte[MemoryBytes];
        return Median(MemoryRepeats, () => from.CopyTo(to.AsSpan()));
    }

    private static unsafe double FoldSeconds(int bytes, int repeats)
    {
        float[] accumulator = new float[bytes / sizeof(float)];
        float[] later = new float[bytes / sizeof(float)];
        fixed (float* into = accumulator, from = later)
        {
            // Small folds are shorter than the clock's step: timed together.
            int together = bytes < MemoryBytes ? 1000 : 1;
            (nint target, nint source) = ((nint)into, (nint)from);
            return Median(Math.Max(1, repeats / together), () =>
            {
                for (int i = 0; i < together; i++)
                    ReduceOp<float>.Sum.Fold((byte*)target, (byte*)source, bytes);
            }) / together;
        }
    }

    private static double Median(int repeats, Action action)
    {
        double[] times = new double[repeats];
        for (int i = 0; i < repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Array.Sort(times);
        return times[repeats / 2];
    }
}
