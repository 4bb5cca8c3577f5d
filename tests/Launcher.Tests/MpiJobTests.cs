using System.Diagnostics;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Jobs whose ranks depend on each other: one that fails ends all, and is named first.</summary>
public sealed class MpiJobTests
{
    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    [Theory]
    [InlineData(1, "mesh")]
    [InlineData(4, "mesh")]
    [InlineData(5, "ring")]
    [InlineData(6, "grid:2x3")]
    public async Task Ranks_join_link_and_leave(int size, string topology)
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", $"{size}", "--topology", topology, Puppet, "hello")).ExitsWith(0);
        Assert.Equal(Enumerable.Range(0, size).Select(rank => $"[{rank}] rank {rank} of {size}"), result.Output.Where(line => line.Contains(" of ", StringComparison.Ordinal)).Order());
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task A_rank_that_throws_ends_the_job_and_its_error_comes_first()
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "4", Puppet, "throw", "2")).ExitsWith(1);
        string[] own = [.. result.Error.Where(line => line.StartsWith("boxer: ", StringComparison.Ordinal))];
        Assert.Equal("boxer: rank 2 failed: System.InvalidOperationException: the puppet's error", own[0]);
        Assert.Equal("boxer: ranks 0, 1, 3 ended along with the job", own[1]);
        Assert.Contains(result.ErrorOf(2), line => line.Contains("the puppet's error", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("code", 5, "rank 1 failed: it returned exit code 5")]
    [InlineData("exit7", 7, "rank 1 exited with code 7")]
    [InlineData("die", 137, "rank 1 was killed by SIGKILL (exit code 137)")]
    [InlineData("before", 6, "rank 1 exited with code 6 before it joined the job")]
    [InlineData("absent", 1, "rank 1 ended with exit code 0 without joining the job, while other ranks joined and wait for it")]
    [InlineData("exit", 1, "rank 1 ended with exit code 0 without leaving the job")]
    public async Task A_rank_that_ends_badly_ends_the_job(string how, int code, string message)
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "3", Puppet, how, "1")).ExitsWith(code);
        Assert.StartsWith("boxer: " + message, result.Error.First(line => line.StartsWith("boxer: ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain(result.Output, line => line.Contains(" of ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("quit", "1", "3")]
    [InlineData("quit", "0", "1")]
    [InlineData("quitMain", "-1", "3")]
    public async Task A_program_that_quits_says_why_once(string how, string rank, string size)
    {
        BoxerResult result = (await Boxer.RunAsync("run", "-n", size, Puppet, how, rank)).ExitsWith(8);
        string why = Assert.Single(result.Error, line => line.Contains("not today", StringComparison.Ordinal));
        Assert.Matches("^boxer: rank [0-2] failed: puppet: not today$", why);
        Assert.DoesNotContain(result.Error, line => line.Contains("   at ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("quit", "0")]
    [InlineData("quitMain", "-1")]
    public async Task A_program_that_runs_alone_says_itself_why_it_quits(string how, string rank)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Puppet, how, rank]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((8, "puppet: not today"), (process.ExitCode, error.Trim()));
    }

    [Fact]
    public async Task Ranks_know_how_much_time_they_have()
    {
        long hour = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds();
        BoxerResult limited = (await Boxer.RunAsync("run", "-n", "2", "-x", $"BOXER_DEADLINE_MS={hour}", Puppet, "time")).ExitsWith(0);
        Assert.Equal(2, limited.Output.Count(line => line.Contains("minutes left: 60", StringComparison.Ordinal)));

        // The job's own end counts where it is the earlier one.
        foreach ((string timeout, string expected) in ((string, string)[])[("1800", "30"), ("7200", "60")])
        {
            limited = (await Boxer.RunAsync("run", "-n", "2", "-x", $"BOXER_DEADLINE_MS={hour}", "--timeout", timeout, Puppet, "time")).ExitsWith(0);
            Assert.Equal(2, limited.Output.Count(line => line.Contains($"minutes left: {expected}", StringComparison.Ordinal)));
        }

        Assert.Contains("[0] minutes left: 30", (await Boxer.RunAsync("run", "-n", "1", "--timeout", "1800", Puppet, "time")).ExitsWith(0).Output);
        Assert.Contains("[0] minutes left: ", (await Boxer.RunAsync("run", "-n", "1", Puppet, "time")).ExitsWith(0).Output);
        BoxerResult wrong = (await Boxer.RunAsync("run", "-n", "1", "-x", "BOXER_DEADLINE_MS=soon", Puppet, "time")).ExitsWith(1);
        Assert.Contains(wrong.Error, line => line.Contains("BOXER_DEADLINE_MS is \"soon\"; it takes milliseconds of Unix time", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_timeout_tells_how_far_each_rank_is()
    {
        using TemporaryFolder folder = new();
        string report = folder.File("report.json");
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "3", "--timeout", "4", "--grace", "0.5", "--report", report, Puppet, "hang", "1")).ExitsWith(124);
        int line = result.Error.ToList().FindIndex(text => text.Contains("--timeout", StringComparison.Ordinal));
        for (int rank = 0; rank < 3; rank++)
            Assert.Matches($@"rank {rank}: running for [0-9.]+ s \(joined at [0-9.]+ s, linked at [0-9.]+ s\), pid [0-9]+", result.Error[line + 1 + rank]);

        using JsonDocument json = JsonDocument.Parse(await File.ReadAllBytesAsync(report, TestContext.Current.CancellationToken));
        Assert.True(json.RootElement.GetProperty("timedOut").GetBoolean());
        Assert.True(json.RootElement.GetProperty("startUpSeconds").GetDouble() > 0);
        Assert.True(json.RootElement.GetProperty("wireUpSeconds").GetDouble() > 0);
        Assert.All(json.RootElement.GetProperty("ranks").EnumerateArray(), rank => Assert.True(rank.GetProperty("linkedSeconds").GetDouble() >= rank.GetProperty("joinedSeconds").GetDouble()));
    }

    [Fact]
    public async Task A_gate_that_does_not_open_in_time_names_who_is_missing()
    {
        // Rank 1 is a program that never joins and never ends.
        string script = $"[ $BOXER_RANK = 1 ] && exec sleep 1000; exec dotnet '{Puppet}' hello";
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "3", "--gate-timeout", "3", "--grace", "0.5", "--", "sh", "-c", script)).ExitsWith(1);
        Assert.Contains(result.Error, line => line.StartsWith("boxer: Only 2 of 3 ranks joined", StringComparison.Ordinal) && line.Contains("missing: rank 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Killing_the_launcher_ends_ranks_that_wait_for_each_other()
    {
        await using Boxer boxer = Boxer.Start("run", "-n", "3", Puppet, "hang", "1");
        List<int> ids = [];
        for (int rank = 0; rank < 3; rank++)
            ids.Add(ProcessList.IdIn(await boxer.Output.WaitForAsync($"[{rank}] pid ")));
        boxer.Signal(NativeMethods.SigKill);
        await ProcessList.GoneAsync(ids);
    }
}
