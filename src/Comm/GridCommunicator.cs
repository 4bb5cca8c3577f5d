namespace BoxerMpi;

/// <summary>Ranks in rows and columns, row by row, with a communicator for this rank's row and one for its column.</summary>
/// <remarks>Made by <c>CreateGrid</c>. Disposing it disposes its row and column.</remarks>
/// <example>
/// <code>
/// using GridCommunicator grid = world.CreateGrid(rows: 8, columns: 8);
/// grid.Row.AllToAll(outgoing, staging);
/// double largest = grid.Column.AllReduce(mine, ReduceOp&lt;double&gt;.Max);
/// </code>
/// </example>
public sealed class GridCommunicator : Communicator
{
    internal GridCommunicator(in Membership membership, int columns)
        : base(membership)
    {
        Columns = columns;
        Rows = Size / columns;
    }

    /// <summary>The number of rows.</summary>
    public int Rows { get; }

    /// <summary>The number of columns.</summary>
    public int Columns { get; }

    /// <summary>Which row this rank is in.</summary>
    public int RowIndex => Rank / Columns;

    /// <summary>Which column this rank is in.</summary>
    public int ColumnIndex => Rank % Columns;

    /// <summary>The ranks of this rank's row, in the order of the columns: this rank is <see cref="ColumnIndex"/> there.</summary>
    public Communicator Row { get; internal set; } = null!;

    /// <summary>The ranks of this rank's column, in the order of the rows: this rank is <see cref="RowIndex"/> there.</summary>
    public Communicator Column { get; internal set; } = null!;

    /// <summary>Which rank is somewhere.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row or column.</exception>
    public int RankAt(int row, int column)
    {
        if ((uint)row >= (uint)Rows)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"\"{Name}\" has rows 0 to {Rows - 1}.");
        if ((uint)column >= (uint)Columns)
            throw new ArgumentOutOfRangeException(nameof(column), column, $"\"{Name}\" has columns 0 to {Columns - 1}.");
        return row * Columns + column;
    }

    private protected override IReadOnlyList<Communicator> Parts => [Row, Column];
}
