using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// Every algorithm over real links: sizes, lengths, roots, topologies; blocking and asynchronous; what comes out is a formula.
/// </summary>
public sealed partial class ClusterTests
{
    private const int Odd = 17;
    private const int Large = 1_501; // 12 KB of longs: above the eager limit of these clusters, not a multiple of anything

    private static readonly int[] Sizes = [1, 2, 3, 4, 5, 7, 8, 9, 16];
    private static readonly Collective[] Collectives =
        [.. Enum.GetValues<Collective>().Where(collective => !collective.IsAmongNeighbours())];

    private static readonly int[] Lengths = [0, 1, Odd, Large];

    public static TheoryData<string, int, string> Meshes()
    {
        TheoryData<string, int, string> data = [];
        foreach (Collective collective in Collectives)
        {
            foreach (int size in Sizes)
                data.Add(collective.ToString(), size, "mesh");
        }

        return data;
    }

    public static TheoryData<string, int, string> SparseTopologies()
    {
        TheoryData<string, int, string> data = [];
        foreach (Collective collective in Collectives)
        {
            foreach (string topology in new[] { "grid", "tree", "ring", "star", "hypercube" })
            {
                // Up to three ranks they are meshes or lines, and all roots of all 16 take long: that size is left to grids here.
                foreach (int size in topology == "grid" ? new[] { 4, 5, 7, 8, 9, 16 } : new[] { 4, 5, 7, 8, 9 })
                    data.Add(collective.ToString(), size, topology);
            }
        }

        return data;
    }

    [Theory, MemberData(nameof(Meshes)), MemberData(nameof(SparseTopologies))]
    public Task Every_algorithm_gives_every_rank_what_it_should_have(string collective, int size, string topology) =>
        RunAsync(size, topology, LocalTransport.Memory, async (world, token) =>
        {
            foreach (CollectiveAlgorithm algorithm in Usable(world, Enum.Parse<Collective>(collective)))
            {
                world.SetCollectiveOptions(
                    new CollectiveOptions { Window = 3, SegmentBytes = 4000 }.With(algorithm.Collective, algorithm.Name));
                foreach (int length in Lengths)
                {
                    foreach (int root in Roots(algorithm.Collective, size))
                    {
                        await CheckedCallAsync(world, algorithm, length, root, blocking: true, token);
                        await CheckedCallAsync(world, algorithm, length, root, blocking: false, token);
                    }
                }
            }
        });

    [Theory, InlineData(4, "mesh"), InlineData(6, "grid"), InlineData(5, "tree")]
    public Task Every_collective_works_over_sockets_with_the_algorithm_that_is_chosen(int size, string topology) =>
        RunAsync(size, topology, LocalTransport.Tcp, async (world, token) =>
        {
            foreach (Collective collective in Collectives)
            {
                foreach (int length in new[] { 1, Large, 40_000 })
                {
                    await CallAsync(world, collective, length, root: size - 1, blocking: true, token);
                    await CallAsync(world, collective, length, root: 0, blocking: false, token);
                }
            }
        });

    public static TheoryData<int, string> Sockets()
    {
        TheoryData<int, string> data = new()
        {
            { 2, "ring" }, { 4, "star" }, { 5, "tree" }, { 6, "grid" }, { 7, "ring" }, { 8, "hypercube" }, { 9, "grid" }, { 16, "grid" },
        };
        foreach (int size in Sizes)
            data.Add(size, "mesh");
        return data;
    }

    [Theory, MemberData(nameof(Sockets))]
    public Task Every_algorithm_works_over_sockets(int size, string topology) =>
        RunAsync(size, topology, LocalTransport.Tcp, async (world, token) =>
        {
            foreach (CollectiveAlgorithm algorithm in Collectives.SelectMany(collective => Usable(world, collective)))
            {
                world.SetCollectiveOptions(
                    new CollectiveOptions { Window = 3, SegmentBytes = 4000 }.With(algorithm.Collective, algorithm.Name));
                foreach (int length in new[] { 0, Odd, Large })
                {
                    await CheckedCallAsync(world, algorithm, length, root: 0, blocking: true, token);
                    await CheckedCallAsync(world, algorithm, length, root: size - 1, blocking: false, token);
                }
            }
        });

    internal static Task RunAsync(int size, string topology, LocalTransport transport, Func<Communicator, CancellationToken, Task> body) =>
        LocalCluster.RunAsync(size, body, new()
        {
            Topology = topology,
            Transport = transport,
            EagerLimitBytes = 4096,
            OffTopology = OffTopologyPolicy.Refuse,
            Timeout = TimeSpan.FromMinutes(3),
        });

    /// <summary>The algorithms whose links are there, from every one of these roots.</summary>
    internal static CollectiveAlgorithm[] Usable(Communicator world, Collective collective, params int[] roots)
    {
        CollectiveSelector selector = new(world.Topology, new());
        return Array.FindAll(
            CollectiveAlgorithms.Of(collective).ToArray(),
            algorithm => roots.DefaultIfEmpty(0).All(root => selector.Allows(algorithm, new(collective, 0, 1) { Root = root })));
    }

    private static IEnumerable<int> Roots(Collective collective, int size) => collective is Collective.Broadcast or Collective.Reduce
        or Collective.Gather or Collective.GatherV or Collective.Scatter or Collective.ScatterV ? Enumerable.Range(0, size) : [0];

    private static async Task CheckedCallAsync(
        Communicator world, CollectiveAlgorithm algorithm, int length, int root, bool blocking, CancellationToken token)
    {
        try
        {
            await CallAsync(world, algorithm.Collective, length, root, blocking, token);
        }
        catch (Xunit.Sdk.XunitException exception)
        {
            Assert.Fail($"Rank {world.Rank}, {algorithm}, length {length}, root {root}: {exception.Message}");
        }
    }
}
