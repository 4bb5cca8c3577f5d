namespace BoxerMpi;

public sealed partial class Topology
{
    /// <summary>Whether every rank can reach every other rank; only an <see cref="Induced"/> topology may say no.</summary>
    public bool IsConnected => _shape.IsConnected;

    /// <summary>A shortest path with both ends, always the same one; one rank when the ends are the same.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rank is not one of this topology.</exception>
    /// <exception cref="InvalidOperationException">There is no path: the topology is not connected.</exception>
    public int[] Path(int from, int to)
    {
        CheckRank(from, nameof(from));
        CheckRank(to, nameof(to));
        int[] path = _shape.Path(from, to);
        return path.Length > 0 ? path : throw NoPath(from, to);
    }

    /// <summary>The rank after <paramref name="from"/> on <see cref="Path"/>, or the rank itself when both are the same.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rank is not one of this topology.</exception>
    /// <exception cref="InvalidOperationException">There is no path: the topology is not connected.</exception>
    public int NextHop(int from, int to)
    {
        CheckRank(from, nameof(from));
        CheckRank(to, nameof(to));
        if (from == to)
            return to;
        int next = _shape.NextHop(from, to);
        return next >= 0 ? next : throw NoPath(from, to);
    }

    private InvalidOperationException NoPath(int from, int to) =>
        new($"No links lead from rank {from} to rank {to}: the {_shape.Title} of {Size} ranks is not connected.");
}
