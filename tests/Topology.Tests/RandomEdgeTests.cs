using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Random lists of edges; a failure prints the seed that repeats it.</summary>
public class RandomEdgeTests
{
    /// <summary>A size and any edges between different ranks.</summary>
    private static readonly Gen<(int Size, (int A, int B)[] Edges)> AnyEdges =
        from size in Gen.Int[2, 20]
        from edges in Gen.Select(Gen.Int[0, size - 1], Gen.Int[1, size - 1]).Array[0, 40]
        select (size, Array.ConvertAll(edges, edge => (edge.Item1, (edge.Item1 + edge.Item2) % size)));

    /// <summary>As <see cref="AnyEdges"/>, with one edge from each rank to a lower one, so that all are connected.</summary>
    private static readonly Gen<(int Size, (int A, int B)[] Edges)> ConnectedEdges =
        from any in AnyEdges
        from parents in Gen.Int[0, int.MaxValue].Array[any.Size - 1]
        select (any.Size, ((int, int)[])[.. any.Edges, .. parents.Select((parent, i) => (i + 1, parent % (i + 1)))]);

    [Fact]
    public void Connected_edges_make_a_consistent_topology() =>
        ConnectedEdges.Sample(sample =>
        {
            Topology topology = Topology.FromEdges(sample.Size, sample.Edges);
            Assert.Equal(Normal(sample.Edges), topology.Edges());
            TopologyAssert.IsConsistent(topology);
            TopologyAssert.HasShortestPaths(topology);
            TopologyAssert.SameLinks(topology, Topology.Parse(topology.Spec, sample.Size));
        }, iter: 1000);

    [Fact]
    public void Of_several_shortest_paths_the_one_with_the_lowest_ranks_is_taken() =>
        ConnectedEdges.Sample(sample =>
        {
            Topology topology = Topology.FromEdges(sample.Size, sample.Edges);
            int[][] distances = new Oracle(sample.Size, sample.Edges).AllDistances();
            for (int from = 0; from < sample.Size; from++)
            {
                for (int to = 0; to < sample.Size; to++)
                {
                    int lowest = Enumerable.Range(0, sample.Size).FirstOrDefault(
                        next => distances[from][next] == 1 && distances[next][to] == distances[from][to] - 1, to);
                    Assert.Equal(lowest, topology.NextHop(from, to));
                }
            }
        }, iter: 300);

    [Fact]
    public void Edges_are_refused_exactly_when_a_rank_is_cut_off() =>
        AnyEdges.Sample(sample =>
        {
            int[] distances = new Oracle(sample.Size, sample.Edges).Distances(0);
            int cutOff = Array.IndexOf(distances, -1);
            if (cutOff < 0)
            {
                Assert.True(Topology.FromEdges(sample.Size, sample.Edges).IsConnected);
                return;
            }

            ArgumentException error = Assert.Throws<ArgumentException>("edges", () => Topology.FromEdges(sample.Size, sample.Edges));
            Assert.Contains($"rank {cutOff} cannot reach rank 0", error.Message, StringComparison.Ordinal);
        }, iter: 1000);

    [Fact]
    public void The_order_and_direction_of_edges_do_not_matter() =>
        Gen.Select(ConnectedEdges, Gen.Int).Sample((sample, seed) =>
        {
            (int A, int B)[] shuffled = Array.ConvertAll(sample.Edges, edge => (edge.B, edge.A));
            new Random(seed).Shuffle(shuffled);
            Assert.Equal(Topology.FromEdges(sample.Size, sample.Edges).Spec, Topology.FromEdges(sample.Size, shuffled).Spec);
        }, iter: 300);

    private static IEnumerable<(int, int)> Normal(IEnumerable<(int A, int B)> edges) =>
        edges.Select(edge => (Math.Min(edge.A, edge.B), Math.Max(edge.A, edge.B))).Distinct().Order();
}
