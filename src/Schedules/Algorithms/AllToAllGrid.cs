namespace BoxerMpi.Schedules;

/// <summary>
/// Two phases over a grid of r rows and c columns: along its row a rank hands each column's blocks to the rank in that column,
/// which passes on along the column what its row collected. r+c−2 messages a rank instead of P−1; blocks travel up to twice.
/// </summary>
/// <remarks>
/// Best for short blocks and where links are few (docs/collectives.md, "Mesh or grid"). A short last row lacks columns: what its ranks
/// send there goes down the column first and then along the row. With counts, a rank must know those of its row for its own column:
/// <see cref="BuildCounts"/> brings them by the first phase.
/// </remarks>
internal static class AllToAllGrid
{
    public static Schedule Build(in CollectiveCall call)
    {
        Exchange exchange = new(call);
        exchange.FirstPhase();
        exchange.SecondPhase();
        return exchange.Schedule.Build();
    }

    /// <summary>
    /// Sends counts the way the first phase sends blocks; they arrive in the order in which <see cref="Build"/> reads them.
    /// </summary>
    /// <remarks>The send buffer holds a count for each rank.</remarks>
    public static Schedule BuildCounts(in CollectiveCall call)
    {
        Exchange exchange = new(
            call with { SendLayout = null, ReceiveLayout = null, Known = null, Bytes = sizeof(long), StageSend = false });
        exchange.FirstPhase();
        long offset = 0;
        foreach (Region arrival in exchange.FirstArrivals())
        {
            exchange.Schedule.Copy(arrival, Region.UserReceive(offset, arrival.Length));
            offset += arrival.Length;
        }

        return exchange.Schedule.Build();
    }

    public static int CountsLength(in CollectiveCall call)
    {
        GridPlan grid = new(call);
        return (grid.RowLength(grid.Row) - 1) * grid.ColumnLength(grid.Column) + (HasDetour(grid) ? grid.Columns - grid.LastRowLength : 0);
    }

    /// <summary>Whether the last row's rank of this column sends its blocks for the missing columns by way of this rank.</summary>
    private static bool HasDetour(in GridPlan grid) =>
        grid.LastRowLength < grid.Columns && grid.Row < grid.Rows - 1 && grid.Column < grid.LastRowLength;

    private sealed class Exchange
    {
        private readonly CollectiveCall _call;
        private readonly GridPlan _grid;
        private readonly int _row;
        private readonly int _column;

        // [c, r]: the block that the rank in column c of this row has for the rank in row r of this column.
        private readonly Region[,] _collected;

        // By column, from the first one that the last row lacks: the block from the last row's rank in this column for that of this row.
        private readonly Region[] _detour;
        private readonly List<(int Peer, Region Content)> _outgoing = [];
        private int _known;

        public Exchange(in CollectiveCall call)
        {
            _call = call;
            _grid = new(call);
            Schedule = new(call);
            (_row, _column) = (_grid.Row, _grid.Column);
            _collected = new Region[_grid.RowLength(_row), _grid.ColumnLength(_column)];
            _detour = new Region[HasDetour(_grid) ? _grid.Columns - _grid.LastRowLength : 0];
        }

        public ScheduleBuilder Schedule { get; }

        private bool IsUniform => _call.SendLayout is null;

        /// <summary>Everything that arrives in the first phase, in order.</summary>
        public IEnumerable<Region> FirstArrivals()
        {
            for (int c = 0; c < _collected.GetLength(0); c++)
            {
                for (int r = 0; c != _column && r < _collected.GetLength(1); r++)
                    yield return _collected[c, r];
            }

            foreach (Region block in _detour)
                yield return block;
        }

        public void FirstPhase()
        {
            Pack();
            for (int c = 0; c < _grid.RowLength(_row); c++)
            {
                if (c != _column)
                    Schedule.Receive(
                        from: _grid.Rank(_row, c), Arrival(_grid.ColumnLength(_column), (r, block) => _collected[c, r] = block));
            }

            if (_detour.Length > 0)
                Schedule.Receive(from: _grid.Rank(_grid.Rows - 1, _column), Arrival(_detour.Length, (i, block) => _detour[i] = block));
            Schedule.EndRound();
        }

        public void SecondPhase()
        {
            int rows = _grid.ColumnLength(_column);
            int columns = _grid.RowLength(_row);
            Schedule.Copy(_call.SendBlock(_call.Rank), _call.ReceiveBlock(_call.Rank));
            for (int c = 0; c < columns; c++)
            {
                if (c != _column)
                    Schedule.Copy(_collected[c, _row], _call.ReceiveBlock(_grid.Rank(_row, c)));
            }

            // Rotated like the linear exchange: ranks that all began with the first row would queue at its port, then at the next one's.
            for (int i = 1; i < rows; i++)
            {
                int r = (_row + i) % rows;
                Send(_grid.Rank(r, _column), Bundle(r, columns));
            }

            for (int i = 0; i < _detour.Length; i++)
                Send(_grid.Rank(_row, _grid.LastRowLength + i), _detour[i]);
            EndPacking();

            for (int r = 0; r < rows; r++)
            {
                if (r != _row)
                    ReceiveRow(r);
            }

            for (int c = 0; _column >= _grid.LastRowLength && _row < _grid.Rows - 1 && c < _grid.LastRowLength; c++)
                Schedule.Receive(from: _grid.Rank(_row, c), _call.ReceiveBlock(_grid.Rank(_grid.Rows - 1, c)));
            Schedule.EndRound();
        }

        private void Send(int peer, Region content) => _outgoing.Add((peer, content));

        /// <summary>Messages leave in the round after the one that packs them.</summary>
        private void EndPacking()
        {
            Schedule.EndRound();
            foreach ((int peer, Region content) in _outgoing)
                Schedule.Send(to: peer, content);
            _outgoing.Clear();
        }

        private void Pack()
        {
            int columns = _grid.RowLength(_row);
            for (int i = 1; i < columns; i++)
            {
                int c = (_column + i) % columns;
                Send(_grid.Rank(_row, c), PackColumn(c));
            }

            // What this column's ranks get from this rank travels with what the row brings for them.
            for (int r = 0; r < _grid.ColumnLength(_column); r++)
                _collected[_column, r] = _call.SendBlock(_grid.Rank(r, _column));

            int present = _grid.LastRowLength;
            for (int r = 0; _row == _grid.Rows - 1 && present < _grid.Columns && r < _row; r++)
                Send(_grid.Rank(r, _column), PackBlocks(_grid.Rank(r, present), _grid.Columns - present));
            EndPacking();
        }

        /// <summary>The blocks for all ranks of a column, one after the other.</summary>
        private Region PackColumn(int column)
        {
            int rows = _grid.ColumnLength(column);
            if (IsUniform)
            {
                long block = _call.Bytes;
                Region packed = Schedule.Scratch(rows * block);
                Schedule.CopyStrided(
                    _call.SendBlock(_grid.Rank(0, column)), _grid.Columns * block, packed.Slice(0, block), block, rows);
                return packed;
            }

            List<Region> blocks = [];
            for (int r = 0; r < rows; r++)
                blocks.Add(_call.SendBlock(_grid.Rank(r, column)));
            return PackList(blocks);
        }

        private Region PackBlocks(int first, int count)
        {
            List<Region> blocks = [];
            for (int rank = first; rank < first + count; rank++)
                blocks.Add(_call.SendBlock(rank));
            return PackList(blocks);
        }

        /// <summary>What this row has for the rank in another row of this column, in the order of its columns.</summary>
        private Region Bundle(int row, int columns)
        {
            if (IsUniform)
                return BundleStrided(row, columns);
            List<Region> blocks = [];
            for (int c = 0; c < columns; c++)
                blocks.Add(_collected[c, row]);
            return PackList(blocks);
        }

        /// <summary>As <see cref="Bundle"/>, where what came from the columns lies at equal distances: at most three steps.</summary>
        private Region BundleStrided(int row, int columns)
        {
            long block = _call.Bytes;
            Region packed = Schedule.Scratch(columns * block);
            CopyColumns(0, _column);
            Schedule.Copy(_collected[_column, row], packed.Slice(_column * block, block));
            CopyColumns(_column + 1, columns);
            return packed;

            void CopyColumns(int from, int until)
            {
                if (until <= from)
                    return;
                long stride = until - from > 1 ? _collected[from + 1, row].Offset - _collected[from, row].Offset : block;
                Schedule.CopyStrided(_collected[from, row], stride, packed.Slice(from * block, block), block, until - from);
            }
        }

        private Region PackList(List<Region> blocks)
        {
            long bytes = 0;
            foreach (Region block in blocks)
                bytes += block.Length;
            Region packed = Schedule.Scratch(bytes);
            long offset = 0;
            foreach (Region block in blocks)
            {
                Schedule.Copy(block, packed.Slice(offset, block.Length));
                offset += block.Length;
            }

            return packed;
        }

        /// <summary>Scratch memory for blocks whose lengths are the next known ones.</summary>
        private Region Arrival(int count, Action<int, Region> place)
        {
            long[] lengths = new long[count];
            long bytes = 0;
            for (int i = 0; i < count; i++)
            {
                lengths[i] = _call.Known is { } known ? known[_known++] * _call.ElementSize : _call.Bytes;
                bytes += lengths[i];
            }

            Region arrival = Schedule.Scratch(bytes);
            long offset = 0;
            for (int i = 0; i < count; i++)
            {
                place(i, arrival.Slice(offset, lengths[i]));
                offset += lengths[i];
            }

            return arrival;
        }

        /// <summary>Takes what a whole row sends to this rank: straight into place where its blocks lie together.</summary>
        private void ReceiveRow(int row)
        {
            Region together = _call.ReceiveBlock(_grid.Rank(row, 0)) with { Length = 0 };
            bool inPlace = true;
            long bytes = 0;
            for (int c = 0; c < _grid.RowLength(row); c++)
            {
                Region block = _call.ReceiveBlock(_grid.Rank(row, c));
                inPlace &= block.Offset == together.End || block.Length == 0;
                together = together with { Length = together.Length + block.Length };
                bytes += block.Length;
            }

            int peer = _grid.Rank(row, _column);
            if (inPlace)
            {
                Schedule.Receive(from: peer, together);
                return;
            }

            Region arrival = Schedule.Scratch(bytes);
            Schedule.Receive(from: peer, arrival);
            long offset = 0;
            for (int c = 0; c < _grid.RowLength(row); c++)
            {
                Region block = _call.ReceiveBlock(_grid.Rank(row, c));
                Schedule.Copy(arrival.Slice(offset, block.Length), block);
                offset += block.Length;
            }
        }
    }
}
