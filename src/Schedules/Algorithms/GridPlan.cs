namespace BoxerMpi.Schedules;

/// <summary>Ranks row by row in rows and columns; only the last row may be short.</summary>
/// <remarks>The topology's grid if it is one, else the near-square grid that one would choose.</remarks>
internal readonly struct GridPlan
{
    private readonly int _lastRow;

    public GridPlan(in CollectiveCall call)
    {
        (Rows, Columns) = call.Topology.Kind == TopologyKind.Grid
            ? (call.Topology.Rows, call.Topology.Columns)
            : Topology.NearSquare(call.Size);
        _lastRow = call.Size - (Rows - 1) * Columns;
        (Row, Column) = Math.DivRem(call.Rank, Columns);
    }

    public int Rows { get; }

    public int Columns { get; }

    /// <summary>The row of this rank.</summary>
    public int Row { get; }

    /// <summary>The column of this rank.</summary>
    public int Column { get; }

    /// <summary>The columns that the last row has.</summary>
    public int LastRowLength => _lastRow;

    public int Rank(int row, int column) => row * Columns + column;

    /// <summary>How many ranks are in a row.</summary>
    public int RowLength(int row) => row < Rows - 1 ? Columns : _lastRow;

    /// <summary>How many ranks are in a column.</summary>
    public int ColumnLength(int column) => column < _lastRow ? Rows : Rows - 1;
}
