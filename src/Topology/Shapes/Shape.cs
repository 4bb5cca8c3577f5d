namespace BoxerMpi.Shapes;

/// <summary>What one shape knows about its links. Ranks are in range: <see cref="Topology"/> has checked them.</summary>
internal abstract class Shape(int size)
{
    public int Size { get; } = size;

    public abstract TopologyKind Kind { get; }

    /// <summary>The text that <see cref="Topology.Parse"/> turns into the same links.</summary>
    public abstract string Spec { get; }

    /// <summary>The shape's name for a reader, such as <c>grid 4x4</c>.</summary>
    public abstract string Title { get; }

    public abstract long LinkCount { get; }

    /// <summary>The longest of the shortest paths, or -1 when some ranks cannot reach each other.</summary>
    public abstract int Diameter { get; }

    public virtual bool IsConnected => true;

    public abstract int Degree(int rank);

    /// <summary>The linked ranks in ascending order, in an array of the caller's own.</summary>
    public abstract int[] Neighbours(int rank);

    /// <summary>Whether two different ranks are linked.</summary>
    public abstract bool HasLink(int a, int b);

    /// <summary>The first rank after <paramref name="from"/> on a shortest path to a different rank, or -1 when there is no path.</summary>
    public abstract int NextHop(int from, int to);

    /// <summary>A shortest path with both ends, made of <see cref="NextHop"/>s, or empty when there is no path.</summary>
    public virtual int[] Path(int from, int to)
    {
        List<int> path = [from];
        for (int rank = from; rank != to; path.Add(rank))
            rank = NextHop(rank, to);
        return [.. path];
    }

    /// <summary>The closed form of the links among distinct <paramref name="members"/>, or null when the shape has none.</summary>
    public virtual Shape? TryInduce(ReadOnlySpan<int> members) => null;
}
