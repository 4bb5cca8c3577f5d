using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// In deterministic mode sums of floating-point numbers have the bits of a loop over the ranks, whatever the algorithm, the links, and
/// the order in which ranks arrive.
/// </summary>
public sealed class DeterminismTests
{
    private const int Repetitions = 3;

    private static readonly Collective[] Folding =
    [
        Collective.Reduce, Collective.AllReduce, Collective.ReduceScatterBlock, Collective.ReduceScatter, Collective.Scan,
        Collective.ExclusiveScan,
    ];

    public static TheoryData<int, string> Shapes => new()
    {
        { 2, "mesh" }, { 9, "mesh" }, { 16, "mesh" }, { 7, "grid" }, { 9, "grid" }, { 12, "grid" }, { 6, "tree" }, { 5, "ring" },
        { 7, "star" },
        { 8, "hypercube" },
    };

    [Theory, MemberData(nameof(Shapes))]
    public Task Sums_have_the_same_bits_by_every_algorithm_and_order_of_arrival(int size, string topology) =>
        ClusterTests.RunAsync(size, topology, LocalTransport.Memory, async (world, token) =>
        {
            CollectiveOptions deterministic = new() { Deterministic = true, SegmentBytes = 1000 };
            CollectiveSelector selector = new(world.Topology, deterministic);
            Random random = new(100 * size + world.Rank);
            foreach (Collective collective in Folding)
            {
                CollectiveAlgorithm[] usable = Array.FindAll(
                    CollectiveAlgorithms.Of(collective).ToArray(), algorithm => selector.Allows(
                        algorithm, new(collective, 8, 8) { Root = size - 1 }));
                Assert.NotEmpty(usable);
                IEnumerable<CollectiveOptions> ways = usable.Select(algorithm => deterministic.With(collective, algorithm.Name));
                foreach (CollectiveOptions options in ways.Append(deterministic))
                {
                    world.SetCollectiveOptions(options);
                    foreach (int length in new[] { 1, 37, 700 })
                    {
                        for (int repetition = 0; repetition < Repetitions; repetition++)
                        {
                            // Ranks come in any order.
                            Thread.SpinWait(random.Next(20_000));
                            AssertSameBits(Expected(collective, world, length), await FoldAsync(world, collective, length, token));
                        }
                    }
                }
            }
        });

    [Fact]
    public void The_values_tell_another_order_by_their_bits()
    {
        double[] forwards = Loop(0, 9, 0, 700), backwards = new double[700];
        for (int rank = 8; rank >= 0; rank--)
            ReduceOp<double>.Sum.Fold(backwards, Values(rank, 0, 700));
        Assert.InRange(forwards.Zip(backwards).Count(pair => !pair.First.Equals(pair.Second)), 350, 700);
    }

    [Fact]
    public Task An_algorithm_that_folds_in_another_order_is_refused() =>
        ClusterTests.RunAsync(4, "mesh", LocalTransport.Memory, (world, _) =>
        {
            world.SetCollectiveOptions(new CollectiveOptions { Deterministic = true }.With(Collective.AllReduce, "ring"));
            Assert.Contains("does not fold in the order of the ranks", Assert.Throws<InvalidOperationException>(
                () => world.AllReduce(1.0, ReduceOp<double>.Sum)).Message, StringComparison.Ordinal);
            return Task.CompletedTask;
        });

    private static async Task<double[]> FoldAsync(Communicator world, Collective collective, int length, CancellationToken token)
    {
        double[] own = Values(
            world.Rank, 0, collective is Collective.ReduceScatterBlock or Collective.ReduceScatter ? world.Size * length : length);
        double[] result = new double[length];
        switch (collective)
        {
            case Collective.Reduce:
                await world.ReduceAsync<double>(own, result, ReduceOp<double>.Sum, world.Size - 1, token);
                break;
            case Collective.AllReduce:
                await world.AllReduceAsync<double>(own, result, ReduceOp<double>.Sum, token);
                break;
            case Collective.ReduceScatterBlock:
                world.ReduceScatterBlock(own, result, ReduceOp<double>.Sum);
                break;
            case Collective.ReduceScatter:
                await world.ReduceScatterAsync<double>(own, result, BlockLayout.Uniform(world.Size, length), ReduceOp<double>.Sum, token);
                break;
            case Collective.Scan:
                world.Scan(own, result, ReduceOp<double>.Sum);
                break;
            default:
                await world.ExclusiveScanAsync<double>(own, result, ReduceOp<double>.Sum, token);
                break;
        }

        return result;
    }

    private static double[] Expected(Collective collective, Communicator world, int length) => collective switch
    {
        Collective.Reduce when world.Rank < world.Size - 1 => new double[length],
        Collective.ReduceScatterBlock or Collective.ReduceScatter => Loop(0, world.Size, world.Rank * length, length),
        Collective.Scan => Loop(0, world.Rank + 1, 0, length),
        Collective.ExclusiveScan when world.Rank == 0 => new double[length],
        Collective.ExclusiveScan => Loop(0, world.Rank, 0, length),
        _ => Loop(0, world.Size, 0, length),
    };

    /// <summary>The sum over ranks, one after the other.</summary>
    private static double[] Loop(int first, int end, int start, int length)
    {
        double[] sum = Values(first, start, length);
        for (int rank = first + 1; rank < end; rank++)
        {
            double[] later = Values(rank, start, length);
            for (int i = 0; i < length; i++)
                sum[i] += later[i];
        }

        return sum;
    }

    /// <summary>Large and small ones of both signs, of which nearly every sum is rounded.</summary>
    private static double[] Values(int rank, int start, int length)
    {
        double[] values = new double[length];
        for (int i = 0; i < length; i++)
            values[i] = Math.Sin((rank + 1) * 12.9898 + (start + i) * 78.233) * Math.Pow(10, (rank * 7 + start + i) % 5 - 2);
        return values;
    }

    private static void AssertSameBits(double[] expected, double[] actual) =>
        Assert.Equal(Array.ConvertAll(expected, BitConverter.DoubleToInt64Bits), Array.ConvertAll(actual, BitConverter.DoubleToInt64Bits));
}
