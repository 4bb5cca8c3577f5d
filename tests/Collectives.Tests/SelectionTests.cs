using System.Collections;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives.Tests;

public sealed class SelectionTests
{
    [Fact]
    public void The_environment_chooses_algorithms_and_switches()
    {
        CollectiveOptions options = CollectiveEnvironment.Parse(new Hashtable
        {
            ["BOXER_COLLECTIVE_ALLTOALL"] = "Grid",
            ["BOXER_COLLECTIVE_ALL_REDUCE"] = "ring",
            ["BOXER_COLLECTIVE_EXCLUSIVE_SCAN"] = "linear",
            ["BOXER_COLLECTIVE_CHECK"] = "1",
            ["BOXER_COLLECTIVE_WINDOW"] = "4",
            ["BOXER_RANKS_PER_CORE"] = "2.5",
            ["BOXER_OTHER"] = "x",
            ["BOXER_COLLECTIVE_BARRIER"] = "",
        });
        Assert.Equal(
            ("grid", "ring"), (options.AlgorithmOf(Collective.AllToAll), options.AlgorithmOf(Collective.AllReduce)));
        Assert.Equal((true, 4, 2.5), (options.Check, options.Window, options.RanksPerCore));
        Assert.Equal("linear", options.AlgorithmOf(Collective.ExclusiveScan));
        Assert.Null(options.AlgorithmOf(Collective.Barrier));
    }

    [Fact]
    public void Options_are_equal_when_they_ask_for_the_same()
    {
        CollectiveOptions options = new CollectiveOptions { Window = 3 }.With(Collective.Scan, "linear");
        Assert.Equal(options, new CollectiveOptions { Window = 3 }.With(Collective.Scan, "LINEAR"));
        Assert.Equal(options.GetHashCode(), new CollectiveOptions { Window = 3 }.With(Collective.Scan, "linear").GetHashCode());
        Assert.NotEqual(options, options.With(Collective.Scan, "grid"));
        Assert.Equal(new CollectiveOptions { Window = 3 }, options.With(Collective.Scan, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => options.With((Collective)99, "linear"));
        Assert.Throws<ArgumentOutOfRangeException>(() => options.AlgorithmOf((Collective)(-1)));
    }

    [Theory]
    [InlineData("BOXER_COLLECTIVE_ALLTOALL", "fast", "AllToAll has no algorithm 'fast'; it has linear, pairwise, bruck, bruck-4, bruck-8, hypercube, grid, grid-3, routed")]
    [InlineData("BOXER_COLLECTIVE_NEIGHBOURALLTOALL", "ring", "NeighbourAllToAll has no algorithm 'ring'; it has linear")]
    [InlineData("BOXER_COLLECTIVE_ALLTOSOME", "grid", "there is no such setting")]
    [InlineData("BOXER_COLLECTIVE_CHECK", "maybe", "it takes 1, true, on or yes, or 0, false, off or no.")]
    [InlineData("BOXER_COLLECTIVE_WINDOW", "0", "more than zero")]
    [InlineData("BOXER_RANKS_PER_CORE", "many", "not a number")]
    public void What_the_environment_says_wrongly_is_an_error(string name, string value, string message)
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(
            () => CollectiveEnvironment.Parse(new Hashtable { [name] = value }));
        Assert.StartsWith($"{name}={value}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_algorithm_is_an_error_where_it_is_set() =>
        Assert.Throws<ArgumentException>(() => new CollectiveOptions().With(Collective.Barrier, "fence"));

    [Theory]
    [InlineData("mesh", 16, 1, "AllToAll", 64L, "bruck")]
    [InlineData("mesh", 16, 1, "AllToAll", 65536L, "linear")]
    [InlineData("grid", 16, 1, "AllToAll", 64L, "hypercube")] // a 4x4 grid holds the hypercube
    [InlineData("grid", 16, 1, "AllToAll", 4096L, "grid")]
    [InlineData("ring", 16, 1, "AllToAll", 64L, "routed")]
    [InlineData("mesh", 16, 8, "Barrier", 0L, "tree")]
    [InlineData("mesh", 16, 1, "Barrier", 0L, "dissemination")]
    [InlineData("grid", 16, 1, "AllReduce", 8L, "recursive-doubling")] // a 4x4 grid holds the hypercube
    [InlineData("grid", 9, 1, "AllReduce", 8L, "tree")]
    [InlineData("hypercube", 16, 1, "AllReduce", 1048576L, "halving-doubling")]
    [InlineData("ring", 7, 1, "AllReduce", 1048576L, "ring")]
    [InlineData("tree", 7, 1, "AllGather", 8L, "tree")]
    [InlineData("grid", 12, 1, "AllGather", 8L, "grid")]
    [InlineData("grid", 9, 1, "Barrier", 0L, "grid")]
    [InlineData("grid", 9, 1, "Broadcast", 8L, "grid")]
    [InlineData("grid", 16, 1, "AllReduce", 1048576L, "halving-doubling")]
    [InlineData("grid", 9, 1, "AllReduce", 1048576L, "grid")]
    [InlineData("mesh", 9, 1, "Scan", 8L, "recursive-doubling")]
    [InlineData("hypercube", 8, 1, "Scan", 8L, "recursive-doubling")]
    [InlineData("star", 8, 1, "ExclusiveScan", 8L, "ordered-tree")]
    public void Size_ranks_cores_and_links_decide(
        string topology, int size, double ranksPerCore, string collective, long bytes, string expected)
    {
        CollectiveSelector selector = new(Topology.Parse(topology, size), new() { RanksPerCore = ranksPerCore });
        Assert.Equal(expected, selector.Select(new(Enum.Parse<Collective>(collective), bytes, 1)).Name);
    }

    [Fact]
    public void Plans_are_kept_and_bounded()
    {
        PlanCache cache = new();
        Plan plan = new(CollectiveAlgorithms.Of(Collective.Barrier)[0], Schedule: null, Counts: null);
        for (int i = 0; i < 1000; i++)
            cache.Add(new(Collective.Broadcast, i, 1), plan);
        Assert.True(cache.Count <= 256);
        Assert.True(cache.TryGet(new(Collective.Broadcast, 999, 1), out _));
        Assert.False(cache.TryGet(new(Collective.Broadcast, 0, 1), out _));
        Assert.False(cache.TryGet(new(Collective.Broadcast, 999, 1) { Root = 1 }, out _));
    }

    [Fact]
    public void Every_call_on_every_topology_finds_an_algorithm()
    {
        foreach (string topology in new[] { "mesh", "grid", "tree", "ring", "star", "hypercube" })
        {
            foreach (int size in new[] { 1, 2, 5, 8, 12, 40 })
            {
                foreach (double ranksPerCore in new[] { 1, 8.0 })
                {
                    CollectiveSelector selector = new(Topology.Parse(topology, size), new() { RanksPerCore = ranksPerCore });
                    foreach (Collective collective in Enum.GetValues<Collective>())
                    {
                        foreach (long bytes in new[] { 0L, 8, 1024, 65536, 1 << 20 })
                        {
                            foreach (bool commutative in new[] { true, false })
                            {
                                PlanKey call = new(collective, bytes, 1)
                                {
                                    Root = size - 1,
                                    Commutative = commutative,
                                    SendLayout = BlockLayout.Uniform(size, bytes),
                                    ReceiveLayout = BlockLayout.Uniform(size, bytes),
                                };
                                Assert.Equal(collective, selector.Select(call).Collective);
                            }
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public Task The_algorithm_in_use_is_visible() =>
        LocalCluster.RunAsync(4, world =>
        {
            Assert.Equal("linear", CollectiveEngine.AlgorithmFor(world, Collective.AllToAll, 65536));
            world.SetCollectiveOptions(new CollectiveOptions().With(Collective.AllToAll, "pairwise"));
            Assert.Equal("pairwise", CollectiveEngine.AlgorithmFor(world, Collective.AllToAll, 1024));
            using Communicator child = world.Duplicate();
            Assert.Equal("pairwise", child.GetCollectiveOptions().AlgorithmOf(Collective.AllToAll));
            int[] received = new int[4];
            using (world.UseCollectiveOptions(world.GetCollectiveOptions().With(Collective.AllToAll, "bruck")))
            {
                Assert.Equal("bruck", world.Explain("all_to_all", 1024).Chosen);
                world.AllToAll<int>([0, 10, 20, 30], received);
            }

            Assert.All(received, value => Assert.Equal(10 * world.Rank, value));
            Assert.Equal("pairwise", world.Explain("AllToAll", 1024).Chosen);
            Assert.Throws<ArgumentException>(() => world.Explain("AllToSome", 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => world.Explain("AllToAll", -1));
        });

    [Fact]
    public Task Ranks_with_different_counts_choose_alike() =>
        LocalCluster.RunAsync(6, world =>
        {
            foreach (string model in new[] { "lambda", "local" })
            {
                world.SetCollectiveOptions(new CollectiveOptions { Model = model });
                BlockLayout own = BlockLayout.Uniform(world.Size, 1L << (3 * world.Rank));
                PlanKey[] calls =
                [
                    new(Collective.AllToAllV, 0, 1) { SendLayout = own, ReceiveLayout = own },
                    new(Collective.GatherV, 1L << (3 * world.Rank), 1) { ReceiveLayout = world.Rank == 0 ? own : null },
                    new(Collective.ScatterV, 1L << (3 * world.Rank), 1) { SendLayout = world.Rank == 0 ? own : null },
                    new(Collective.AllGatherV, 1L << (3 * world.Rank), 1)
                    {
                        ReceiveLayout = BlockLayout.FromCounts(1, 8, 64, 512, 4096, 32768),
                    },
                ];
                CollectiveSelector selector = new(world.Topology, world.GetCollectiveOptions());
                foreach (PlanKey call in calls)
                {
                    string mine = selector.Select(call).Name;
                    Assert.Equal(mine, world.BroadcastObject(mine, root: 0));
                }
            }
        });

    [Fact]
    public void Every_choice_is_the_least_of_what_is_predicted()
    {
        foreach (string model in new[] { "lambda", "local" })
        {
            foreach (int size in new[] { 2, 6, 16, 50 })
            {
                foreach (string topology in new[] { "mesh", "grid", "ring" })
                {
                    CollectiveSelector selector = new(
                        Topology.Parse(topology, size), new CollectiveOptions { Model = model, RanksPerCore = size / 2.0 });
                    foreach (Collective collective in Enum.GetValues<Collective>())
                    {
                        CollectiveExplanation explanation = selector.Explain(new(collective, 1000, 4));
                        if (collective.ToString().StartsWith("Neighbour", StringComparison.Ordinal))
                            continue;
                        CollectiveCandidate chosen = explanation.Candidates.Single(candidate => candidate.IsChosen);
                        Assert.Equal(explanation.Chosen, chosen.Algorithm);
                        Assert.Equal(explanation.Candidates.Min(candidate => candidate.PredictedSeconds), chosen.PredictedSeconds);
                        Assert.All(explanation.Candidates, candidate => Assert.True(
                            candidate.PredictedSeconds is null == candidate.Refusal is not null));
                    }
                }
            }
        }
    }

    [Fact]
    public void Sizes_of_a_class_choose_alike()
    {
        CollectiveSelector selector = new(Topology.Mesh(8), new CollectiveOptions());
        CollectiveExplanation explanation = selector.Explain(new(Collective.AllReduce, 70_001, 1));
        Assert.Equal((70_001, 65_536), (explanation.Bytes, explanation.ModelBytes));
        Assert.Equal(explanation.Candidates, selector.Explain(new(Collective.AllReduce, 65_536, 1)).Candidates);
        Assert.Equal(12, selector.Explain(new(Collective.AllReduce, 12, 4)).ModelBytes);
    }
}
