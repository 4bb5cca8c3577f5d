namespace BoxerMpi;

/// <summary>How two groups relate.</summary>
public enum GroupComparison
{
    /// <summary>The same members in the same order.</summary>
    Identical,

    /// <summary>The same members in another order.</summary>
    Similar,

    /// <summary>Different members.</summary>
    Unequal,
}

/// <summary>An ordered set of ranks of a job, from which communicators are made. Immutable. MPI 4.1 §7.3.</summary>
public sealed class Group
{
    private readonly int[] _worldRanks;
    private readonly Dictionary<int, int>? _positions;

    internal Group(ReadOnlySpan<int> worldRanks)
    {
        _worldRanks = worldRanks.ToArray();
        for (int i = 0; i < _worldRanks.Length && _positions is null; i++)
        {
            // The whole world needs no table: ranks are their own positions.
            if (_worldRanks[i] != i)
                _positions = [];
        }

        for (int i = 0; i < _worldRanks.Length && _positions is not null; i++)
        {
            if (!_positions.TryAdd(_worldRanks[i], i))
                throw new ArgumentException($"Rank {_worldRanks[i]} is in the group twice.", nameof(worldRanks));
        }
    }

    /// <summary>The number of members.</summary>
    public int Size => _worldRanks.Length;

    internal ReadOnlySpan<int> Members => _worldRanks;

    internal int[] WorldRanks => _worldRanks;

    /// <summary>The members of both, those of this group first.</summary>
    public Group Union(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new Group([.. _worldRanks, .. other._worldRanks.Where(rank => !Contains(rank))]);
    }

    /// <summary>The members that are in both, in this group's order.</summary>
    public Group Intersection(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new Group([.. _worldRanks.Where(other.Contains)]);
    }

    /// <summary>The members that are not in the other, in this group's order.</summary>
    public Group Difference(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new Group([.. _worldRanks.Where(rank => !other.Contains(rank))]);
    }

    /// <summary>The members at these positions, in this order.</summary>
    /// <exception cref="ArgumentException">A position is out of range or named twice.</exception>
    public Group Include(params ReadOnlySpan<int> ranks)
    {
        int[] members = new int[ranks.Length];
        for (int i = 0; i < ranks.Length; i++)
            members[i] = At(ranks[i]);
        return new Group(members);
    }

    /// <summary>The members but for those at these positions.</summary>
    /// <exception cref="ArgumentException">A position is out of range.</exception>
    public Group Exclude(params ReadOnlySpan<int> ranks)
    {
        HashSet<int> excluded = [];
        foreach (int rank in ranks)
            excluded.Add(At(rank));
        return new Group([.. _worldRanks.Where(rank => !excluded.Contains(rank))]);
    }

    /// <summary>The rank in another group of the member with this rank here, or -1 when it is not in it.</summary>
    /// <exception cref="ArgumentException">The rank is out of range.</exception>
    public int Translate(int rank, Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.PositionOf(At(rank));
    }

    /// <summary>How this group relates to another.</summary>
    public GroupComparison Compare(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (_worldRanks.AsSpan().SequenceEqual(other._worldRanks))
            return GroupComparison.Identical;
        return Size == other.Size && _worldRanks.All(other.Contains) ? GroupComparison.Similar : GroupComparison.Unequal;
    }

    internal int PositionOf(int worldRank)
    {
        if (_positions is null)
            return (uint)worldRank < (uint)_worldRanks.Length ? worldRank : -1;
        return _positions.TryGetValue(worldRank, out int position) ? position : -1;
    }

    internal bool Contains(int worldRank) => PositionOf(worldRank) >= 0;

    private int At(int rank) => (uint)rank < (uint)Size
        ? _worldRanks[rank]
        : throw new ArgumentOutOfRangeException(nameof(rank), rank, $"The group has ranks 0 to {Size - 1}.");
}
