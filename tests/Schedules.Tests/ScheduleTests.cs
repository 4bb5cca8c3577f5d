namespace BoxerMpi.Schedules.Tests;

/// <summary>
/// Every algorithm, run on symbolic data by all ranks: right, free of deadlock, within its buffers and its topology's links.
/// </summary>
public sealed class ScheduleTests
{
    private const int LargestSize = 64;

    // Up to here every root and every shape of topology; above, a sample, unless BOXER_TEST_ALL_ROOTS asks for all (some minutes).
    private const int LargestExhaustiveSize = 17;

    private static readonly bool AllRoots = Environment.GetEnvironmentVariable("BOXER_TEST_ALL_ROOTS") is "1";

    private static readonly string[] Topologies =
        ["mesh", "grid", "tree", "tree:3", "ring", "star", "hypercube", "line", "grid:2"];

    public static TheoryData<string, string> Algorithms()
    {
        TheoryData<string, string> data = [];
        foreach (Collective collective in Enum.GetValues<Collective>().Where(collective => !collective.IsAmongNeighbours()))
        {
            foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(collective))
                data.Add(collective.ToString(), algorithm.Name);
        }

        return data;
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void Every_rank_gets_what_it_should_for_every_size_root_and_topology(string collective, string name)
    {
        CollectiveAlgorithm algorithm = CollectiveAlgorithms.Find(Enum.Parse<Collective>(collective), name)!;
        int runs = 0;
        for (int size = 1; size <= LargestSize; size++)
        {
            foreach (Topology topology in TopologiesOf(size))
            {
                foreach (int root in RootsOf(algorithm.Collective, size))
                {
                    foreach (bool commutative in Reduces(algorithm.Collective) ? new[] { true, false } : [true])
                    {
                        if (algorithm.Refusal(commutative) is not null
                            || algorithm.MissingLinks(topology, root, commutative, listed: 0, countAll: false).Count > 0)
                        {
                            continue;
                        }

                        foreach (SymbolicRun run in Shapes(new(algorithm, topology) { Root = root, Commutative = commutative }))
                        {
                            runs++;
                            try
                            {
                                run.Check();
                            }
                            catch (Exception exception)
                            {
                                Assert.Fail($"{algorithm}, {topology.Spec} of {size}, {run}: {exception}");
                            }
                        }
                    }
                }
            }
        }

        Assert.True(runs >= LargestSize / 6, $"Only {runs} runs.");
    }

    [Fact]
    public void Every_collective_has_an_algorithm_for_every_topology_size_and_operation()
    {
        for (int size = 1; size <= LargestSize; size++)
        {
            foreach (Topology topology in TopologiesOf(size))
            {
                foreach (Collective collective in Enum.GetValues<Collective>())
                {
                    foreach (bool commutative in new[] { true, false })
                    {
                        Assert.Contains(CollectiveAlgorithms.Of(collective).ToArray(), algorithm =>
                            algorithm.FollowsTopology && algorithm.Refusal(commutative) is null
                            || algorithm.Refusal(commutative) is null
                            && algorithm.MissingLinks(topology, size - 1, commutative, 0, countAll: false).Count == 0);
                    }
                }
            }
        }
    }

    [Fact]
    public void Every_algorithm_serves_every_number_of_ranks()
    {
        foreach (Collective collective in Enum.GetValues<Collective>())
        {
            foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(collective))
            {
                for (int size = 1; size <= LargestSize; size++)
                {
                    CollectiveSelector selector = new(Topology.Mesh(size), new CollectiveOptions());
                    Assert.True(selector.Allows(algorithm, new(collective, 8, 8)), $"{algorithm}, {size} ranks");
                }
            }
        }
    }

    [Fact]
    public void Costs_are_counted_from_the_steps()
    {
        CollectiveAlgorithm allToAll = CollectiveAlgorithms.Find(Collective.AllToAll, "linear")!;
        Schedule linear = AllToAllLinear.Build(new SymbolicRun(allToAll, Topology.Mesh(9)) { Bytes = 10 }.Call(4));
        Assert.Equal((8, 80L, 10L), (linear.MessagesSent, linear.BytesSent, linear.BytesCopied));
        Assert.Equal(3, linear.Rounds.Length);
        Assert.Equal([0, 1, 2, 3, 5, 6, 7, 8], linear.Edges());

        Schedule grid = AllToAllGrid.Build(new SymbolicRun(allToAll, Topology.Grid(9)) { Bytes = 10 }.Call(4));
        Assert.Equal((4, 120L), (grid.MessagesSent, grid.BytesSent)); // r+c−2 messages, n·[(1−1/c)+(1−1/r)] bytes
        Assert.Equal([1, 3, 5, 7], grid.Edges());

        CollectiveAlgorithm allReduce = CollectiveAlgorithms.Find(Collective.AllReduce, "ring")!;
        CollectiveCall reduce = new SymbolicRun(allReduce, Topology.Ring(5)) { Bytes = 50 }.Call(0);
        Schedule ring = AllReduceRing.Build(reduce);
        Assert.Equal((8, 80L, 40L), (ring.MessagesSent, ring.BytesSent, ring.BytesReduced));
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void More_than_two_gibibytes_are_as_any_other_length(string collective, string name)
    {
        // What divides evenly is cut alike; a length is then only a factor.
        const long Small = 5040;
        const long Factor = 1 << 20;
        CollectiveAlgorithm algorithm = CollectiveAlgorithms.Find(Enum.Parse<Collective>(collective), name)!;
        foreach (int size in new[] { 3, 4 })
        {
            SymbolicRun small = new(algorithm, Topology.Mesh(size)) { Bytes = Small, ElementSize = 4, Count = (_, _) => Small / 4 };
            SymbolicRun large = small with { Bytes = Small * Factor, Count = (_, _) => Small / 4 * Factor, SegmentBytes = 1 << 30 };
            for (int rank = 0; rank < size; rank++)
            {
                (Schedule one, Schedule other) = (Built(small, rank), Built(large, rank));
                Assert.Equal((one.BytesSent * Factor, one.BytesReceived * Factor), (other.BytesSent, other.BytesReceived));
                foreach (Step step in other.Steps)
                    Assert.True(
                        step.Source.Offset >= 0 && step.Target.Offset >= 0 && step.Source.Length >= 0 && step.Target.Length >= 0,
                        $"{step}");
            }
        }

        Schedule Built(SymbolicRun run, int rank)
        {
            CollectiveCall call = run.Call(rank);
            if (algorithm.CountsLength is { } counts)
                call = call with { Known = [.. Enumerable.Repeat(run.Count!(0, 0), counts(call))] };
            return algorithm.Build(call);
        }
    }

    [Fact]
    public void A_missing_link_is_named()
    {
        CollectiveAlgorithm linear = CollectiveAlgorithms.Find(Collective.AllToAll, "linear")!;
        (List<(int A, int B)> links, int count) = linear.MissingLinks(
            Topology.Ring(6), root: 0, commutative: true, listed: 2, countAll: true);
        Assert.Equal([(0, 2), (0, 3)], links);
        Assert.Equal(9, count);
    }

    /// <summary>The lengths that are special: none, fewer elements than ranks, odd, long; whole elements; in place.</summary>
    private static IEnumerable<SymbolicRun> Shapes(SymbolicRun run)
    {
        bool many = run.Topology.Size > LargestExhaustiveSize;
        switch (run.Algorithm.Collective)
        {
            case Collective.Barrier:
                yield return run;
                break;
            case Collective.GatherV or Collective.ScatterV or Collective.AllGatherV or Collective.AllToAllV or Collective.ReduceScatter:
                yield return run with { Count = (from, to) => (from * 7 + to * 3) % 4, Gaps = true };
                if (many)
                    break;
                yield return run with { Count = (_, _) => 0 };
                yield return run with { Count = (from, to) => (from + to) % 3, ElementSize = 2 };
                if (run.Algorithm.Collective is Collective.AllToAllV or Collective.ReduceScatter)
                    yield return run with { Count = (from, to) => 1 + (from + to) % 2, InPlace = true };
                break;
            case Collective.AllToAll:
                yield return run with { Bytes = 3 };
                if (many)
                    break;
                yield return run with { Bytes = 0 };
                yield return run with { Bytes = 1, InPlace = true };
                break;
            default:
                yield return run with { Bytes = 5 };
                if (many)
                    break;
                yield return run with { Bytes = 0 };
                yield return run with { Bytes = 37 };
                yield return run with { Bytes = 24, ElementSize = 8 };
                if (Reduces(run.Algorithm.Collective))
                    yield return run with { Bytes = 37, InPlace = true };
                break;
        }
    }

    private static IEnumerable<Topology> TopologiesOf(int size)
    {
        // Sizes above that differ from each other in where they fall between powers of two and rectangles, so each gets some shapes.
        for (int i = 0; i < Topologies.Length; i++)
        {
            if (size > LargestExhaustiveSize && !AllRoots && i > 1 && (i + size) % 3 != 0)
                continue;
            string spec = Topologies[i];
            yield return spec switch
            {
                "line" => Topology.Tree(size, 1),
                "grid:2" => Topology.Grid(size, rows: size == 1 ? 1 : 2),
                _ => Topology.Parse(spec, size),
            };
        }
    }

    private static IEnumerable<int> RootsOf(Collective collective, int size)
    {
        bool rooted = collective is Collective.Broadcast or Collective.Reduce or Collective.Gather or Collective.GatherV
            or Collective.Scatter or Collective.ScatterV;
        if (!rooted)
            return [0];
        return size <= LargestExhaustiveSize || AllRoots ? Enumerable.Range(0, size) : [0, size / 3, size - 1];
    }

    private static bool Reduces(Collective collective) =>
        collective is Collective.Reduce or Collective.AllReduce or Collective.ReduceScatterBlock or Collective.ReduceScatter
            or Collective.Scan or Collective.ExclusiveScan;
}
