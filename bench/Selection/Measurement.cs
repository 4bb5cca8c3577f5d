using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using BoxerMpi.Schedules;

namespace BoxerMpi.Bench.Selection;

/// <summary>Measures every algorithm that can serve each call, in turn, again and again, so that a busy moment hits all of them.</summary>
/// <remarks>
/// <para>The ranks agree on a moment in which all start, by the one clock of the machine, and a call's time is from then to the last
/// rank's end. A barrier would not do: ranks leave it one after the other, in an order that suits one algorithm and not another. Each
/// algorithm has a communicator of its own, so that going on to the next costs nothing. Kept is the mean of the faster half: other
/// programs on the machine only ever add.</para>
/// <para>A first look leaves out the algorithms that are far from the best; the time goes to those that the choice is about. Algorithms
/// that do the same are measured once.</para>
/// </remarks>
internal sealed class Measurement(Communicator world, string file, string[]? only)
{
    // For a call that is measured, all its algorithms together.
    private const double LookMicroseconds = 80_000;
    private const double CallMicroseconds = 500_000;
    private const int LookSamples = 3;
    private const int LeastSamples = 5;
    private const int MostSamples = 400;

    // What is so far off after the first look stays as it is.
    private const double FarFactor = 2;

    // Samples in a row of one algorithm, one where calls are long; the iteration before them is not counted.
    private const int Burst = 4;
    private const double LongMicroseconds = 10_000;

    // Ranks compile their hot code anew in the first seconds, the slower the more of them share a core.
    private const double WarmUpSecondsPerRank = 0.3;

    private const long MostBufferBytes = 32L << 20;

    private static readonly long[] Sizes = [8, 1 << 10, 8 << 10, 64 << 10, 512 << 10];

    private static readonly Collective[] Collectives =
    [
        Collective.Barrier, Collective.Broadcast, Collective.Reduce, Collective.AllReduce, Collective.Gather, Collective.Scatter,
        Collective.AllGather, Collective.AllToAll, Collective.ReduceScatterBlock,
    ];

    // Of the rounds in which the agreement on a start is timed: in most it is to come early enough.
    private const int Agreements = 100;
    private const double InTime = 0.8;

    private readonly byte[] _send = new byte[MostBufferBytes];
    private readonly byte[] _receive = new byte[MostBufferBytes];
    private readonly List<Communicator> _lanes = [];
    private long _agreementTicks;

    public void Run()
    {
        CollectiveOptions plain = world.GetCollectiveOptions();
        using StreamWriter? results = world.Rank == 0 ? new StreamWriter(file, append: true) : null;
        // The first touch of a page is the system's work, not the algorithm's.
        _send.AsSpan().Fill(1);
        _receive.AsSpan().Fill(1);
        WarmUp();
        foreach (Collective collective in Collectives)
        {
            if (only is not null && !only.Contains(collective.ToString(), StringComparer.OrdinalIgnoreCase))
                continue;
            foreach (long bytes in collective == Collective.Barrier ? [0] : Sizes)
            {
                bool folds = collective is Collective.Reduce or Collective.AllReduce or Collective.ReduceScatterBlock;
                int elementSize = folds ? sizeof(float) : 1;
                bool perRank = collective is not (Collective.Broadcast or Collective.Reduce or Collective.AllReduce);
                if (perRank && bytes * world.Size > MostBufferBytes / 4)
                    continue;
                PlanKey key = new(collective, bytes, elementSize);
                string[] algorithms = [.. Distinct.Group(world.Topology, plain, key).Select(group => group[0])];

                List<double>[] samples = Measure(collective, algorithms, plain, (int)bytes);
                for (int i = 0; i < algorithms.Length && results is not null; i++)
                {
                    double time = FasterHalf(samples[i]);
                    string spec = world.Topology.Spec;
                    Point point = new(collective.ToString(), bytes, elementSize, world.Size, spec, plain.RanksPerCore, algorithms[i], time);
                    results.WriteLine(point.ToJson());
                }
            }
        }

        foreach (Communicator lane in _lanes)
            lane.Dispose();
        if (world.Rank == 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{world.Topology.Describe()}: measured"));
    }

    private void WarmUp()
    {
        Stopwatch clock = Stopwatch.StartNew();
        bool isWarm = false;
        while (!isWarm)
        {
            foreach (Collective collective in Collectives)
                Time(world, collective, bytes: 64);
            isWarm = world.Broadcast(clock.Elapsed.TotalSeconds > WarmUpSecondsPerRank * world.Size, root: 0);
        }

        long[] late = new long[Agreements];
        for (int i = 0; i < Agreements; i++)
        {
            long agreed = world.AllReduce(Stopwatch.GetTimestamp(), ReduceOp<long>.Max);
            late[i] = Stopwatch.GetTimestamp() - agreed;
        }

        long[] latest = new long[Agreements];
        world.AllReduce<long>(late, latest, ReduceOp<long>.Max);
        _agreementTicks = latest.Order().ElementAt((int)(InTime * Agreements));
    }

    /// <summary>The times of each algorithm in microseconds.</summary>
    private List<double>[] Measure(Collective collective, string[] algorithms, CollectiveOptions plain, int bytes)
    {
        while (_lanes.Count < algorithms.Length)
            _lanes.Add(world.Duplicate());
        List<int> live = [.. Enumerable.Range(0, algorithms.Length)];
        List<double>[] samples = [.. live.Select(_ => new List<double>())];
        foreach (int i in live)
            _lanes[i].SetCollectiveOptions(plain.With(collective, algorithms[i]));

        // Plans are made and memory is found in the first round, which does not count; the second tells how long a burst is to be.
        Sample(collective, bytes, live, samples, burst: 1);
        double wall = Sample(collective, bytes, live, samples, burst: 1);
        int burst = wall / (2 * live.Count) > LongMicroseconds ? 1 : Burst;
        foreach (List<double> one in samples)
            one.Clear();
        SampleFor(LookMicroseconds, LookSamples);
        double least = samples.Min(FasterHalf);
        live.RemoveAll(i => FasterHalf(samples[i]) > FarFactor * least);
        SampleFor(CallMicroseconds, LeastSamples);
        return samples;

        void SampleFor(double microseconds, int atLeast)
        {
            double spent = 0;
            for (int count = 0; (spent < microseconds || count < atLeast) && count < MostSamples; count += burst)
                spent += Sample(collective, bytes, live, samples, burst);
        }
    }

    /// <summary>Goes round the algorithms, and adds to their samples what all ranks' clocks say.</summary>
    /// <returns>Microseconds that it took, at most of all ranks.</returns>
    private double Sample(Collective collective, int bytes, List<int> live, List<double>[] samples, int burst)
    {
        // The last one is for the whole.
        long[] times = new long[live.Count * burst + 1];
        long begin = Stopwatch.GetTimestamp();
        int next = 0;
        foreach (int i in live)
        {
            Time(_lanes[i], collective, bytes);
            for (int sample = 0; sample < burst; sample++)
                times[next++] = Time(_lanes[i], collective, bytes);
        }

        times[next] = Stopwatch.GetTimestamp() - begin;
        long[] longest = new long[times.Length];
        world.AllReduce<long>(times, longest, ReduceOp<long>.Max);
        for (int i = 0; i < next; i++)
            samples[live[i / burst]].Add(Microseconds(longest[i]));
        return Microseconds(longest[next]);
    }

    private static double FasterHalf(List<double> samples) => samples.Order().Take((samples.Count + 1) / 2).Average();

    private static double Microseconds(long ticks) => ticks * (1e6 / Stopwatch.Frequency);

    /// <summary>Ticks from the moment in which all ranks were to start to the end of this one.</summary>
    private long Time(Communicator lane, Collective collective, int bytes)
    {
        long start = world.AllReduce(Stopwatch.GetTimestamp(), ReduceOp<long>.Max) + _agreementTicks;
        while (Stopwatch.GetTimestamp() < start)
            Thread.Yield();
        Call(lane, collective, bytes);
        return Stopwatch.GetTimestamp() - start;
    }

    private void Call(Communicator lane, Collective collective, int bytes)
    {
        int all = bytes * lane.Size;
        int vector = bytes / sizeof(float);
        switch (collective)
        {
            case Collective.Barrier:
                lane.Barrier();
                break;
            case Collective.Broadcast:
                lane.Broadcast(_send.AsSpan(0, bytes), root: 0);
                break;
            case Collective.Reduce:
                lane.Reduce(Floats(_send, vector), Floats(_receive, vector), ReduceOp<float>.Sum, root: 0);
                break;
            case Collective.AllReduce:
                lane.AllReduce(Floats(_send, vector), Floats(_receive, vector), ReduceOp<float>.Sum);
                break;
            case Collective.Gather:
                lane.Gather<byte>(_send.AsSpan(0, bytes), _receive.AsSpan(0, all), root: 0);
                break;
            case Collective.Scatter:
                lane.Scatter<byte>(_send.AsSpan(0, all), _receive.AsSpan(0, bytes), root: 0);
                break;
            case Collective.AllGather:
                lane.AllGather<byte>(_send.AsSpan(0, bytes), _receive.AsSpan(0, all));
                break;
            case Collective.AllToAll:
                lane.AllToAll<byte>(_send.AsSpan(0, all), _receive.AsSpan(0, all));
                break;
            default:
                lane.ReduceScatterBlock(Floats(_send, vector * lane.Size), Floats(_receive, vector), ReduceOp<float>.Sum);
                break;
        }
    }

    private static Span<float> Floats(byte[] buffer, int count) => MemoryMarshal.Cast<byte, float>(buffer.AsSpan())[..count];
}
