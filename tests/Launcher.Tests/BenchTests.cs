using System.Text.Json;
using BoxerMpi.Launcher.Bench;
using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>
/// <c>boxer bench</c>: every operation runs, its data is right, its results have the form that docs/benchmarks.md promises.
/// </summary>
public sealed class BenchTests
{
    private static readonly string All = string.Join(',', BenchOperations.All.Select(operation => operation.Name));

    [Theory]
    [InlineData(2, "mesh")]
    [InlineData(3, "ring")]
    public async Task Every_operation_gives_a_line_a_size(int size, string topology)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("boxer-bench-").FullName, "results.json");
        (await Boxer.RunAsync(
            "bench", All, "-n", $"{size}", "--topology", topology, "--bytes", "8,1K", "--seconds", "0.01", "--warmup", "0.01", "--check",
            "--json", file))
            .ExitsWith(0);

        JsonElement[] lines = [.. File.ReadLines(file).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
        Assert.Equal(
            BenchOperations.All.SelectMany(
                operation => operation.HasNoData ? [(operation.Name, 0L)] : new[] { (operation.Name, 8L), (operation.Name, 1024L) }),
            lines.Select(line => (line.GetProperty("op").GetString()!, line.GetProperty("bytes").GetInt64())));
        foreach (JsonElement line in lines)
        {
            Assert.Equal(
                ["op", "ranks", "bytes", "us_min", "us_median", "us_p99", "iters", "topology", "algorithm"],
                line.EnumerateObject().Select(property => property.Name));
            Assert.Equal((size, topology), (line.GetProperty("ranks").GetInt32(), line.GetProperty("topology").GetString()));
            Assert.InRange(line.GetProperty("us_min").GetDouble(), 0.001, line.GetProperty("us_median").GetDouble());
            Assert.InRange(line.GetProperty("us_median").GetDouble(), 0.001, line.GetProperty("us_p99").GetDouble());
            Assert.True(line.GetProperty("iters").GetInt64() >= 5);
            Assert.NotEmpty(line.GetProperty("algorithm").GetString()!);
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Theory]
    [InlineData("OP is missing", "bench", "-n", "2")]
    [InlineData("no operation 'pong'", "bench", "pong", "-n", "2")]
    [InlineData("-n is missing", "bench", "barrier")]
    [InlineData("pingpong needs at least 2 ranks", "bench", "pingpong", "-n", "1")]
    [InlineData("--bytes 'many' is not a size", "bench", "bcast", "-n", "2", "--bytes", "8,many")]
    [InlineData("--bytes '-8' is not a size", "bench", "bcast", "-n", "2", "--bytes", "-8")]
    [InlineData("reduce sums elements of 8 bytes, and 12 is not a multiple", "bench", "reduce", "-n", "2", "--bytes", "12")]
    [InlineData("needs a buffer above 2 GiB", "bench", "alltoall", "-n", "4", "--bytes", "1024M")]
    [InlineData("is not a time", "bench", "barrier", "-n", "2", "--seconds", "0")]
    [InlineData("cannot write there", "bench", "barrier", "-n", "2", "--json", "/no/such/folder/results.json")]
    public async Task What_cannot_be_measured_is_refused_before_ranks_start(string message, params string[] arguments)
    {
        BoxerResult result = (await Boxer.RunAsync(arguments)).ExitsWith(2);
        Assert.Contains(message, result.Error[0], StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public void Sizes_have_units() => Assert.Equal([0, 8, 1024, 2 * 1024 * 1024], BenchOptions.ParseBytes("0,8, 1K,2M"));
}
