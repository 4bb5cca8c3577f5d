namespace BoxerMpi.Shapes;

/// <summary>Ranks row by row in R×C places; every row and every column is a clique.</summary>
/// <remarks>
/// Only the last row may be short. Two ranks that share neither row nor column then still have a corner between them:
/// a place that the last row lacks is never missing in the row of the other rank. So the diameter is at most 2.
/// </remarks>
internal sealed class GridShape : Shape
{
    public GridShape(int size, int rows, int columns)
        : base(size)
    {
        Rows = rows;
        Columns = columns;
    }

    public int Rows { get; }

    public int Columns { get; }

    public override TopologyKind Kind => TopologyKind.Grid;

    public override string Spec => $"grid:{Rows}x{Columns}";

    public override string Title => LastRow == Columns ? $"grid {Rows}x{Columns}" : $"grid {Rows}x{Columns} (last row {LastRow})";

    public override long LinkCount
    {
        get
        {
            long inRows = (Rows - 1L) * Pairs(Columns) + Pairs(LastRow);
            return inRows + LastRow * Pairs(Rows) + (Columns - LastRow) * Pairs(Rows - 1);
        }
    }

    public override int Diameter => Size == 1 ? 0 : Rows == 1 || Columns == 1 ? 1 : 2;

    private int LastRow => Size - (Rows - 1) * Columns;

    /// <summary>The grid that a plain <c>grid</c> stands for.</summary>
    /// <remarks>
    /// A full rectangle up to twice as wide as high comes first: without a short row the two-phase exchange is balanced,
    /// and powers of two keep a power of two of columns. Otherwise the fewest links per rank, then the fewest empty places.
    /// </remarks>
    public static (int Rows, int Columns) NearSquare(int size)
    {
        int root = (int)Math.Sqrt(size);
        for (int rows = root; rows >= 1; rows--)
        {
            if (size % rows == 0 && size / rows <= 2L * rows)
                return (rows, size / rows);
        }

        (long Links, long Empty, int Rows, int Columns) best = (long.MaxValue, 0, 0, 0);
        for (int rows = root + 1; rows >= 1; rows--)
        {
            int columns = (size - 1) / rows + 1;
            long empty = (long)rows * columns - size;
            if (columns >= rows && empty < columns && (rows + (long)columns, empty).CompareTo((best.Links, best.Empty)) < 0)
                best = (rows + (long)columns, empty, rows, columns);
        }

        return (best.Rows, best.Columns);
    }

    public override int Degree(int rank) => RowLength(rank / Columns) + ColumnLength(rank % Columns) - 2;

    public override int[] Neighbours(int rank)
    {
        (int row, int column) = Math.DivRem(rank, Columns);
        int[] neighbours = new int[Degree(rank)];
        int count = 0;
        for (int r = 0; r < ColumnLength(column); r++)
        {
            if (r != row)
            {
                neighbours[count++] = r * Columns + column;
                continue;
            }

            for (int c = 0; c < RowLength(row); c++)
            {
                if (c != column)
                    neighbours[count++] = row * Columns + c;
            }
        }

        return neighbours;
    }

    public override bool HasLink(int a, int b) => a / Columns == b / Columns || a % Columns == b % Columns;

    public override int NextHop(int from, int to)
    {
        if (HasLink(from, to))
            return to;
        (int row, int column) = Math.DivRem(from, Columns);
        (int toRow, int toColumn) = Math.DivRem(to, Columns);
        return toColumn < RowLength(row) ? row * Columns + toColumn : toRow * Columns + column;
    }

    /// <summary>Some rows by some columns are a grid again; one row or one column is a mesh.</summary>
    public override Shape? TryInduce(ReadOnlySpan<int> members)
    {
        int columns = 1;
        while (columns < members.Length && members[columns] / Columns == members[0] / Columns)
            columns++;

        for (int i = 0; i < members.Length; i++)
        {
            // Members are distinct, so equal columns in two runs also say that the runs are different rows.
            bool sameRow = members[i] / Columns == members[i / columns * columns] / Columns;
            if (!sameRow || members[i] % Columns != members[i % columns] % Columns)
                return null;
        }

        int rows = (members.Length - 1) / columns + 1;
        return rows == 1 || columns == 1 ? new MeshShape(members.Length) : new GridShape(members.Length, rows, columns);
    }

    private static long Pairs(long count) => count * (count - 1) / 2;

    private int RowLength(int row) => row < Rows - 1 ? Columns : LastRow;

    private int ColumnLength(int column) => column < LastRow ? Rows : Rows - 1;
}
