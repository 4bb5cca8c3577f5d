namespace BoxerMpi.Schedules;

/// <summary>A tree over all ranks of a communicator, the same on every rank.</summary>
internal sealed class SpanningTree
{
    private const int MeshArity = 4;

    [ThreadStatic]
    private static (Topology Topology, int Root, SpanningTree Tree)? _latest;

    private readonly int[] _parents;
    private readonly int[] _children;
    private readonly int[] _firstChild;
    private readonly int[] _preorder;
    private readonly int[] _position;
    private readonly int[] _subtreeSize;

    /// <summary>Children are kept in the order of the ranks when counting starts at the root.</summary>
    private SpanningTree(int root, int[] parents)
    {
        int size = parents.Length;
        Root = root;
        _parents = parents;
        _firstChild = new int[size + 1];
        foreach (int parent in parents)
        {
            if (parent >= 0)
                _firstChild[parent + 1]++;
        }

        for (int rank = 0; rank < size; rank++)
            _firstChild[rank + 1] += _firstChild[rank];

        int[] next = _firstChild[..size];
        _children = new int[size - 1];
        for (int i = 1; i < size; i++)
        {
            int rank = (root + i) % size;
            _children[next[parents[rank]]++] = rank;
        }

        _preorder = new int[size];
        _position = new int[size];
        Stack<int> open = new([root]);
        for (int i = 0; i < size; i++)
        {
            int rank = open.Pop();
            _preorder[i] = rank;
            _position[rank] = i;
            ReadOnlySpan<int> children = Children(rank);
            for (int c = children.Length - 1; c >= 0; c--)
                open.Push(children[c]);
        }

        _subtreeSize = new int[size];
        for (int i = size - 1; i >= 0; i--)
        {
            int rank = _preorder[i];
            _subtreeSize[rank]++;
            if (rank != root)
                _subtreeSize[parents[rank]] += _subtreeSize[rank];
        }
    }

    public int Root { get; }

    /// <summary>The rank above, or -1 for the root.</summary>
    public int Parent(int rank) => _parents[rank];

    public ReadOnlySpan<int> Children(int rank) => _children.AsSpan(_firstChild[rank].._firstChild[rank + 1]);

    /// <summary>The ranks below and the rank itself, which comes first; the subtree of each child lies in one piece.</summary>
    public ReadOnlySpan<int> Subtree(int rank) => _preorder.AsSpan(_position[rank], _subtreeSize[rank]);

    /// <summary>The root sends to everybody.</summary>
    public static SpanningTree Flat(int size, int root)
    {
        int[] parents = new int[size];
        Array.Fill(parents, root);
        parents[root] = -1;
        return new(root, parents);
    }

    /// <summary>The parent of a rank is the rank without its lowest bit, when counting starts at the root.</summary>
    public static SpanningTree Binomial(int size, int root)
    {
        int[] parents = new int[size];
        for (int i = 0; i < size; i++)
            parents[(root + i) % size] = i == 0 ? -1 : BinomialParent((root + i) % size, root, size);
        return new(root, parents);
    }

    /// <summary>The ranks one after the other, from the root on.</summary>
    public static SpanningTree Chain(int size, int root)
    {
        int[] parents = new int[size];
        for (int i = 0; i < size; i++)
            parents[(root + i) % size] = i == 0 ? -1 : (root + i - 1) % size;
        return new(root, parents);
    }

    /// <summary>A binomial tree over the root's column, and one over every row below the rank that it has in that column.</summary>
    /// <remarks>
    /// With root 0, every subtree is a range of ranks. Where a short last row lacks the root's column, its ranks are below the root's row.
    /// </remarks>
    public static SpanningTree Grid(in GridPlan grid, int size, int root)
    {
        (int rootRow, int rootColumn) = Math.DivRem(root, grid.Columns);
        int height = grid.ColumnLength(rootColumn);
        int[] parents = new int[size];
        for (int rank = 0; rank < size; rank++)
        {
            (int row, int column) = Math.DivRem(rank, grid.Columns);
            if (row >= height)
                parents[rank] = grid.Rank(rootRow, column);
            else if (column != rootColumn)
                parents[rank] = grid.Rank(row, BinomialParent(column, rootColumn, grid.RowLength(row)));
            else
                parents[rank] = row == rootRow ? -1 : grid.Rank(BinomialParent(row, rootRow, height), column);
        }

        return new(root, parents);
    }

    /// <summary>
    /// A tree along the topology's links with every rank as near to the root as it can be; fixed arity when all are linked.
    /// </summary>
    public static SpanningTree Over(Topology topology, int root)
    {
        // Whoever plans for all ranks asks for the same tree each time.
        if (_latest is { } latest && latest.Root == root && ReferenceEquals(latest.Topology, topology))
            return latest.Tree;
        SpanningTree tree = Search(topology, root);
        _latest = (topology, root, tree);
        return tree;
    }

    private static SpanningTree Search(Topology topology, int root)
    {
        int size = topology.Size;
        int[] parents = new int[size];
        if (topology.Kind == TopologyKind.Mesh || !topology.IsConnected)
        {
            for (int i = 0; i < size; i++)
                parents[(root + i) % size] = i == 0 ? -1 : (root + (i - 1) / MeshArity) % size;
            return new(root, parents);
        }

        // Breadth first, so that siblings share out the ranks below them: the first that reaches a rank becomes its parent.
        Array.Fill(parents, -2);
        parents[root] = -1;
        Queue<int> open = new([root]);
        while (open.TryDequeue(out int rank))
        {
            foreach (int neighbour in topology.Neighbours(rank))
            {
                if (parents[neighbour] == -2)
                {
                    parents[neighbour] = rank;
                    open.Enqueue(neighbour);
                }
            }
        }

        return new(root, parents);
    }

    /// <summary>The number without its lowest bit, when counting starts at the root.</summary>
    private static int BinomialParent(int member, int root, int size)
    {
        int distance = (member - root + size) % size;
        return (root + (distance & (distance - 1))) % size;
    }
}
