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
    [InlineData("Ring", "none")]
    [InlineData("Pi", "0")]
    public async Task A_wrong_argument_is_told_once_and_ends_with_2(string example, string argument)
    {
        Outcome run = await Programs.RunAsync(example, 3, "mesh", argument);
        run.AssertExit(2);
        Assert.Single(Regex.Matches(run.Output + run.Error, "must be a positive number"));
    }
}
