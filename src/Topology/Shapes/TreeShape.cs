namespace BoxerMpi.Shapes;

/// <summary>A K-ary tree in heap order: the parent of rank r is (r−1)/K, level by level from the left.</summary>
internal sealed class TreeShape(int size, int arity) : Shape(size)
{
    public int Arity { get; } = arity;

    public override TopologyKind Kind => TopologyKind.Tree;

    public override string Spec => $"tree:{Arity}";

    public override string Title => $"tree {Arity}";

    public override long LinkCount => Size - 1;

    public override int Diameter
    {
        get
        {
            if (Arity == 1 || Size <= 2)
                return Size - 1;

            // The last rank is a deepest one. Down to a second deepest one under another child of the root, if the
            // deepest level reaches beyond the first child; else to the level above, which is full.
            int depth = 1;
            int branch = Size - 1;
            for (; branch > Arity; branch = Parent(branch))
                depth++;
            return branch > 1 ? 2 * depth : 2 * depth - 1;
        }
    }

    public override int Degree(int rank)
    {
        (int first, int end) = Children(rank);
        return end - first + (rank > 0 ? 1 : 0);
    }

    public override int[] Neighbours(int rank)
    {
        (int first, int end) = Children(rank);
        int[] neighbours = new int[Degree(rank)];
        int count = 0;
        if (rank > 0)
            neighbours[count++] = Parent(rank);
        for (int child = first; child < end; child++)
            neighbours[count++] = child;
        return neighbours;
    }

    public override bool HasLink(int a, int b) => Parent(Math.Max(a, b)) == Math.Min(a, b);

    public override int NextHop(int from, int to)
    {
        if (Arity == 1)
            return to > from ? from + 1 : from - 1;

        // Up from the destination: either we are one of its ancestors, and the step before us leads down to it, or not.
        int below = to;
        for (int above = to; above > from; above = Parent(above))
            below = above;
        return below > from && Parent(below) == from ? below : Parent(from);
    }

    private int Parent(int rank) => (rank - 1) / Arity;

    private (int First, int End) Children(int rank)
    {
        long first = (long)rank * Arity + 1;
        return ((int)Math.Min(first, Size), (int)Math.Min(first + Arity, Size));
    }
}
