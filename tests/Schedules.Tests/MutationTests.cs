namespace BoxerMpi.Schedules.Tests;

/// <summary>
/// Does the symbolic run see a schedule that is wrong? Every step of every algorithm is broken on purpose, one at a time, on all ranks;
/// each time the run must fail.
/// </summary>
public sealed class MutationTests
{
    public static TheoryData<string, string> Algorithms()
    {
        TheoryData<string, string> data = [];
        foreach (Collective collective in Enum.GetValues<Collective>())
        {
            foreach (CollectiveAlgorithm algorithm in CollectiveAlgorithms.Of(collective))
                data.Add(collective.ToString(), algorithm.Name);
        }

        return data;
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void Every_broken_step_is_noticed(string collective, string name)
    {
        CollectiveAlgorithm algorithm = CollectiveAlgorithms.Find(Enum.Parse<Collective>(collective), name)!;
        int broken = 0;
        List<string> unnoticed = [];
        foreach (SymbolicRun run in RunsOf(algorithm))
        {
            Schedule[] schedules = run.Build();
            Assert.Null(Record.Exception(() => run.Run(schedules)));
            foreach (Mutation mutation in Mutation.Of(schedules))
            {
                broken++;
                if (Record.Exception(() => run.Run(mutation.Schedules)) is not ScheduleException)
                    unnoticed.Add($"{run.Topology.Spec} of {run.Topology.Size}: {mutation}");
            }

            foreach (Mutation mutation in algorithm.BuildCounts is null ? [] : Mutation.Of(run.BuildCounts()))
            {
                broken++;
                if (Record.Exception((run with { ChangeCounts = _ => mutation.Schedules }).Check) is not ScheduleException)
                    unnoticed.Add($"{run.Topology.Spec} of {run.Topology.Size}: counts, {mutation}");
            }
        }

        Assert.True(broken > 10, $"Only {broken} broken schedules.");
        Assert.True(
            unnoticed.Count == 0, $"{algorithm}: {unnoticed.Count} of {broken} were not noticed: {string.Join("; ", unnoticed.Take(20))}.");
    }

    [Fact]
    public void A_barrier_that_lets_a_rank_go_too_early_is_noticed()
    {
        // Everybody tells the next: all messages match, but nobody hears of all.
        CollectiveAlgorithm ring = new(Collective.Barrier, "next", (in call) =>
            new ScheduleBuilder(call).Await(from: (call.Rank + 4) % 5).Notify(to: (call.Rank + 1) % 5).Build());
        Assert.Contains("leaves the barrier", Assert.Throws<ScheduleException>(
            new SymbolicRun(ring, Topology.Mesh(5)).Check).Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(2), InlineData(5), InlineData(8)]
    public void A_message_of_another_length_is_noticed(int size)
    {
        SymbolicRun run = new(CollectiveAlgorithms.Find(Collective.AllToAll, "linear")!, Topology.Mesh(size)) { Bytes = 4 };
        Schedule[] schedules = run.Build();
        Mutation shorter = Mutation.Of(schedules).First(mutation => mutation.What.Contains("shorter", StringComparison.Ordinal));
        Assert.Contains(
            "lengths differ", Assert.Throws<ScheduleException>(() => run.Run(shorter.Schedules)).Message, StringComparison.Ordinal);
    }

    /// <summary>Sizes that are a power of two, a rectangle, and neither; the mesh, and what the algorithm follows.</summary>
    private static IEnumerable<SymbolicRun> RunsOf(CollectiveAlgorithm algorithm)
    {
        foreach (int size in new[] { 4, 6, 7 })
        {
            foreach (Topology topology in new[] { Topology.Mesh(size), Topology.Grid(size), Topology.Tree(size, 2) })
            {
                if (topology.Kind != TopologyKind.Mesh && !algorithm.FollowsTopology)
                    continue;
                CartesianShape shape = new(size == 6 ? [2, 3] : [size], size == 6 ? [true, false] : [true]);
                yield return new(algorithm, topology)
                {
                    Root = 1,
                    Bytes = 2 * size + 1,
                    Count = (from, to) => 1 + from * topology.Size + to, // all differ, so that no count passes for another one
                    Neighbours = algorithm.Collective.IsAmongNeighbours() ? rank => Neighbourhood.OfShape(shape, rank) : null,
                };
            }
        }
    }
}
