using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Quotas of control groups, as systems and containers show them.</summary>
public sealed class AvailableCoresTests
{
    private const string SecondMount = "41 31 0:38 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate";
    private const string FirstMount = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct";
    private const string OtherMount = "33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset";

    public static TheoryData<string, string, string, double?> Systems() => new()
    {
        { "0::/user.slice/job", SecondMount, "/sys/fs/cgroup/user.slice/job/cpu.max=50000 100000", 0.5 },
        { "0::/user.slice/job", SecondMount, "/sys/fs/cgroup/user.slice/job/cpu.max=max 100000|/sys/fs/cgroup/user.slice/cpu.max=150000 100000", 1.5 },
        { "0::/a/b", SecondMount, "/sys/fs/cgroup/a/b/cpu.max=200000 100000|/sys/fs/cgroup/a/cpu.max=25000 100000", 0.25 },
        { "0::/", SecondMount, "/sys/fs/cgroup/cpu.max=30000 20000", 1.5 },
        { "0::/a", SecondMount, "/sys/fs/cgroup/a/cpu.max=max 100000", null },
        { "0::/a", SecondMount, "", null },
        { "0::/../other", SecondMount, "/sys/fs/cgroup/cpu.max=50000 100000", 0.5 },
        { "3:cpu,cpuacct:/a/b|2:cpuset:/c|0::/", FirstMount + "|" + OtherMount, "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us=50000|/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us=100000", 0.5 },
        { "3:cpu,cpuacct:/a/b", FirstMount, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us=300000|/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us=200000", 1.5 },
        { "3:cpu,cpuacct:/a", FirstMount, "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us=-1|/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us=100000", null },

        // A container of version 1 sees the host's path, and at the mount its own group.
        { "3:cpu:/docker/1f", "32 31 0:29 /docker/1f /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us=50000|/sys/fs/cgroup/cpu/cpu.cfs_period_us=100000", 0.5 },
        { "3:cpu:/docker/1f/x", "32 31 0:29 /docker/1f /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu", "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us=50000|/sys/fs/cgroup/cpu/x/cpu.cfs_period_us=100000", 0.5 },
        { "0::/a", "41 31 0:38 / /my\\040groups rw - cgroup2 none rw", "/my groups/a/cpu.max=10000 100000", 0.1 },
        { "nonsense", "nonsense - x", "", null },
        { "0::/a", SecondMount, "/sys/fs/cgroup/a/cpu.max=lots of", null },
    };

    [Theory, MemberData(nameof(Systems))]
    public void The_least_quota_on_the_way_up_counts(string groups, string mounts, string files, double? expected)
    {
        Dictionary<string, string> texts = files.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(file => file.Split('=')).ToDictionary(file => file[0], file => file[1] + "\n");
        Assert.Equal(expected, AvailableCores.Quota(groups.Split('|'), mounts.Split('|'), path => texts.GetValueOrDefault(path)));
    }

    [Fact]
    public async Task Half_a_core_has_twice_as_many_ranks_per_core()
    {
        string first = $"/sys/fs/cgroup/cpu/boxer-test-{Guid.NewGuid():N}", second = $"/sys/fs/cgroup/boxer-test-{Guid.NewGuid():N}";
        string? group = TryMake(first, ("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "50000")) ?? TryMake(second, ("cpu.max", "50000 100000"));
        Assert.SkipWhen(group is null, "makes a control group with a quota, which this user may not or this system cannot");
        try
        {
            BoxerResult result = await Boxer.RunUnderAsync(
                ["sh", "-c", $"echo $$ > {group}/cgroup.procs && exec \"$@\"", "sh"], "run", "-n", "2", "--", "sh", "-c", "echo $BOXER_RANKS_PER_CORE");
            Assert.Equal(["[0] 4", "[1] 4"], result.ExitsWith(0).Output.Order());
        }
        finally
        {
            await ProcessList.UntilAsync(() => TryRemove(group), () => $"{group} is still in use");
        }
    }

    [Fact]
    public void Without_a_quota_all_cores_count() =>
        Assert.InRange(AvailableCores.Count, 0.01, Environment.ProcessorCount);

    private static string? TryMake(string group, params (string File, string Text)[] settings)
    {
        try
        {
            Directory.CreateDirectory(group);
            foreach ((string file, string text) in settings)
                File.WriteAllText(Path.Combine(group, file), text);
            return group;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(group))
                TryRemove(group);
            return null;
        }
    }

    // Not recursive: the files of a group go with it.
    private static bool TryRemove(string group)
    {
        try
        {
            Directory.Delete(group);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
