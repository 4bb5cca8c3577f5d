using System.Text;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Launching;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Jobs that this process runs, without a command line.</summary>
public sealed class JobLauncherTests
{
    [Fact]
    public async Task Ranks_join_each_other()
    {
        using MemoryStream output = new(), error = new();
        LaunchResult result = await JobLauncher.RunAsync(
            Puppets(output, error, 4, "hello") with { Topology = "ring" }, TestContext.Current.CancellationToken);
        Assert.Equal((0, null), (result.ExitCode, result.Failure));
        Assert.Equal(
            Enumerable.Range(0, 4).Select(rank => $"[{rank}] rank {rank} of 4"),
            Lines(output).Where(line => line.Contains(" of ", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Lines_come_to_the_callers_streams()
    {
        using MemoryStream output = new(), error = new();
        LaunchResult result = await JobLauncher.RunAsync(
            Job(output, error, 3, "printf 'out %s\\n' $BOXER_RANK; printf 'err %s' $BOXER_RANK >&2") with { Tag = true },
            TestContext.Current.CancellationToken);
        Assert.True(result.IsSuccess);
        Assert.Null(result.Failure);
        Assert.Equal([0, 1, 2], result.Ranks.Select(rank => rank.Rank));
        Assert.All(result.Ranks, rank => Assert.Equal(0, rank.ExitCode));
        Assert.Equal(["[0] out 0", "[1] out 1", "[2] out 2"], Lines(output).Order());
        Assert.Equal(["[0] err 0", "[1] err 1", "[2] err 2"], Lines(error).Order());
    }

    [Fact]
    public async Task A_failing_rank_is_the_jobs_failure()
    {
        using MemoryStream output = new(), error = new();
        LaunchResult result = await JobLauncher.RunAsync(
            Puppets(output, error, 2, "exit7", "1"), TestContext.Current.CancellationToken);
        Assert.Equal(7, result.ExitCode);
        Assert.Equal("rank 1 exited with code 7", result.Failure);
        Assert.Equal([true, false], result.Ranks.Select(rank => rank.EndedWithJob));
        Assert.Contains(Lines(error), line => line.Contains("rank 1 exited with code 7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_job_ends_when_its_time_is_over()
    {
        using MemoryStream output = new(), error = new();
        LaunchResult result = await JobLauncher.RunAsync(
            Job(output, error, 2, "exec sleep 60") with { Timeout = TimeSpan.FromSeconds(0.5) }, TestContext.Current.CancellationToken);
        Assert.True(result.TimedOut);
        Assert.Equal(124, result.ExitCode);
    }

    [Fact]
    public async Task A_cancelled_job_leaves_no_rank_behind()
    {
        using MemoryStream output = new(), error = new();
        using FileSystemWatcher watcher = new(Directory.CreateTempSubdirectory("boxer-launch-test-").FullName);
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Created += (_, _) => started.TrySetResult();
        watcher.EnableRaisingEvents = true;
        using CancellationTokenSource cancellation = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        string file = Path.Combine(watcher.Path, "started");
        Task<LaunchResult> running = JobLauncher.RunAsync(
            Job(output, error, 1, $"echo $$ > {file}.part; mv {file}.part {file}; exec sleep 60"), cancellation.Token);
        await started.Task.WaitAsync(Boxer.Deadline, TestContext.Current.CancellationToken);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        string written = Assert.Single(Directory.GetFiles(watcher.Path));
        Assert.False(ProcessList.IsAlive(int.Parse(await File.ReadAllTextAsync(written, CancellationToken.None), null)));
        Directory.Delete(watcher.Path, recursive: true);
    }

    [Fact]
    public async Task What_cannot_be_started_says_why()
    {
        JobLaunchException missing = await Assert.ThrowsAsync<JobLaunchException>(() => JobLauncher.RunAsync(
            new LaunchOptions { Program = "no/such/program", Ranks = 2 }, TestContext.Current.CancellationToken));
        Assert.Contains("there is no program no/such/program; give a project folder", missing.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LaunchOptions { Program = "true", Ranks = 0 });
        await Assert.ThrowsAnyAsync<FormatException>(() => JobLauncher.RunAsync(
            new LaunchOptions { Program = "true", Ranks = 2, Topology = "torus" }, TestContext.Current.CancellationToken));
    }

    private static LaunchOptions Puppets(Stream output, Stream error, int ranks, params string[] arguments) => new()
    {
        Program = Path.Combine(AppContext.BaseDirectory, "Puppet.dll"),
        Arguments = arguments,
        Ranks = ranks,
        Output = output,
        Error = error,
    };

    private static LaunchOptions Job(Stream output, Stream error, int ranks, string script) => new()
    {
        Program = "sh",
        Arguments = ["-c", script],
        Ranks = ranks,
        Tag = false,
        Output = output,
        Error = error,
    };

    private static string[] Lines(MemoryStream stream) =>
        Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
