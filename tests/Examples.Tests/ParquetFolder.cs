namespace Examples.Tests;

/// <summary>A folder with both tables of the example's data, written anew in another form.</summary>
internal sealed class ParquetFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("hashjoin-").FullName;

    public string File(string table) => System.IO.Path.Combine(Path, table + ".parquet");

    /// <param name="options">What DuckDB's COPY takes.</param>
    public void Write(string options)
    {
        foreach (string table in (string[])["orders", "lineitem"])
            DuckDb.Execute($"COPY (SELECT * FROM '{Programs.DataFolder}/{table}*.parquet') TO '{File(table)}' {options}");
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
