namespace BoxerMpi.Shapes;

/// <summary>Links one by one, with paths by breadth-first search; of several shortest ones the one with the lowest ranks first.</summary>
internal sealed class EdgeListShape : Shape
{
    private const int Unknown = -2;

    private readonly int[][] _adjacency;

    // A table a source: a rank asks for its own next hops, so it keeps one.
    private readonly int[]?[] _firstHops;

    // Computed when asked for; computing it twice gives the same.
    private int _diameter = Unknown;

    /// <summary>Takes over <paramref name="adjacency"/>: symmetric, ascending, without loops and repetitions.</summary>
    public EdgeListShape(int[][] adjacency)
        : base(adjacency.Length)
    {
        _adjacency = adjacency;
        _firstHops = new int[]?[adjacency.Length];
        long ends = 0;
        foreach (int[] neighbours in adjacency)
            ends += neighbours.Length;
        LinkCount = ends / 2;
        Parts = CountParts();
    }

    /// <summary>How many pieces there are that no link joins.</summary>
    public int Parts { get; }

    public override TopologyKind Kind => TopologyKind.EdgeList;

    public override string Spec => "edges:" + string.Join(',', Pairs());

    public override string Title => "edge list";

    public override long LinkCount { get; }

    public override bool IsConnected => Parts == 1;

    public override int Diameter
    {
        get
        {
            if (_diameter == Unknown)
                _diameter = IsConnected ? LongestShortestPath() : -1;
            return _diameter;
        }
    }

    public override int Degree(int rank) => _adjacency[rank].Length;

    public override int[] Neighbours(int rank) => [.. _adjacency[rank]];

    public override bool HasLink(int a, int b) => Array.BinarySearch(_adjacency[a], b) >= 0;

    public override int NextHop(int from, int to)
    {
        int[]? hops = Volatile.Read(ref _firstHops[from]);
        if (hops is null)
            Volatile.Write(ref _firstHops[from], hops = FirstHops(from));
        return hops[to];
    }

    public override int[] Path(int from, int to)
    {
        int[] distances = Distances(to);
        if (distances[from] < 0)
            return [];
        int[] path = new int[distances[from] + 1];
        path[0] = from;
        for (int i = 1; i < path.Length; i++)
            path[i] = Array.Find(_adjacency[path[i - 1]], next => distances[next] == path.Length - 1 - i);
        return path;
    }

    /// <summary>Links in steps from <paramref name="source"/> to each rank, -1 where there is no path.</summary>
    public int[] Distances(int source)
    {
        int[] distances = new int[Size];
        Array.Fill(distances, -1);
        distances[source] = 0;
        Queue<int> open = new([source]);
        while (open.TryDequeue(out int rank))
        {
            foreach (int next in _adjacency[rank])
            {
                if (distances[next] >= 0)
                    continue;
                distances[next] = distances[rank] + 1;
                open.Enqueue(next);
            }
        }

        return distances;
    }

    private int[] FirstHops(int source)
    {
        int[] hops = new int[Size];
        Array.Fill(hops, -1);
        hops[source] = source;
        Queue<int> open = new(_adjacency[source]);
        foreach (int next in _adjacency[source])
            hops[next] = next;

        // The queue stays ordered by (distance, first hop), so who finds a rank first brings its lowest first hop.
        while (open.TryDequeue(out int rank))
        {
            foreach (int next in _adjacency[rank])
            {
                if (hops[next] >= 0)
                    continue;
                hops[next] = hops[rank];
                open.Enqueue(next);
            }
        }

        return hops;
    }

    private int LongestShortestPath()
    {
        int longest = 0;
        for (int rank = 0; rank < Size; rank++)
            longest = Math.Max(longest, Distances(rank).Max());
        return longest;
    }

    private int CountParts()
    {
        bool[] seen = new bool[Size];
        Stack<int> open = new();
        int parts = 0;
        for (int start = 0; start < Size; start++)
        {
            if (seen[start])
                continue;
            parts++;
            seen[start] = true;
            open.Push(start);
            while (open.TryPop(out int rank))
            {
                foreach (int next in _adjacency[rank])
                {
                    if (seen[next])
                        continue;
                    seen[next] = true;
                    open.Push(next);
                }
            }
        }

        return parts;
    }

    private IEnumerable<string> Pairs()
    {
        for (int rank = 0; rank < Size; rank++)
        {
            foreach (int next in _adjacency[rank])
            {
                if (next > rank)
                    yield return $"{rank}-{next}";
            }
        }
    }
}
