using System.Diagnostics;

namespace BoxerMpi.Schedules.Tests;

/// <summary>Virtual time equals the closed forms of docs/cost-model.md.</summary>
public sealed class SimulatorTests
{
    private const double Latency = 100e-6;
    private const double Overhead = 20e-6;
    private const double Alpha = Latency + Overhead;
    private const double Beta = 10e-9;
    private const double Gamma = 2e-9;
    private const double Kappa = 1e-9;

    private static readonly LinkModel Model = new()
    {
        Name = "test",
        LatencySeconds = Latency,
        MessageSeconds = Overhead,
        ByteSeconds = Beta,
        ReduceByteSeconds = Gamma,
        CopyByteSeconds = Kappa,
    };

    [Theory]
    [InlineData(2, 1000, 32)]
    [InlineData(16, 0, 32)]
    [InlineData(16, 4096, 4)]
    [InlineData(40, 100, 32)]
    public void Linear_exchange_pays_a_latency_for_each_window(int size, long block, int window)
    {
        int rounds = (size - 2 + window) / window;
        Expect(
            rounds * Latency * (block > 0 ? 1 : 0) + (size - 1) * (block > 0 ? Overhead + Beta * block : 0) + Kappa * block,
            Run(Collective.AllToAll, "linear", Topology.Mesh(size), block, window));
    }

    [Theory, InlineData(5, 10), InlineData(16, 65536)]
    public void Pairwise_exchange_pays_all_of_alpha_for_each_message(int size, long block) => Expect(
        (size - 1) * (Alpha + Beta * block) + Kappa * block, Run(Collective.AllToAll, "pairwise", Topology.Mesh(size), block));

    [Theory]
    [InlineData(4, 4, 100)]
    [InlineData(2, 8, 5000)]
    [InlineData(8, 2, 5000)]
    [InlineData(8, 8, 1024)]
    public void Grid_exchange_sends_a_message_for_each_of_its_row_and_column(int rows, int columns, long block)
    {
        int size = rows * columns;
        double copies = Kappa * block * (2 * size - rows); // packed before each phase, what stays in the row or column once
        Expect(
            2 * Latency + (columns - 1) * (Overhead + Beta * rows * block) + (rows - 1) * (Overhead + Beta * columns * block) + copies,
            Run(Collective.AllToAll, "grid", Topology.Grid(size, rows, columns), block));
    }

    [Theory, InlineData(8, 100), InlineData(32, 8)]
    public void Bruck_exchange_sends_half_of_all_in_each_round(int size, long block)
    {
        int rounds = int.Log2(size);
        long copied = ScheduleOf(Collective.AllToAll, "bruck", Topology.Mesh(size), block).BytesCopied;
        Expect(
            rounds * (Alpha + Beta * block * size / 2) + Kappa * copied, Run(Collective.AllToAll, "bruck", Topology.Mesh(size), block));
    }

    [Theory, InlineData(2, 10), InlineData(16, 4096), InlineData(64, 8)]
    public void Binomial_broadcast_takes_a_message_for_each_doubling(int size, long bytes) => Expect(
        int.Log2(size) * (Alpha + Beta * bytes), Run(Collective.Broadcast, "binomial", Topology.Mesh(size), bytes));

    [Theory, InlineData(5, 10), InlineData(16, 4096)]
    public void Ring_all_gather_passes_each_block_on(int size, long block) => Expect(
        (size - 1) * (Alpha + Beta * block) + Kappa * block, Run(Collective.AllGather, "ring", Topology.Ring(size), block));

    [Theory, InlineData(4, 4000), InlineData(16, 160)]
    public void Ring_all_reduce_goes_around_twice(int size, long bytes)
    {
        double part = (double)bytes / size;
        long copied = ScheduleOf(Collective.AllReduce, "ring", Topology.Ring(size), bytes).BytesCopied;
        Expect(
            2 * (size - 1) * (Alpha + Beta * part) + (size - 1) * Gamma * part + Kappa * copied,
            Run(Collective.AllReduce, "ring", Topology.Ring(size), bytes));
    }

    [Theory, InlineData(4, 4000), InlineData(32, 8)]
    public void Recursive_doubling_folds_a_whole_vector_a_round(int size, long bytes)
    {
        long copied = ScheduleOf(Collective.AllReduce, "recursive-doubling", Topology.Mesh(size), bytes).BytesCopied;
        Expect(
            int.Log2(size) * (Alpha + (Beta + Gamma) * bytes) + Kappa * copied,
            Run(Collective.AllReduce, "recursive-doubling", Topology.Mesh(size), bytes));
    }

    [Theory, InlineData(2), InlineData(9), InlineData(33)]
    public void Dissemination_takes_alpha_for_each_doubling(int size) => Expect(
        Math.Ceiling(Math.Log2(size)) * Alpha, Run(Collective.Barrier, "dissemination", Topology.Mesh(size), 0));

    [Fact]
    public void Many_senders_queue_at_one_receiver() => Expect(
        Latency + 15 * (Overhead + Beta * 1000), Run(Collective.Gather, "linear", Topology.Mesh(16), 1000) - Kappa * 1000);

    [Fact]
    public void Shared_cores_take_turns()
    {
        LinkModel model = new() { Name = "cores", ProcessorMessageSeconds = 1e-6, SwitchSeconds = 0.5e-6 };
        CollectiveAlgorithm linear = CollectiveAlgorithms.Find(Collective.AllToAll, "linear")!;
        double own = Simulate(linear, Topology.Mesh(8), 1, 32, model, cores: 0);
        double two = Simulate(linear, Topology.Mesh(8), 1, 32, model, cores: 2);
        Assert.Equal(14e-6, own, 1e-12); // 7 sends and 7 receives, each rank by itself
        Assert.InRange(two, 8 * 14e-6 / 2, 8 * 14e-6 / 2 + 8 * 14 * 0.5e-6);
        Assert.Equal(two, Simulate(linear, Topology.Mesh(8), 1, 32, model, cores: 2));
    }

    // The root sends twice; a core that is free takes the bytes meanwhile, one that the root keeps busy takes them afterwards.
    [Theory, InlineData(0, 2), InlineData(2, 2), InlineData(1, 4)]
    public void An_idle_core_takes_bytes_while_they_are_sent(int cores, double times)
    {
        LinkModel model = new() { Name = "bytes", ProcessorByteSeconds = 1e-9 };
        CollectiveAlgorithm flat = CollectiveAlgorithms.Find(Collective.Broadcast, "flat")!;
        Assert.Equal(times * 1e-6, Simulate(flat, Topology.Mesh(3), 1000, 32, model, cores), 1e-12);
    }

    [Fact]
    public void A_deadlock_names_the_ranks_that_wait()
    {
        CollectiveCall call = Call(Collective.Barrier, Topology.Mesh(2), 0, 32);
        Schedule[] schedules =
            [new ScheduleBuilder(call).Await(from: 1).Build(), new ScheduleBuilder(call with { Rank = 1 }).Await(from: 0).Build()];
        ScheduleException error = Assert.Throws<ScheduleException>(() => Simulator.Run(2, rank => schedules[rank], Model));
        Assert.Equal("Deadlock: rank 0 in round 0, rank 1 in round 0.", error.Message);
    }

    [Fact]
    public void A_message_without_a_receive_is_noticed()
    {
        CollectiveCall call = Call(Collective.Barrier, Topology.Mesh(2), 0, 32);
        Schedule[] schedules = [new ScheduleBuilder(call).Notify(to: 1).Build(), new ScheduleBuilder(call with { Rank = 1 }).Build()];
        ScheduleException error = Assert.Throws<ScheduleException>(() => Simulator.Run(2, rank => schedules[rank], Model));
        Assert.Equal("Rank 1 never receives a message from rank 0.", error.Message);
    }

    [Fact]
    public void Thousands_of_ranks_are_simulated_in_seconds()
    {
        const int Side = 64;
        Stopwatch clock = Stopwatch.StartNew();
        double messages = 2 * (Side - 1) * (Overhead + Beta * Side * 100);
        double copies = Kappa * 100 * (2 * Side * Side - Side);
        Expect(2 * Latency + messages + copies, Run(Collective.AllToAll, "grid", Topology.Grid(Side * Side), 100));
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 60);
        Assert.InRange(Process.GetCurrentProcess().PeakWorkingSet64, 0, 4L << 30); // of all tests until now, so an upper bound
    }

    internal static double Run(Collective collective, string algorithm, Topology topology, long bytes, int window = 32) =>
        Simulate(CollectiveAlgorithms.Find(collective, algorithm)!, topology, bytes, window, Model, cores: 0);

    private static double Simulate(CollectiveAlgorithm algorithm, Topology topology, long bytes, int window, LinkModel model, int cores)
    {
        CollectiveCall call = Call(algorithm.Collective, topology, bytes, window);
        return Simulator.Run(topology.Size, rank => algorithm.Build(call with { Rank = rank }), model, new() { Cores = cores }).Seconds;
    }

    private static Schedule ScheduleOf(Collective collective, string algorithm, Topology topology, long bytes) =>
        CollectiveAlgorithms.Find(collective, algorithm)!.Build(Call(collective, topology, bytes, 32));

    private static CollectiveCall Call(Collective collective, Topology topology, long bytes, int window) => new()
    {
        Collective = collective,
        Rank = 0,
        Size = topology.Size,
        Topology = topology,
        Bytes = bytes,
        Window = window,
    };

    private static void Expect(double expected, double simulated) => Assert.Equal(expected, simulated, 1e-9 + expected * 1e-9);
}
