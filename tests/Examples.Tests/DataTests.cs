using System.Globalization;
using System.IO.Hashing;

namespace Examples.Tests;

/// <summary>examples/data is what its README says, so that figures and tests mean the same rows everywhere.</summary>
public class DataTests
{
    [Theory]
    [InlineData("orders.parquet", 0xbf0a7f020b34f8e0UL)]
    [InlineData("lineitem.parquet", 0x292b21c895e1287bUL)]
    public void Files_have_the_checksums_of_the_readme(string file, ulong expected)
    {
        ulong actual = XxHash3.HashToUInt64(File.ReadAllBytes(Path.Combine(Programs.DataFolder, file)));
        Assert.Equal(expected.ToString("x16", CultureInfo.InvariantCulture), actual.ToString("x16", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("orders", 15_000)]
    [InlineData("lineitem", 60_175)]
    public void Tables_have_the_rows_of_scale_0_01(string table, long rows) =>
        Assert.Equal(rows, DuckDb.Scalar($"SELECT count(*) FROM '{Programs.DataFolder}/{table}.parquet'"));

    [Fact]
    public void Row_groups_are_small_enough_for_sixteen_ranks()
    {
        Assert.True(
            DuckDb.Scalar($"SELECT count(DISTINCT row_group_id) FROM parquet_metadata('{Programs.DataFolder}/lineitem.parquet')") >= 16);
        Assert.True(new DirectoryInfo(Programs.DataFolder).EnumerateFiles("*.parquet").Sum(file => file.Length) < 2_000_000);
    }
}
