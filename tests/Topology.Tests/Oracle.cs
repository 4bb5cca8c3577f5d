namespace BoxerMpi.Tests;

/// <summary>Plain searches over a plain set of links: what the closed forms are held against.</summary>
internal sealed class Oracle
{
    private readonly List<int>[] _links;

    public Oracle(int size, IEnumerable<(int A, int B)> edges)
    {
        _links = [.. Enumerable.Range(0, size).Select(_ => new List<int>())];
        foreach ((int a, int b) in edges)
        {
            _links[a].Add(b);
            _links[b].Add(a);
        }
    }

    public int[] Distances(int source)
    {
        int[] distances = new int[_links.Length];
        Array.Fill(distances, -1);
        distances[source] = 0;
        Queue<int> open = new([source]);
        while (open.TryDequeue(out int rank))
        {
            foreach (int next in _links[rank].Where(next => distances[next] < 0))
            {
                distances[next] = distances[rank] + 1;
                open.Enqueue(next);
            }
        }

        return distances;
    }

    public int[][] AllDistances() => [.. Enumerable.Range(0, _links.Length).Select(Distances)];

    public static int Diameter(int[][] distances) => distances.Max(row => row.Max());
}
