using Parquet;

namespace HashJoin;

/// <summary>orders*.parquet and lineitem*.parquet of a folder, as examples/data/make.sh writes them.</summary>
internal sealed class ParquetInput : IJoinInput
{
    private readonly ParquetTable _orders;
    private readonly ParquetTable _lines;

    private ParquetInput(string directory, ParquetTable orders, ParquetTable lines)
    {
        Name = directory;
        _orders = orders;
        _lines = lines;
    }

    public string Name { get; }

    public long OrderCount => _orders.RowCount;

    public long LineCount => _lines.RowCount;

    public static async Task<IJoinInput> OpenAsync(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
            throw new InputException($"there is no folder '{directory}'; make one with examples/data/make.sh --out DIR");

        ParquetTable orders = await ParquetTable.OpenAsync(directory, "orders", ["o_orderkey", "o_orderpriority"], cancellationToken);
        ParquetTable lines = await ParquetTable.OpenAsync(
            directory, "lineitem", ["l_orderkey", "l_extendedprice", "l_discount"], cancellationToken);
        return new ParquetInput(directory, orders, lines);
    }

    /// <summary>The data that came with the example: beside the program, else in a clone around the working folder.</summary>
    public static string FindDefaultFolder()
    {
        string beside = Path.Combine(AppContext.BaseDirectory, "data");
        if (Directory.Exists(beside))
            return beside;

        for (DirectoryInfo? folder = new(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
        {
            string inClone = Path.Combine(folder.FullName, "examples", "data");
            if (Directory.Exists(inClone))
                return inClone;
        }

        throw new InputException(
            $"no data beside the program ({beside}) nor in an examples/data around the working folder; use --data DIR");
    }

    public async Task<OrderRow[]> ReadOrdersAsync(RowRange range, CancellationToken cancellationToken)
    {
        OrderRow[] rows = new OrderRow[checked((int)range.Count)];
        int filled = 0;
        foreach (ParquetSlice slice in _orders.Slices(range))
        {
            using ParquetRowGroupReader group = slice.Open();
            long[] keys = await slice.ReadAsync<long>(group, "o_orderkey", cancellationToken);
            ReadOnlyMemory<char>[] priorities = await slice.ReadAsync<ReadOnlyMemory<char>>(group, "o_orderpriority", cancellationToken);
            for (int i = slice.Skip; i < slice.Skip + slice.Take; i++)
            {
                int priority = Priorities.IndexOf(priorities[i].Span);
                if (priority < 0)
                    throw new InputException(
                        $"o_orderpriority '{priorities[i]}' in '{slice.Path}' is none of {string.Join(", ", Priorities.Names)}");
                rows[filled++] = new OrderRow(keys[i], priority);
            }
        }

        return rows;
    }

    public async Task<LineRow[]> ReadLinesAsync(RowRange range, CancellationToken cancellationToken)
    {
        LineRow[] rows = new LineRow[checked((int)range.Count)];
        int filled = 0;
        foreach (ParquetSlice slice in _lines.Slices(range))
        {
            using ParquetRowGroupReader group = slice.Open();
            long[] keys = await slice.ReadAsync<long>(group, "l_orderkey", cancellationToken);
            decimal[] prices = await slice.ReadAsync<decimal>(group, "l_extendedprice", cancellationToken);
            decimal[] discounts = await slice.ReadAsync<decimal>(group, "l_discount", cancellationToken);
            for (int i = slice.Skip; i < slice.Skip + slice.Take; i++)
                rows[filled++] = new LineRow(keys[i], Hundredths(prices[i], slice), Hundredths(discounts[i], slice));
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await _orders.DisposeAsync();
        await _lines.DisposeAsync();
    }

    private static int Hundredths(decimal value, ParquetSlice slice)
    {
        decimal hundredths = value * 100m;
        if (hundredths is < int.MinValue or > int.MaxValue || hundredths != decimal.Truncate(hundredths))
            throw new InputException($"{value} in '{slice.Path}' is not a TPC-H amount: two decimals, below {int.MaxValue / 100:N0}");
        return (int)hundredths;
    }
}
