using BoxerMpi.Shapes;

namespace BoxerMpi;

/// <summary>Which ranks of a job or communicator hold a link to each other.</summary>
/// <remarks>Immutable and safe to use from any thread. Shapes are closed forms: a mesh of thousands costs nothing to describe.</remarks>
public sealed partial class Topology
{
    private readonly Shape _shape;

    // Filled a rank at a time; a second computation of the same entry gives the same array.
    private int[]?[]? _neighbours;

    private Topology(Shape shape) => _shape = shape;

    /// <summary>The shape of the links.</summary>
    public TopologyKind Kind => _shape.Kind;

    /// <summary>The number of ranks.</summary>
    public int Size => _shape.Size;

    /// <summary>The text from which <see cref="Parse"/> makes the same links, such as <c>grid:4x8</c>.</summary>
    /// <remarks>Edges are spelled out even when they came from a file, so another machine needs no file.</remarks>
    public string Spec => _shape.Spec;

    /// <summary>The rows of a grid; 0 for other shapes.</summary>
    public int Rows => (_shape as GridShape)?.Rows ?? 0;

    /// <summary>The columns of a grid, of which the last row may lack some; 0 for other shapes.</summary>
    public int Columns => (_shape as GridShape)?.Columns ?? 0;

    /// <summary>The most children a rank of a tree has; 0 for other shapes.</summary>
    public int Arity => (_shape as TreeShape)?.Arity ?? 0;

    /// <summary>The ranks that a rank is linked to, in ascending order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not one of this topology.</exception>
    public ReadOnlySpan<int> Neighbours(int rank)
    {
        CheckRank(rank, nameof(rank));
        int[]?[] cache = Volatile.Read(ref _neighbours) ?? NewCache();
        int[]? neighbours = Volatile.Read(ref cache[rank]);
        if (neighbours is null)
            Volatile.Write(ref cache[rank], neighbours = _shape.Neighbours(rank));
        return neighbours;
    }

    /// <summary>How many links a rank has.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not one of this topology.</exception>
    public int Degree(int rank)
    {
        CheckRank(rank, nameof(rank));
        return _shape.Degree(rank);
    }

    /// <summary>Whether two ranks are linked; a rank is not linked to itself.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A rank is not one of this topology.</exception>
    public bool HasLink(int a, int b)
    {
        CheckRank(a, nameof(a));
        CheckRank(b, nameof(b));
        return a != b && _shape.HasLink(a, b);
    }

    /// <summary>Every link once, by the lower rank and then by the higher.</summary>
    public IEnumerable<(int A, int B)> Edges()
    {
        // Not through the cache: who lists the edges of a large mesh shall not keep all of them.
        for (int rank = 0; rank < Size; rank++)
        {
            foreach (int neighbour in _shape.Neighbours(rank))
            {
                if (neighbour > rank)
                    yield return (rank, neighbour);
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Spec;

    private int[]?[] NewCache() => Interlocked.CompareExchange(ref _neighbours, new int[]?[Size], null) ?? _neighbours;

    private void CheckRank(int rank, string name)
    {
        if ((uint)rank >= (uint)Size)
            throw new ArgumentOutOfRangeException(name, rank, $"Rank {rank} is not one of 0 to {Size - 1}.");
    }
}
