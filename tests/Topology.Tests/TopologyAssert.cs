namespace BoxerMpi.Tests;

/// <summary>What must hold of every topology, whatever its shape.</summary>
internal static class TopologyAssert
{
    public static void IsConsistent(Topology topology)
    {
        int size = topology.Size;
        (int A, int B)[] edges = [.. topology.Edges()];
        HashSet<(int A, int B)> set = [.. edges];

        Assert.Equal(edges.Length, set.Count);
        Assert.Equal(edges.Length, topology.LinkCount);
        Assert.Equal(edges.Order(), edges);
        Assert.DoesNotContain(edges, edge => edge.A < 0 || edge.A >= edge.B || edge.B >= size);

        long degrees = 0;
        for (int a = 0; a < size; a++)
        {
            int[] neighbours = topology.Neighbours(a).ToArray();
            int[] expected = [.. Enumerable.Range(0, size).Where(b => set.Contains((Math.Min(a, b), Math.Max(a, b))))];
            Assert.Equal(expected, neighbours);
            Assert.Equal(expected.Length, topology.Degree(a));
            degrees += neighbours.Length;
            Assert.Equal(expected, Enumerable.Range(0, size).Where(b => topology.HasLink(a, b)));
        }

        Assert.Equal(2 * topology.LinkCount, degrees);
    }

    public static void HasShortestPaths(Topology topology)
    {
        int[][] distances = new Oracle(topology.Size, topology.Edges()).AllDistances();
        Assert.True(topology.IsConnected);
        Assert.DoesNotContain(-1, distances.SelectMany(row => row));
        Assert.Equal(Oracle.Diameter(distances), topology.Diameter);
        for (int from = 0; from < topology.Size; from++)
        {
            for (int to = 0; to < topology.Size; to++)
                IsShortestPath(topology, from, to, distances[from][to]);
        }
    }

    public static void IsShortestPath(Topology topology, int from, int to, int distance)
    {
        int[] path = topology.Path(from, to);
        Assert.Equal(distance, path.Length - 1);
        Assert.Equal(from, path[0]);
        Assert.Equal(to, path[^1]);

        // Every rank of the path that knows only the destination takes the path's next step.
        for (int i = 0; i + 1 < path.Length; i++)
        {
            if (!topology.HasLink(path[i], path[i + 1]))
                Assert.Fail($"{path[i]}-{path[i + 1]} is no link of {topology}.");
            Assert.Equal(path[i + 1], topology.NextHop(path[i], to));
        }

        Assert.Equal(to, topology.NextHop(to, to));
    }

    public static void SameLinks(Topology expected, Topology actual)
    {
        Assert.Equal(expected.Size, actual.Size);
        Assert.Equal(expected.Edges(), actual.Edges());
    }
}
