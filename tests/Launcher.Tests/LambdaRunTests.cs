using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary><c>boxer run --on lambda</c> and <c>--on lambda-local</c>: whole jobs of real functions on a local Lambda service.</summary>
public sealed class LambdaRunTests
{
    [Fact]
    public async Task One_command_runs_a_project_on_a_service_of_its_own_and_leaves_nothing()
    {
        using TemporaryFolder folder = new();
        string report = folder.File("report.json");
        BoxerResult result = await Cloud.EndAsync(Boxer.Start(
            "run", "-n", "8", "--on", "lambda-local", "--verbose", "--report", report, Cloud.Example("HashJoin"), "--generate", "20000",
            "--verify"));
        result.ExitsWith(0);
        Assert.Contains(result.Output, line => line.Contains("verified", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(
            result.Error, line => line.StartsWith("boxer: function boxer-HashJoin created (2048 MB, 900 s, ", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: 8 functions run, ", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: functions are ", StringComparison.Ordinal));
        Assert.Matches(@"^boxer: 8 functions of 2048 MB: 8 requests; [0-9.]+ GB-s, about \$0\.[0-9]+ on Lambda \(prices of [0-9-]+\)$", result.Error[^1]);

        using JsonDocument json = JsonDocument.Parse(await File.ReadAllBytesAsync(report, TestContext.Current.CancellationToken));
        JsonElement functions = json.RootElement.GetProperty("functions");
        Assert.Equal(("boxer-HashJoin", 8, 8), (functions.GetProperty("name").GetString(), functions.GetProperty("ranks").GetInt32(), functions.GetProperty("requests").GetInt32()));
        Assert.True(functions.GetProperty("gigabyteSeconds").GetDouble() > 0);
        Assert.InRange(functions.GetProperty("dollars").GetDouble(), 8 * 0.2e-6, 1);
        foreach (JsonElement rank in json.RootElement.GetProperty("ranks").EnumerateArray())
        {
            Assert.Equal(36, rank.GetProperty("requestId").GetString()!.Length);
            Assert.True(rank.TryGetProperty("maxResidentBytes", out _));
            Assert.True(rank.GetProperty("bytesSent").GetInt64() > 0);
            Assert.False(rank.TryGetProperty("pid", out _));
        }
    }

    [Fact]
    public async Task Functions_behind_NATs_of_two_kinds_link_by_punching()
    {
        try
        {
            Lab.Require();
        }
        catch (LabException reason)
        {
            Assert.Skip($"{reason.Message}; {reason.Hint}");
        }

        BoxerResult result = await Cloud.EndAsync(Boxer.Start(
            "run", "-n", "8", "--on", "lambda-local", "--nat", "cone,remap", "--spares", "2", "--verbose", Cloud.Example("HashJoin"),
            "--generate", "20000", "--verify"));
        result.ExitsWith(0);
        Assert.Contains(result.Output, line => line.Contains("verified", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith(
            "boxer: functions are hosts behind NATs of this machine: 12 hosts, cone,remap", StringComparison.Ordinal));
        Assert.Contains(
            result.Error,
            line => line.StartsWith("boxer: NATs: ", StringComparison.Ordinal) && !line.Contains("none", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.Contains("punched", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_spares_a_function_that_never_starts_does_not_matter()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        using TemporaryFolder folder = new();
        string zip = folder.File("function.zip");
        (await cloud.BoxerAsync("lambda", "deploy", Cloud.Example("HashJoin"), "--dry-run", "--write-zip", zip)).ExitsWith(0);

        // The first environment to start makes the folder, and never asks for its event.
        string stuck = folder.File("stuck");
        using (ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Update))
        {
            ZipArchiveEntry own = archive.GetEntry("bootstrap")!;
            using MemoryStream content = new();
            await using (Stream source = await own.OpenAsync())
                await source.CopyToAsync(content);
            own.Delete();
            Cloud.Add(archive, "real-bootstrap", content.ToArray());
            Cloud.Add(
                archive, "bootstrap",
                Encoding.UTF8.GetBytes($"#!/bin/sh\nmkdir {stuck} 2>/dev/null && exec sleep 1000\nexec ./real-bootstrap\n"));
        }

        await cloud.CreateAsync(
            "stubborn", "provided.al2023", Cloud.OursNow, await File.ReadAllBytesAsync(zip, TestContext.Current.CancellationToken));
        BoxerResult result = await cloud.RunAsync(
            "-n", "8", "--spares", "2", "--no-deploy", "--function", "stubborn", Cloud.Example("HashJoin"), "--generate", "20000",
            "--verify");
        result.ExitsWith(0);
        Assert.True(Directory.Exists(stuck));
        Assert.Contains(result.Output, line => line.Contains("verified", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: 8 functions run, ", StringComparison.Ordinal)
            && line.EndsWith("(10 invoked)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Jobs_on_a_service_deploy_once_tag_output_take_spares_and_tell_the_cost()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult first = await cloud.RunAsync("-n", "3", "--spares", "2", "--memory", "1769", cloud.Program, "hello");
        first.ExitsWith(0);
        for (int rank = 0; rank < 3; rank++)
            Assert.Contains($"rank {rank} of 3", first.OutputOf(rank));
        Assert.Contains(first.Error, line => line.StartsWith("boxer: function boxer-program created (1769 MB", StringComparison.Ordinal));
        Assert.Contains(first.Error, line => line.EndsWith("after the first invocation (5 invoked)", StringComparison.Ordinal));

        // The second finds it deployed, with the memory it had, and its functions warm.
        BoxerResult second = await cloud.RunAsync("-n", "3", "--no-tag", cloud.Program, "hello");
        second.ExitsWith(0);
        Assert.Contains(
            second.Error, line => line.StartsWith("boxer: function boxer-program unchanged (1769 MB", StringComparison.Ordinal));
        Assert.Contains("rank 2 of 3", second.Output);

        // Nothing is built or deployed, and nothing is said.
        Assert.Empty((await cloud.RunAsync("-n", "2", "--quiet", "--no-deploy", cloud.Program, "hello")).ExitsWith(0).Error);
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task Failures_are_those_of_local_ranks()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult thrown = await cloud.RunAsync("-n", "3", cloud.Program, "throw", "1");
        thrown.ExitsWith(1);
        Assert.Contains(thrown.Error, line => line.StartsWith(
            "boxer: rank 1 failed: System.InvalidOperationException: the puppet's error", StringComparison.Ordinal));
        Assert.Contains(thrown.ErrorOf(1), line => line.Contains("the puppet's error", StringComparison.Ordinal));

        BoxerResult killed = await cloud.RunAsync("-n", "3", cloud.Program, "die", "2");
        killed.ExitsWith(137);
        Assert.Contains("boxer: rank 2 was killed by SIGKILL (exit code 137)", killed.Error);
        Assert.Contains(killed.Error, line => line.Contains("ended along with the job", StringComparison.Ordinal));

        (await cloud.RunAsync("-n", "2", cloud.Script, "exit 3")).ExitsWith(3);
        BoxerResult early = await cloud.RunAsync("-n", "3", cloud.Program, "before", "1");
        early.ExitsWith(6);
        Assert.Contains(early.Error, line => line.StartsWith("boxer: rank 1 exited with code 6", StringComparison.Ordinal));
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task A_function_that_dies_in_the_middle_ends_the_job_and_all_its_functions()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        using TemporaryFolder folder = new();
        await using Boxer boxer = cloud.Start("-n", "3", cloud.Program, "until", folder.File("never"));
        List<int> processes = [];
        for (int rank = 0; rank < 3; rank++)
            processes.Add(ProcessList.IdIn(await boxer.Output.WaitForAsync($"[{rank}] pid ")));

        // The whole function, bootstrap included, as a service that takes an environment away.
        int bootstrap = Parent(processes[1]);
        Assert.Equal(0, NativeMethods.Kill(bootstrap, NativeMethods.SigKill));
        _ = NativeMethods.Kill(processes[1], NativeMethods.SigKill);
        BoxerResult result = await boxer.EndAsync();
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(result.Error, line => line.StartsWith("boxer: rank 1 was lost with its function (", StringComparison.Ordinal));
        await ProcessList.GoneAsync(processes);
        await cloud.IdleAsync();
    }

    [Theory]
    [InlineData(NativeMethods.SigInt)]
    [InlineData(NativeMethods.SigKill)]
    public async Task A_signal_to_the_launcher_reaches_every_function(int signal)
    {
        await using Cloud cloud = await Cloud.StartAsync();
        await using Boxer boxer = cloud.Start("-n", "2", cloud.Program, "hang", "0");
        int[] processes =
            [ProcessList.IdIn(await boxer.Output.WaitForAsync("[0] pid ")), ProcessList.IdIn(await boxer.Output.WaitForAsync("[1] pid "))];
        boxer.Signal(signal);
        Assert.Equal(128 + signal, (await boxer.EndAsync()).ExitCode);
        await ProcessList.GoneAsync(processes);
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task The_time_of_the_job_and_that_of_the_functions_end_it()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult late = await cloud.RunAsync("-n", "2", "--timeout", "2", "--grace", "1", cloud.Script, "exec sleep 100");
        late.ExitsWith(124);
        Assert.Contains(late.Error, line => line.Contains("rank 1: running, has not joined the job, request ", StringComparison.Ordinal));

        BoxerResult wall = await cloud.RunAsync("-n", "2", "--function-timeout", "4", cloud.Script, "exec sleep 100");
        wall.ExitsWith(143);
        Assert.Contains(wall.Error, line => line.Contains("the time of its function was over", StringComparison.Ordinal));
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task Too_few_functions_at_once_are_told_in_time()
    {
        await using Cloud cloud = await Cloud.StartAsync(concurrency: 4);
        BoxerResult result = await cloud.RunAsync("-n", "6", "--start-timeout", "3", cloud.Program, "hello");
        result.ExitsWith(1);
        Assert.Contains(result.Error, line => line.StartsWith(
            "boxer: only 4 of 6 functions came within 3 s (--start-timeout); missing: ranks 4, 5. ", StringComparison.Ordinal)
            && line.Contains("limit of concurrent functions is below 6", StringComparison.Ordinal));

        // As many as there is room for.
        (await cloud.RunAsync("-n", "4", cloud.Program, "hello")).ExitsWith(0);
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task Other_ranks_join_a_job_of_functions()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        using TemporaryFolder folder = new();
        string token = folder.File("token");
        await using Boxer boxer = cloud.Start("-n", "3", "--functions", "2", "--token-file", token, cloud.Program, "hello");
        string hint = await boxer.Error.WaitForAsync("waiting for one more rank: boxer rank --seed ");
        string[] join = hint[(hint.IndexOf("boxer rank ", StringComparison.Ordinal) + "boxer ".Length)..].Split(' ')[..^1];
        await using Boxer other = Boxer.Start([.. join, Cloud.Puppet, "hello"]);
        Assert.Equal("rank 2 of 3", (await other.EndAsync()).ExitsWith(0).Output[^1]);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Contains("[0] rank 0 of 3", result.Output);
        Assert.Contains("[1] rank 1 of 3", result.Output);
    }

    private static int Parent(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
