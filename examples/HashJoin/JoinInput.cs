namespace HashJoin;

/// <summary>The two tables, readable by row number, so that any number of ranks reads every row exactly once.</summary>
internal interface IJoinInput : IAsyncDisposable
{
    string Name { get; }

    long OrderCount { get; }

    long LineCount { get; }

    Task<OrderRow[]> ReadOrdersAsync(RowRange range, CancellationToken cancellationToken);

    Task<LineRow[]> ReadLinesAsync(RowRange range, CancellationToken cancellationToken);
}

/// <summary>The user's input or command line is wrong: told once, exit code 2.</summary>
internal sealed class InputException(string message) : Exception(message);

/// <summary>o_orderpriority of TPC-H (specification, 4.2.3): five fixed texts, so that ranks exchange a number.</summary>
internal static class Priorities
{
    public const int Count = 5;

    public static readonly string[] Names = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];

    /// <summary>The number of a text, or -1.</summary>
    public static int IndexOf(ReadOnlySpan<char> name)
    {
        int index = name.IsEmpty ? -1 : name[0] - '1';
        return (uint)index < Count && name.SequenceEqual(Names[index]) ? index : -1;
    }
}
