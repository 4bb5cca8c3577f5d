using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>What options give to the ranks.</summary>
public sealed class OptionTests
{
    [Fact]
    public async Task Variables_reach_every_rank_and_no_others_change()
    {
        await using Boxer boxer = Boxer.StartWith(
            [new("INHERITED", "from outside"), new("REPLACED", "old")],
            "run", "-n", "2", "-x", "NEW=a b=c", "-x", "REPLACED=new", "-x", "INHERITED", "-x", "EMPTY=",
            "--", "sh", "-c", "echo \"$NEW/$REPLACED/$INHERITED/${EMPTY-unset}\"");
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Equal(["[0] a b=c/new/from outside/", "[1] a b=c/new/from outside/"], result.Output.Order());
    }

    [Fact]
    public async Task Ranks_know_their_job_and_start_with_fast_defaults()
    {
        const string Script = "echo $BOXER_RANK/$BOXER_SIZE/${#BOXER_TOKEN}/$BOXER_JOB/$BOXER_SEED/" +
            "$DOTNET_TieredPGO/$DOTNET_EnableWriteXorExecute/$DOTNET_gcServer/$DOTNET_TC_DelaySingleProcMultiplier";
        await using Boxer boxer = Boxer.StartWith(
            [new("DOTNET_TieredPGO", "1"), new("DOTNET_EnableWriteXorExecute", null), new("DOTNET_gcServer", null), new("DOTNET_TC_DelaySingleProcMultiplier", null), new("BOXER_RANK", "7")],
            "run", "-n", "1", "--", "sh", "-c", Script);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Matches(@"^\[0\] 0/1/64/run-[0-9a-f]{12}/127\.0\.0\.1:[0-9]+/1/0/0/1$", Assert.Single(result.Output));
    }

    [Theory]
    [InlineData(1, null, "unset")]
    [InlineData(4, null, "190")] // 400 ms, in hexadecimal as all that .NET reads from variables
    [InlineData(4, "64", "64")]
    public async Task Ranks_that_share_cores_optimise_their_code_later(int ranksPerCore, string? own, string expected)
    {
        await using Boxer boxer = Boxer.StartWith(
            [new("DOTNET_TC_CallCountingDelayMs", own)],
            "run", "-n", $"{ranksPerCore * Environment.ProcessorCount}", "--no-tag", "--", "sh", "-c", "echo ${DOTNET_TC_CallCountingDelayMs-unset}");
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Equal(Enumerable.Repeat(expected, ranksPerCore * Environment.ProcessorCount), result.Output);
    }

    [Fact]
    public async Task The_token_is_on_no_command_line()
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "1", "--", "sh", "-c", "echo $BOXER_TOKEN; ps -eo args | grep -cF $BOXER_TOKEN | sed 's/^1$/only the grep/'");
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Equal("[0] only the grep", result.Output[1]);
    }

    [Fact]
    public async Task Ranks_run_in_the_working_directory()
    {
        using TemporaryFolder folder = new();
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "2", "--wdir", folder.Path, "--", "pwd")).ExitsWith(0);
        Assert.All(result.Output, line => Assert.EndsWith(folder.Path, line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-n", "5", "--verbose", "--", "-x", "A")]
    [InlineData("-xA", "--ranks=3", "@file", "", "a b", "*")]
    [InlineData("--help")]
    public async Task Arguments_of_the_program_arrive_as_they_were_written(params string[] arguments)
    {
        string[] echo = ["sh", "-c", "for argument; do echo \"<$argument>\"; done", "sh"];
        BoxerResult result = (await Boxer.RunAsync(["run", "-n", "1", .. echo, .. arguments])).ExitsWith(0);
        Assert.Equal(arguments.Select(argument => $"<{argument}>"), result.OutputOf(0));
    }

    [Fact]
    public async Task A_double_dash_ends_the_options_of_boxer()
    {
        using TemporaryFolder folder = new();
        folder.Script("-program", "#!/bin/sh\necho \"ran $1\"\n");
        await using Boxer boxer = Boxer.StartWith([new("PATH", folder.Path + ":" + Environment.GetEnvironmentVariable("PATH"))], "run", "-n", "1", "--", "-program", "--");
        Assert.Equal(["[0] ran --"], (await boxer.EndAsync()).ExitsWith(0).Output);
    }

    [Theory]
    [InlineData("0", "[0] input", "[1] nothing", "[2] nothing")]
    [InlineData("1", "[0] nothing", "[1] input", "[2] nothing")]
    [InlineData("none", "[0] nothing", "[1] nothing", "[2] nothing")]
    [InlineData("all", "[0] input", "[1] input", "[2] input")]
    public async Task Standard_input_goes_where_it_is_told(string target, params string[] expected)
    {
        await using Boxer boxer = Boxer.StartWithInput("run", "-n", "3", "--stdin", target, "--", "sh", "-c", "if read -r line; then echo $line; else echo nothing; fi");
        await boxer.Input.WriteAsync("input\nmore\n");
        boxer.Input.Close();
        Assert.Equal(expected, (await boxer.EndAsync()).ExitsWith(0).Output.Order());
    }

    [Fact]
    public async Task Input_that_no_rank_reads_is_left_for_the_next_program()
    {
        string boxerPath = Path.Combine(AppContext.BaseDirectory, "boxer");
        await using Boxer boxer = Boxer.StartWithInput("run", "-n", "1", "--", "sh", "-c", $"'{boxerPath}' run -n 2 -- true; cat");
        await boxer.Input.WriteAsync("kept\n");
        boxer.Input.Close();
        Assert.Equal(["[0] kept"], (await boxer.EndAsync()).ExitsWith(0).Output);
    }

    [Fact]
    public async Task A_large_input_reaches_all_ranks_whole()
    {
        await using Boxer boxer = Boxer.StartWithInput("run", "-n", "3", "--stdin", "all", "--", "wc", "-c");
        string block = new('x', 100_000);
        for (int i = 0; i < 10; i++)
            await boxer.Input.WriteAsync(block);
        boxer.Input.Close();
        Assert.Equal(["[0] 1000000", "[1] 1000000", "[2] 1000000"], (await boxer.EndAsync()).ExitsWith(0).Output.Order());
    }

    [Theory]
    [InlineData("--report", "f")]
    [InlineData("--timeout=5")]
    public async Task An_option_behind_a_program_that_joins_and_does_not_know_it_is_told(params string[] arguments)
    {
        BoxerResult result = (await Boxer.RunAsync(["run", "-n", "2", Cloud.Puppet, "pass", "-1", .. arguments])).ExitsWith(0);
        Assert.Contains($"{arguments[0].Split('=')[0]} stood behind PROGRAM and went to the program", Assert.Single(result.Error), StringComparison.Ordinal);
        BoxerResult meant = (await Boxer.RunAsync(["run", "-n", "2", "--", Cloud.Puppet, "pass", "-1", .. arguments])).ExitsWith(0);
        Assert.Empty(meant.Error);
    }

    [Fact]
    public async Task An_option_behind_a_program_that_fails_on_it_is_told()
    {
        using TemporaryFolder folder = new();
        string strict = folder.Script("strict", "#!/bin/sh\ntest $# = 0\n");
        string own = folder.Script("own", "#!/bin/sh\n# --report is mine\nexit 3\n");
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "1", strict, "--report", "f")).ExitsWith(1);
        Assert.Contains(result.Error, line => line.Contains("--report stood behind PROGRAM", StringComparison.Ordinal));
        foreach (string[] fine in (string[][])[[own, "--report", "f"], [strict, "--frob"]])
        {
            BoxerResult other = await Boxer.RunAsync(["run", "-n", "1", .. fine]);
            Assert.DoesNotContain(other.Error, line => line.Contains("behind PROGRAM", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_option_behind_a_program_without_MPI_that_ends_well_is_its_own() =>
        Assert.Empty((await Boxer.RunAsync("run", "-n", "2", "true", "--report", "f")).ExitsWith(0).Error);

    [Fact]
    public async Task Help_lists_the_options()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "--help")).ExitsWith(0);
        foreach (string option in (string[])["--topology", "--timeout", "-x", "--output-dir", "--report", "PROGRAM"])
            Assert.Contains(result.Output, line => line.Contains(option, StringComparison.Ordinal));
    }
}
