using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>
/// What is asked of the kernel for a memory size, on a folder that looks like one with control groups. Real ones limit in the other suites.
/// </summary>
public class ControlGroupTests
{
    [Theory]
    [InlineData(1769, "1854930944", 100_000)]
    [InlineData(128, "134217728", 7_235)]
    [InlineData(10_240, "10737418240", 578_858)]
    public void Version_two_gets_memory_and_a_share_of_processors(int megabytes, string memory, int quota)
    {
        using TemporaryFile folder = new();
        string root = Directory.CreateDirectory(folder.Path).FullName;
        File.WriteAllText(Path.Combine(root, "cgroup.controllers"), "cpu memory");
        ControlGroups groups = ControlGroups.TryCreate(root, "service", out string whyNot)!;
        Assert.Equal("", whyNot);
        ControlGroup group = groups.Add("1", megabytes);
        string own = Path.Combine(root, "service", "1");
        Assert.Equal("+memory +cpu", File.ReadAllText(Path.Combine(root, "service", "cgroup.subtree_control")));
        Assert.Equal(memory, File.ReadAllText(Path.Combine(own, "memory.max")));
        Assert.Equal($"{quota} 100000", File.ReadAllText(Path.Combine(own, "cpu.max")));
        Assert.Equal([Path.Combine(own, "cgroup.procs")], group.MemberFiles);
        Assert.Null(group.PeakBytes);
        File.WriteAllText(Path.Combine(own, "memory.peak"), "4096\n");
        Assert.Equal(4096, group.PeakBytes);
        File.WriteAllText(Path.Combine(own, "cgroup.kill"), "");
        group.Kill();
        Assert.Equal("1", File.ReadAllText(Path.Combine(own, "cgroup.kill")));
    }

    [Fact]
    public void Version_one_gets_the_same_in_two_hierarchies()
    {
        using TemporaryFile folder = new();
        Directory.CreateDirectory(Path.Combine(folder.Path, "memory"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "cpu"));
        ControlGroup group = ControlGroups.TryCreate(folder.Path, "service", out _)!.Add("1", 1769);
        Assert.Equal("1854930944", File.ReadAllText(Path.Combine(folder.Path, "memory/service/1/memory.limit_in_bytes")));
        Assert.Equal("100000", File.ReadAllText(Path.Combine(folder.Path, "cpu/service/1/cpu.cfs_quota_us")));
        Assert.Equal(2, group.MemberFiles.Count());
    }

    [Fact]
    public void Without_any_there_is_a_reason()
    {
        using TemporaryFile folder = new();
        Assert.Null(ControlGroups.TryCreate(folder.Path, "service", out string whyNot));
        Assert.Contains("no control groups", whyNot, StringComparison.Ordinal);
    }
}
