using System.Globalization;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>
/// Memory and CPU limits for environments, by control groups of version 2, or of version 1 where the system still has that.
/// </summary>
internal sealed class ControlGroups
{
    // AWS: "at 1,769 MB a function has the equivalent of one vCPU"; it grows in proportion.
    private const double MegabytesPerCpu = 1769;
    private const int PeriodMicroseconds = 100_000;

    // The kernel refuses less.
    private const int LeastQuotaMicroseconds = 1000;

    // Where control groups are mounted on all usual systems.
    private const string StandardRoot = "/sys/fs/cgroup";

    private readonly string[] _parents;
    private readonly bool _unified;

    private ControlGroups(string[] parents, bool unified)
    {
        _parents = parents;
        _unified = unified;
    }

    /// <summary>Where the groups of a service of this name are, if it has made any.</summary>
    public static IReadOnlyList<string> PathsOf(string name) =>
        [.. ((string[])["", "memory", "cpu"]).Select(hierarchy => Path.Combine(StandardRoot, hierarchy, name))];

    /// <summary>Makes the service's own groups; null, with the reason, where that is not possible.</summary>
    /// <param name="root">Where control groups are mounted, usually /sys/fs/cgroup.</param>
    /// <param name="name">The service's own name.</param>
    /// <param name="whyNot">Why there are no limits; empty when there are.</param>
    public static ControlGroups? TryCreate(string root, string name, out string whyNot)
    {
        whyNot = "";
        try
        {
            if (File.Exists(Path.Combine(root, "cgroup.controllers")))
            {
                File.WriteAllText(Path.Combine(root, "cgroup.subtree_control"), "+memory +cpu");
                string own = Directory.CreateDirectory(Path.Combine(root, name)).FullName;
                File.WriteAllText(Path.Combine(own, "cgroup.subtree_control"), "+memory +cpu");
                return new ControlGroups([own], unified: true);
            }

            string[] hierarchies = [Path.Combine(root, "memory"), Path.Combine(root, "cpu")];
            if (!hierarchies.All(Directory.Exists))
            {
                whyNot = $"no control groups at {root}";
                return null;
            }

            return new ControlGroups(
                [.. hierarchies.Select(hierarchy => Directory.CreateDirectory(Path.Combine(hierarchy, name)).FullName)], unified: false);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            whyNot = failure.Message;
            return null;
        }
    }

    /// <summary>A group with the memory and the share of CPUs that Lambda gives for a memory size.</summary>
    public ControlGroup Add(string name, int megabytes)
    {
        string memory = (megabytes * 1024L * 1024L).ToString(CultureInfo.InvariantCulture);
        int quota = Math.Max(LeastQuotaMicroseconds, (int)(megabytes / MegabytesPerCpu * PeriodMicroseconds));
        string[] folders = [.. _parents.Select(parent => Directory.CreateDirectory(Path.Combine(parent, name)).FullName)];
        if (_unified)
        {
            File.WriteAllText(Path.Combine(folders[0], "memory.max"), memory);
            if (File.Exists(Path.Combine(folders[0], "memory.swap.max")))
                File.WriteAllText(Path.Combine(folders[0], "memory.swap.max"), "0");
            File.WriteAllText(Path.Combine(folders[0], "cpu.max"), $"{quota} {PeriodMicroseconds}");
            return new ControlGroup(folders, Path.Combine(folders[0], "memory.peak"));
        }

        File.WriteAllText(Path.Combine(folders[0], "memory.limit_in_bytes"), memory);
        File.WriteAllText(Path.Combine(folders[1], "cpu.cfs_period_us"), $"{PeriodMicroseconds}");
        File.WriteAllText(Path.Combine(folders[1], "cpu.cfs_quota_us"), $"{quota}");
        return new ControlGroup(folders, Path.Combine(folders[0], "memory.max_usage_in_bytes"));
    }

    /// <summary>Removes the service's own groups; those of environments must be gone.</summary>
    public void Remove() => ControlGroup.TryRemove(_parents);

    /// <summary>Removes what services that no longer run have left.</summary>
    /// <param name="root">Where control groups are mounted.</param>
    /// <param name="isStale">Says so by a group's name.</param>
    public static void Sweep(string root, Func<string, bool> isStale)
    {
        foreach (string hierarchy in (string[])[root, Path.Combine(root, "memory"), Path.Combine(root, "cpu")])
        {
            if (!Directory.Exists(hierarchy))
                continue;
            foreach (string group in Directory.EnumerateDirectories(hierarchy).Where(path => isStale(Path.GetFileName(path))))
                ControlGroup.TryRemove([.. Directory.EnumerateDirectories(group), group]);
        }
    }
}

/// <summary>The control group of one environment: one folder, or one a hierarchy.</summary>
internal sealed class ControlGroup(string[] folders, string peakFile)
{
    /// <summary>The file, one a hierarchy, into which a process writes its id to be in the group.</summary>
    public IEnumerable<string> MemberFiles => folders.Select(folder => Path.Combine(folder, "cgroup.procs"));

    /// <summary>Most memory that it ever held, where the kernel tells.</summary>
    public long? PeakBytes =>
        File.Exists(peakFile) && long.TryParse(File.ReadAllText(peakFile), CultureInfo.InvariantCulture, out long bytes) ? bytes : null;

    /// <summary>Kills every process in it, those that left their process group or session too.</summary>
    public void Kill()
    {
        string all = Path.Combine(folders[0], "cgroup.kill");
        if (File.Exists(all))
        {
            File.WriteAllText(all, "1");
            return;
        }

        foreach (string line in File.ReadLines(Path.Combine(folders[0], "cgroup.procs")))
            _ = NativeMethods.Kill(int.Parse(line, CultureInfo.InvariantCulture), NativeMethods.SigKill);
    }

    /// <summary>False while processes are still on their way out.</summary>
    public bool TryRemove() => TryRemove(folders);

    internal static bool TryRemove(IEnumerable<string> folders)
    {
        bool gone = true;
        foreach (string folder in folders)
        {
            try
            {
                if (Directory.Exists(folder))
                    Directory.Delete(folder);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                gone = false;
            }
        }

        return gone;
    }
}
