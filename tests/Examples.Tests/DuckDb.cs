using DuckDB.NET.Data;
using HashJoin;

namespace Examples.Tests;

/// <summary>Reference answers from a database that shares no code with the example.</summary>
internal static class DuckDb
{
    public static long Scalar(string sql)
    {
        using DuckDBConnection connection = new("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public static void Execute(string sql)
    {
        using DuckDBConnection connection = new("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Lines and revenue in 1/10,000 of the example's query, by priority.</summary>
    public static (long[] Lines, long[] Revenue) Join(string folder)
    {
        using DuckDBConnection connection = new("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT o_orderpriority, count(*)::BIGINT, (sum(l_extendedprice * (1 - l_discount)) * 10000)::BIGINT
            FROM '{folder}/orders*.parquet' JOIN '{folder}/lineitem*.parquet' ON o_orderkey = l_orderkey
            GROUP BY o_orderpriority
            """;
        long[] lines = new long[Priorities.Count], revenue = new long[Priorities.Count];
        using DuckDBDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            int priority = Priorities.IndexOf(reader.GetString(0));
            lines[priority] = reader.GetInt64(1);
            revenue[priority] = reader.GetInt64(2);
        }

        return (lines, revenue);
    }
}
