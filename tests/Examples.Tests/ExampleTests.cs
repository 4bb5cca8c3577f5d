using System.Text.RegularExpressions;

namespace Examples.Tests;

/// <summary>The small examples through the launcher.</summary>
public class ExampleTests
{
    public static TheoryData<int, string> Shapes() => new()
    {
        { 1, "mesh" },
        { 4, "hypercube" },
        { 4, "tree" },
        { 7, "mesh" },
        { 7, "hypercube" },
        { 16, "grid" },
    };

    [Theory, MemberData(nameof(Shapes))]
    public async Task Hello_greets_from_every_rank(int ranks, string topology)
    {
        Outcome run = await Programs.RunAsync("Hello", ranks, topology);
        run.AssertExit(0);
        for (int rank = 0; rank < ranks; rank++)
            Assert.Contains($"rank {rank} of {ranks}: ranks add up to {ranks * (ranks - 1) / 2}", run.Output);
    }

    [Theory, MemberData(nameof(Shapes))]
    public async Task Ring_brings_the_token_home(int ranks, string topology)
    {
        Outcome run = await Programs.RunAsync("Ring", ranks, topology, "5");
        run.AssertExit(0);
        Assert.Contains($"token is {5L * ranks * (ranks - 1) / 2} after 5 rounds", run.Output);
    }

    [Theory, MemberData(nameof(Shapes))]
    public async Task Pi_is_pi(int ranks, string topology)
    {
        Outcome run = await Programs.RunAsync("Pi", ranks, topology, "100000");
        run.AssertExit(0);
        Assert.Matches(@"pi is about 3\.14159265\d+ by 100000 steps", run.Output);
    }

    [Theory]
    [InlineData("KMeans", 1, "mesh", "2000", "5")]
    [InlineData("KMeans", 5, "tree", "3001", "7")]
    [InlineData("KMeans", 7, "grid", "7", "7")]
    [InlineData("Jacobi", 1, "mesh", "8")]
    [InlineData("Jacobi", 6, "grid", "20")]
    [InlineData("Jacobi", 5, "ring", "11")]
    [InlineData("Jacobi", 7, "tree", "7")]
    [InlineData("WordCount", 1, "mesh")]
    [InlineData("WordCount", 6, "grid")]
    [InlineData("WordCount", 5, "tree")]
    [InlineData("SampleSort", 1, "mesh", "5000")]
    [InlineData("SampleSort", 7, "mesh", "100001")]
    [InlineData("SampleSort", 4, "hypercube", "3")]
    [InlineData("SampleSort", 7, "grid", "0")]
    [InlineData("SampleSort", 5, "tree", "12345")]
    [InlineData("MeshOrGrid", 1, "mesh", "3")]
    [InlineData("MeshOrGrid", 9, "mesh", "3")]
    public async Task An_example_finds_itself_correct(string example, int ranks, string topology, params string[] args)
    {
        Outcome run = await Programs.RunAsync(example, ranks, topology, args);
        run.AssertExit(0);
        Assert.Contains(": correct", run.Output);
    }

    [Fact]
    public async Task WordCount_counts_a_file()
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                file, "To be, or not to be: that is the question.\nWhether 'tis nobler to suffer\n", TestContext.Current.CancellationToken);
            Outcome run = await Programs.RunAsync("WordCount", 3, "mesh", file);
            run.AssertExit(0);
            Assert.Contains("3 to", run.Output);
            Assert.Contains("15 words, 12 different, counted on 3 ranks: correct", run.Output);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("KMeans", "3", "4")]
    [InlineData("Jacobi", "1")]
    [InlineData("Jacobi", "1000000")]
    [InlineData("WordCount", "/no/such/file")]
    [InlineData("SampleSort", "many")]
    [InlineData("MeshOrGrid", "-1")]
    public async Task What_an_example_cannot_use_is_told_and_ends_with_2(string example, params string[] args)
    {
        Outcome run = await Programs.RunAsync(example, 3, "mesh", args);
        run.AssertExit(2);
        Assert.Contains($"{example.ToLowerInvariant()}: ", run.Output + run.Error);
    }

    [Fact]
    public async Task MeshOrGrid_asks_for_a_mesh_where_it_lacks_links()
    {
        Outcome run = await Programs.RunAsync("MeshOrGrid", 5, "tree");
        run.AssertExit(2);
        Assert.Single(Regex.Matches(run.Output + run.Error, "meshorgrid: .* not tree:2: add --topology mesh"));
    }

    [Theory]
    [InlineData("Ring", "none")]
    [InlineData("Pi", "0")]
    public async Task A_wrong_argument_is_told_once_and_ends_with_2(string example, string argument)
    {
        Outcome run = await Programs.RunAsync(example, 3, "mesh", argument);
        run.AssertExit(2);
        Assert.Single(Regex.Matches(run.Output + run.Error, "must be a positive number"));
    }
}
