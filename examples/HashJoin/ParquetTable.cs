using Parquet;
using Parquet.Schema;

namespace HashJoin;

/// <summary>A table in one or more Parquet files; rows are numbered through all of them in the order of the file names.</summary>
internal sealed class ParquetTable : IAsyncDisposable
{
    private readonly List<OpenFile> _files = [];

    public long RowCount { get; private set; }

    public static async Task<ParquetTable> OpenAsync(
        string directory, string name, string[] columns, CancellationToken cancellationToken)
    {
        ParquetTable table = new();
        string[] paths = Directory.GetFiles(directory, $"{name}*.parquet");
        Array.Sort(paths, StringComparer.Ordinal);
        if (paths.Length == 0)
            throw new InputException($"'{directory}' holds no {name}*.parquet");

        try
        {
            foreach (string path in paths)
                await table.AddAsync(path, columns, cancellationToken);
            return table;
        }
        catch
        {
            await table.DisposeAsync();
            throw;
        }
    }

    /// <summary>The row groups that hold the rows of a range, each with the part that belongs to it.</summary>
    public IEnumerable<ParquetSlice> Slices(RowRange range)
    {
        foreach (OpenFile file in _files)
        {
            long first = file.FirstRow;
            for (int group = 0; group < file.GroupRows.Length; first += file.GroupRows[group++])
            {
                long from = Math.Max(first, range.First), to = Math.Min(first + file.GroupRows[group], range.End);
                if (from < to)
                    yield return new ParquetSlice(file, group, (int)(from - first), (int)(to - from));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (OpenFile file in _files)
            await file.Reader.DisposeAsync();
    }

    private async Task AddAsync(string path, string[] columns, CancellationToken cancellationToken)
    {
        OpenFile file = await ParquetErrors.ReportAsync($"'{path}'", async () =>
        {
            ParquetReader reader = await ParquetReader.CreateAsync(path, cancellationToken: cancellationToken);
            try
            {
                Dictionary<string, DataField> fields = reader.Schema.GetDataFields().ToDictionary(field => field.Name);
                return new OpenFile(path, reader, fields, RowCount, [.. reader.Metadata!.RowGroups.Select(group => group.NumRows)]);
            }
            catch
            {
                await reader.DisposeAsync();
                throw;
            }
        });
        _files.Add(file);
        RowCount += file.GroupRows.Sum();

        foreach (string column in columns)
        {
            if (!file.Fields.ContainsKey(column))
                throw new InputException($"'{path}' has no column {column}; it has {string.Join(", ", file.Fields.Keys)}");
        }
    }

    internal sealed record OpenFile(
        string Path, ParquetReader Reader, Dictionary<string, DataField> Fields, long FirstRow, long[] GroupRows);
}

/// <summary>Names what could not be read: the decoder knows neither the file nor the column.</summary>
internal static class ParquetErrors
{
    public static T Report<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception ex) when (IsOfInput(ex))
        {
            throw Wrong(what, ex);
        }
    }

    public static async Task<T> ReportAsync<T>(string what, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception ex) when (IsOfInput(ex))
        {
            throw Wrong(what, ex);
        }
    }

    // A foreign decoder throws whatever a strange or damaged file leads it to: an index out of range as well as "not supported".
    private static bool IsOfInput(Exception ex) => ex is not (OperationCanceledException or InputException);

    private static InputException Wrong(string what, Exception ex) =>
        new($"cannot read {what}: {ex.Message.ReplaceLineEndings(" ")}");
}

/// <summary>Rows [Skip, Skip + Take) of one row group; columns are read whole, because a row group is the unit of compression.</summary>
internal sealed record ParquetSlice(ParquetTable.OpenFile File, int Group, int Skip, int Take)
{
    public string Path => File.Path;

    public ParquetRowGroupReader Open() =>
        ParquetErrors.Report($"row group {Group} of '{Path}'", () => File.Reader.OpenRowGroupReader(Group));

    public async Task<T[]> ReadAsync<T>(ParquetRowGroupReader group, string column, CancellationToken cancellationToken)
        where T : struct
    {
        DataField field = File.Fields[column];
        if (field.ClrType != typeof(T))
            throw new InputException($"column {column} of '{Path}' is {field.ClrType.Name}, not {typeof(T).Name}");

        int rows = checked((int)group.RowCount);
        T[] values = new T[rows];
        int[]? definitions = field.IsNullable ? new int[rows] : null;
        await ParquetErrors.ReportAsync($"column {column} of '{Path}'", async () =>
        {
            await group.ReadRawAsync<T>(field, values, definitions, null, cancellationToken);
            return values;
        });

        // dbgen's columns are declared nullable but hold no null; a raw read packs the values that are there.
        if (definitions is not null && definitions.AsSpan().IndexOfAnyExcept(field.MaxDefinitionLevel) is >= 0 and int row)
            throw new InputException($"column {column} of '{Path}' is null in row {row} of row group {Group}");
        return values;
    }
}
