using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>What is left in the file system by processes that are killed: nothing.</summary>
public sealed class LeftoverTests : IDisposable
{
    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task A_rank_that_is_killed_leaves_no_files_of_its_runtime()
    {
        await using Boxer boxer = Start();
        int rank = ProcessList.IdIn(await boxer.Output.WaitForAsync("[1] pid "));
        await boxer.Output.WaitForAsync("[1] here");
        Assert.Equal(3, Files().Count(file => file.Contains($"-{rank}-", StringComparison.Ordinal)));
        Assert.Equal(0, NativeMethods.Kill(rank, NativeMethods.SigKill));
        (await boxer.EndAsync()).ExitsWith(137);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task A_launcher_that_is_killed_leaves_no_files_of_runtimes()
    {
        await using Boxer boxer = Start();
        await boxer.Output.WaitForAsync("[1] here");
        Assert.Equal(9, Files().Count());
        boxer.Signal(NativeMethods.SigKill);
        await ProcessList.UntilAsync(() => !Files().Any(), () => string.Join(" ", Files()));
    }

    [Fact]
    public async Task A_Lambda_service_that_is_killed_leaves_no_control_groups()
    {
        await using Boxer boxer = Boxer.StartWith([new("AWS_ACCESS_KEY_ID", null), new("AWS_SECRET_ACCESS_KEY", null)], "lambda", "serve");
        string limits = await boxer.Output.WaitForAsync("limits of functions: ");
        if (limits.Contains("none (", StringComparison.Ordinal))
            Assert.Skip("no control groups: " + limits);
        await boxer.Output.WaitForAsync("use with: ");
        Assert.NotEmpty(Groups());
        boxer.Signal(NativeMethods.SigKill);
        await ProcessList.UntilAsync(() => !Groups().Any(), () => string.Join(" ", Groups()));

        IEnumerable<string> Groups() => ((string[])["/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu"])
            .Where(Directory.Exists).SelectMany(root => Directory.EnumerateDirectories(root, $"boxer-lambda-{boxer.Id}-*"));
    }

    private Boxer Start()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("other systems name these files otherwise");
        return Boxer.StartWith([new("TMPDIR", _temporary.Path)], "run", "-n", "2", Puppet, "stand", "1", "body");
    }

    private IEnumerable<string> Files() =>
        [.. Directory.EnumerateFileSystemEntries(_temporary.Path, "clr-debug-pipe-*"), .. Directory.EnumerateFileSystemEntries(_temporary.Path, "dotnet-diagnostic-*")];
}
