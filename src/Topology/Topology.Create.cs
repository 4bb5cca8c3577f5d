using BoxerMpi.Shapes;

namespace BoxerMpi;

public sealed partial class Topology
{
    /// <summary>The size up to which <see cref="Default"/> links all ranks; above, links per rank grow too many for a fast start.</summary>
    private const int LargestDefaultMesh = 32;

    /// <summary>Reads a topology: <c>mesh</c>, <c>grid</c>, <c>grid:RxC</c>, <c>tree</c>, <c>tree:K</c>, <c>ring</c>, <c>star</c>,
    /// <c>hypercube</c>, <c>edges:0-1,1-2</c> or <c>edges:@FILE</c> with one edge a line.</summary>
    /// <exception cref="FormatException">The text is none of these, or the file cannot be read.</exception>
    /// <exception cref="ArgumentException">The numbers in it do not fit <paramref name="size"/>, or leave ranks unconnected.</exception>
    public static Topology Parse(string spec, int size) => TopologyParser.Parse(spec, size);

    /// <summary>A mesh up to 32 ranks, a grid above.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1.</exception>
    public static Topology Default(int size) => size <= LargestDefaultMesh ? Mesh(size) : Grid(size);

    /// <summary>Every rank linked to every other rank.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1.</exception>
    public static Topology Mesh(int size) => new(new MeshShape(Checked(size)));

    /// <summary>Ranks in rows and columns, row by row; a rank is linked to all of its row and all of its column.</summary>
    /// <param name="size">The number of ranks.</param>
    /// <param name="rows">The rows, or 0 for as many as the columns need, near the square when columns are 0 too.</param>
    /// <param name="columns">The columns, or 0 for as many as the rows need. Only the last row may be short.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1, rows or columns are negative.</exception>
    /// <exception cref="ArgumentException">The grid cannot hold all ranks, or would have an empty row or column.</exception>
    public static Topology Grid(int size, int rows = 0, int columns = 0)
    {
        (int nearRows, int nearColumns) = NearSquare(size);
        if (rows < 0 || columns < 0)
        {
            bool isRows = rows < 0;
            throw new ArgumentOutOfRangeException(
                isRows ? nameof(rows) : nameof(columns), isRows ? rows : columns, "A grid has at least one row and one column.");
        }

        if (rows == 0 && columns == 0)
            (rows, columns) = (nearRows, nearColumns);
        else if (rows == 0)
            rows = (size - 1) / columns + 1;
        else if (columns == 0)
            columns = (size - 1) / rows + 1;

        string? wrong = (long)rows * columns < size ? $"holds at most {(long)rows * columns} ranks"
            : (rows - 1L) * columns >= size ? $"would have {rows - ((size - 1) / columns + 1)} of its {rows} rows empty"
            : columns > size ? $"would have {columns - size} of its {columns} columns empty"
            : null;
        if (wrong is not null)
        {
            throw new ArgumentException(
                $"A grid of {rows}x{columns} {wrong}, the job has {size} ranks; only the last row may be short. " +
                $"Possible is grid:{nearRows}x{nearColumns}, which is what 'grid' alone gives.");
        }

        return new(new GridShape(size, rows, columns));
    }

    /// <summary>A tree with root 0 in which the parent of rank r is (r−1)/<paramref name="arity"/>; arity 1 is a chain.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size or the arity is less than 1.</exception>
    public static Topology Tree(int size, int arity = 2)
    {
        if (arity < 1)
            throw new ArgumentOutOfRangeException(nameof(arity), arity, $"A tree has at least 1 child a rank, not {arity}; try tree:2.");
        return new(new TreeShape(Checked(size), arity));
    }

    /// <summary>Rank r linked to r+1, and the last rank to the first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1.</exception>
    public static Topology Ring(int size) => new(new RingShape(Checked(size)));

    /// <summary>Rank 0 linked to every other rank.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1.</exception>
    public static Topology Star(int size) => new(new StarShape(Checked(size)));

    /// <summary>Ranks linked whose numbers differ in one bit; any size: of the next power of two the links whose ends exist.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1.</exception>
    public static Topology Hypercube(int size) => new(new HypercubeShape(Checked(size)));

    /// <summary>Links one by one, in any order and direction; a link given twice counts once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1, or a rank is not one of 0 to size−1.</exception>
    /// <exception cref="ArgumentException">An edge joins a rank to itself, or the edges do not connect all ranks.</exception>
    public static Topology FromEdges(int size, IEnumerable<(int A, int B)> edges)
    {
        ArgumentNullException.ThrowIfNull(edges);
        SortedSet<int>[] links = new SortedSet<int>[Checked(size)];
        for (int rank = 0; rank < size; rank++)
            links[rank] = [];

        foreach ((int a, int b) in edges)
        {
            int outside = (uint)a >= (uint)size ? a : b;
            if ((uint)outside >= (uint)size)
                throw new ArgumentOutOfRangeException(nameof(edges), outside, $"Edge {a}-{b}: ranks go from 0 to {size - 1}.");
            if (a == b)
                throw new ArgumentException($"Edge {a}-{b} joins rank {a} to itself; an edge joins two different ranks.", nameof(edges));
            links[a].Add(b);
            links[b].Add(a);
        }

        EdgeListShape shape = new(Array.ConvertAll(links, set => set.ToArray()));
        if (!shape.IsConnected)
        {
            int cutOff = Array.IndexOf(shape.Distances(0), -1);
            throw new ArgumentException(
                $"The edges leave {shape.Parts} parts without a link between them: rank {cutOff} cannot reach rank 0. " +
                "Add an edge from each part to another.", nameof(edges));
        }

        return new(shape);
    }

    /// <summary>The rows and columns of the grid that <see cref="Grid"/> takes when none are given.</summary>
    /// <remarks>A full rectangle when one is at most twice as wide as high; else the last row is short.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than 1.</exception>
    public static (int Rows, int Columns) NearSquare(int size) => GridShape.NearSquare(Checked(size));

    /// <summary>The links among some of the ranks, for a sub-communicator; they need not connect all of its ranks.</summary>
    /// <param name="members">Distinct ranks of this topology; rank i of the result is members[i].</param>
    /// <exception cref="ArgumentOutOfRangeException">A member is not a rank of this topology.</exception>
    /// <exception cref="ArgumentException">There are no members, or one is given twice.</exception>
    public Topology Induced(ReadOnlySpan<int> members)
    {
        if (members.IsEmpty)
            throw new ArgumentException("A topology needs at least one member.", nameof(members));

        Dictionary<int, int> newRanks = new(members.Length);
        bool unchanged = members.Length == Size;
        for (int i = 0; i < members.Length; i++)
        {
            CheckRank(members[i], nameof(members));
            if (!newRanks.TryAdd(members[i], i))
            {
                int first = newRanks[members[i]];
                throw new ArgumentException($"Rank {members[i]} is given twice, as member {first} and {i}.", nameof(members));
            }

            unchanged &= members[i] == i;
        }

        if (unchanged)
            return this;
        if (_shape.TryInduce(members) is { } known)
            return new(known);

        int[][] adjacency = new int[members.Length][];
        for (int i = 0; i < adjacency.Length; i++)
        {
            List<int> links = [];
            foreach (int neighbour in _shape.Neighbours(members[i]))
            {
                if (newRanks.TryGetValue(neighbour, out int rank))
                    links.Add(rank);
            }

            links.Sort();
            adjacency[i] = [.. links];
        }

        EdgeListShape shape = new(adjacency);
        MeshShape mesh = new(shape.Size);
        return new(shape.LinkCount == mesh.LinkCount ? mesh : shape);
    }

    private static int Checked(int size) =>
        size >= 1 ? size : throw new ArgumentOutOfRangeException(nameof(size), size, $"A topology has at least 1 rank, not {size}.");
}
