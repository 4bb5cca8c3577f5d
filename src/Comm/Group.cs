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
    /// <summary>The rank of what is not in a group. No call that takes a rank takes it. MPI_UNDEFINED.</summary>
    public const int Undefined = -32766;

    private readonly int[] _worldRanks;
    private readonly Dictionary<int, int>? _positions;
    private readonly int _own;

    /// <param name="worldRanks">The members, in order.</param>
    /// <param name="own">World rank of whoever holds the group.</param>
    internal Group(ReadOnlySpan<int> worldRanks, int own)
    {
        _worldRanks = worldRanks.ToArray();
        _own = own;
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

    /// <summary>This rank's number in the group, or <see cref="Undefined"/> when it is not a member.</summary>
    public int Rank => Number(PositionOf(_own));

    /// <summary>The members' ranks in the job's world, in the order of their ranks here.</summary>
    public ReadOnlySpan<int> Members => _worldRanks;

    internal int[] WorldRanks => _worldRanks;

    /// <summary>The members of both, those of this group first.</summary>
    public Group Union(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Of([.. _worldRanks, .. other._worldRanks.Where(rank => !Contains(rank))]);
    }

    /// <summary>The members that are in both, in this group's order.</summary>
    public Group Intersection(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Of([.. _worldRanks.Where(other.Contains)]);
    }

    /// <summary>The members that are not in the other, in this group's order.</summary>
    public Group Difference(Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Of([.. _worldRanks.Where(rank => !other.Contains(rank))]);
    }

    /// <summary>The members at these positions, in this order.</summary>
    /// <exception cref="ArgumentException">A position is out of range or named twice.</exception>
    public Group Include(params ReadOnlySpan<int> ranks)
    {
        Pick(ranks);
        int[] members = new int[ranks.Length];
        for (int i = 0; i < ranks.Length; i++)
            members[i] = _worldRanks[ranks[i]];
        return Of(members);
    }

    /// <summary>The members but for those at these positions.</summary>
    /// <exception cref="ArgumentException">A position is out of range or named twice.</exception>
    public Group Exclude(params ReadOnlySpan<int> ranks)
    {
        bool[] excluded = Pick(ranks);
        return Of([.. _worldRanks.Where((_, rank) => !excluded[rank])]);
    }

    /// <summary>The members at the positions of these ranges, in this order.</summary>
    /// <param name="ranges">
    /// From <c>First</c> in steps of <c>Stride</c>, up or down, as far as <c>Last</c>, which is included when a step meets it.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A position is out of range or named twice; a stride is zero or leads away from the last position.
    /// </exception>
    public Group IncludeRanges(params ReadOnlySpan<(int First, int Last, int Stride)> ranges) => Include(Positions(ranges));

    /// <summary>The members but for those at the positions of these ranges.</summary>
    /// <inheritdoc cref="IncludeRanges"/>
    public Group ExcludeRanges(params ReadOnlySpan<(int First, int Last, int Stride)> ranges) => Exclude(Positions(ranges));

    /// <summary>The rank in another group of the member with this rank here, or <see cref="Undefined"/> when it is not in it.</summary>
    /// <param name="rank">Rank here; <see cref="Communicator.NoRank"/> stays what it is.</param>
    /// <param name="other">The other group.</param>
    /// <exception cref="ArgumentException">The rank is out of range.</exception>
    public int Translate(int rank, Group other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (rank == Communicator.NoRank)
            return rank;
        CheckPosition(rank, nameof(rank));
        return Number(other.PositionOf(_worldRanks[rank]));
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

    private static int Number(int position) => position < 0 ? Undefined : position;

    private Group Of(int[] members) => new(members, _own);

    private int[] Positions(ReadOnlySpan<(int First, int Last, int Stride)> ranges)
    {
        List<int> positions = [];
        foreach ((int first, int last, int stride) in ranges)
        {
            if (stride == 0 || (first != last && first < last != stride > 0))
            {
                throw new ArgumentException(
                    $"Positions {first} to {last} cannot be counted in steps of {stride}.", nameof(ranges));
            }

            CheckPosition(first, nameof(ranges));
            CheckPosition(last, nameof(ranges));
            for (long position = first; stride > 0 ? position <= last : position >= last; position += stride)
                positions.Add((int)position);
        }

        return [.. positions];
    }

    /// <summary>Which positions are named.</summary>
    private bool[] Pick(ReadOnlySpan<int> ranks)
    {
        bool[] picked = new bool[Size];
        foreach (int rank in ranks)
        {
            CheckPosition(rank, nameof(ranks));
            if (picked[rank])
                throw new ArgumentException($"Rank {rank} is named twice.", nameof(ranks));
            picked[rank] = true;
        }

        return picked;
    }

    private void CheckPosition(int rank, string name)
    {
        if ((uint)rank >= (uint)Size)
            throw new ArgumentOutOfRangeException(name, rank, Size == 0 ? "The group is empty." : $"The group has ranks 0 to {Size - 1}.");
    }
}
