using System.Diagnostics;
using System.Globalization;
using BoxerMpi.Collectives;

namespace BoxerMpi.Bench.Selection;

/// <summary>Measures every algorithm that can serve each call, in turn, again and again, so that a busy moment hits all of them.</summary>
/// <remarks>
/// One iteration is a barrier and the call; its time goes from the first rank's start to the last rank's end, which the clock of one machine
/// can tell. Kept is the least of the repeats' medians: other programs on the machine only ever add.
/// </remarks>
internal sealed class Measurement(Communicator world, string file, string[]? only)
{
    private const int Repeats = 5;
    private const double RepeatMicroseconds = 6_000;
    private const int LeastIterations = 3;
    private const int MostIterations = 400;
    private const long MostBufferBytes = 32L << 20;

    private static readonly long[] Sizes = [8, 1 << 10, 8 << 10, 64 << 10, 512 << 10];

    private static readonly Collective[] Collectives =
    [
        Collective.Barrier, Collective.Broadcast, Collective.Reduce, Collective.AllReduce, Collective.Gather, Collective.Scatter,
        Collective.AllGather, Collective.AllToAll, Collective.ReduceScatterBlock,
    ];

    private readonly byte[] _send = new byte[MostBufferBytes];
    private readonly byte[] _receive = new byte[MostBufferBytes];

    public void Run()
    {
        CollectiveOptions plain = world.GetCollectiveOptions();
        CollectiveSelector selector = new(world.Topology, plain);
        using StreamWriter? results = world.Rank == 0 ? new StreamWriter(file, append: true) : null;
        foreach (Collective collective in Collectives)
        {
            if (only is not null && !only.Contains(collective.ToString(), StringComparer.OrdinalIgnoreCase))
                continue;
            foreach (long bytes in collective == Collective.Barrier ? [0] : Sizes)
            {
                int elementSize = collective is Collective.Reduce or Collective.AllReduce or Collective.ReduceScatterBlock ? sizeof(float) : 1;
                bool perRank = collective is not (Collective.Broadcast or Collective.Reduce or Collective.AllReduce);
                if (perRank && bytes * world.Size > MostBufferBytes / 4)
                    continue;
                PlanKey key = new(collective, bytes, elementSize);
                List<string> algorithms = [];
                foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(collective))
                {
                    if (selector.Allows(algorithm, key))
                        algorithms.Add(algorithm.Name);
                }

                double[] best = Measure(collective, algorithms, plain, bytes);
                for (int i = 0; i < algorithms.Count && results is not null; i++)
                {
                    Point point = new(
                        collective.ToString(), bytes, elementSize, world.Size, world.Topology.Spec, plain.RanksPerCore, algorithms[i], best[i]);
                    results.WriteLine(point.ToJson());
                }
            }
        }

        if (world.Rank == 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{world.Topology.Describe()}: measured"));
    }

    private double[] Measure(Collective collective, List<string> algorithms, CollectiveOptions plain, long bytes)
    {
        double[] best = new double[algorithms.Count];
        Array.Fill(best, double.PositiveInfinity);
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            for (int i = 0; i < algorithms.Count; i++)
            {
                world.SetCollectiveOptions(plain.With(collective, algorithms[i]));
                best[i] = Math.Min(best[i], Median(collective, (int)bytes));
            }
        }

        world.SetCollectiveOptions(plain);
        return best;
    }

    private double Median(Collective collective, int bytes)
    {
        Time(collective, bytes);
        (long start, long end) = Time(collective, bytes);
        double warm = world.AllReduce(Microseconds(end - start), ReduceOp<double>.Max);
        int iterations = (int)Math.Clamp(RepeatMicroseconds / Math.Max(warm, 0.1), LeastIterations, MostIterations);
        long[] starts = new long[iterations];
        long[] ends = new long[iterations];
        for (int i = 0; i < iterations; i++)
            (starts[i], ends[i]) = Time(collective, bytes);
        long[] first = new long[iterations];
        long[] last = new long[iterations];
        world.AllReduce<long>(starts, first, ReduceOp<long>.Min);
        world.AllReduce<long>(ends, last, ReduceOp<long>.Max);
        double[] times = [.. first.Zip(last, (from, to) => Microseconds(to - from)).Order()];
        return times[iterations / 2];
    }

    private static double Microseconds(long ticks) => ticks * (1e6 / Stopwatch.Frequency);

    private (long Start, long End) Time(Collective collective, int bytes)
    {
        world.Barrier();
        long start = Stopwatch.GetTimestamp();
        Call(collective, bytes);
        return (start, Stopwatch.GetTimestamp());
    }

    private void Call(Collective collective, int bytes)
    {
        int all = bytes * world.Size;
        int vector = bytes / sizeof(float);
        switch (collective)
        {
            case Collective.Barrier:
                world.Barrier();
                break;
            case Collective.Broadcast:
                world.Broadcast(_send.AsSpan(0, bytes), root: 0);
                break;
            case Collective.Reduce:
                world.Reduce(Floats(_send, vector), Floats(_receive, vector), ReduceOp<float>.Sum, root: 0);
                break;
            case Collective.AllReduce:
                world.AllReduce(Floats(_send, vector), Floats(_receive, vector), ReduceOp<float>.Sum);
                break;
            case Collective.Gather:
                world.Gather<byte>(_send.AsSpan(0, bytes), _receive.AsSpan(0, all), root: 0);
                break;
            case Collective.Scatter:
                world.Scatter<byte>(_send.AsSpan(0, all), _receive.AsSpan(0, bytes), root: 0);
                break;
            case Collective.AllGather:
                world.AllGather<byte>(_send.AsSpan(0, bytes), _receive.AsSpan(0, all));
                break;
            case Collective.AllToAll:
                world.AllToAll<byte>(_send.AsSpan(0, all), _receive.AsSpan(0, all));
                break;
            default:
                world.ReduceScatterBlock(Floats(_send, vector * world.Size), Floats(_receive, vector), ReduceOp<float>.Sum);
                break;
        }
    }

    private static Span<float> Floats(byte[] buffer, int count) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(buffer.AsSpan())[..count];
}
