using System.Globalization;

namespace BoxerMpi.Processes;

/// <summary>How many cores this process has at a time: a part of one counts as a part, where .NET rounds it up.</summary>
internal static class AvailableCores
{
    /// <summary>The least of the cores it may run on, cpusets included, and of what its control groups grant.</summary>
    public static double Count { get; } = Math.Min(Environment.ProcessorCount, OwnQuota() ?? double.PositiveInfinity);

    /// <summary>The least quota of a process's control groups, from its own up to the root of what it sees; null for none.</summary>
    /// <param name="groups">Lines of <c>/proc/PID/cgroup</c>.</param>
    /// <param name="mounts">Lines of <c>/proc/PID/mountinfo</c>.</param>
    /// <param name="read">Text of a file, or null when there is none.</param>
    public static double? Quota(IEnumerable<string> groups, IEnumerable<string> mounts, Func<string, string?> read)
    {
        // hierarchy:controllers:path; version 2 has no controllers there.
        string[][] memberships = [.. groups.Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3)];
        double? least = null;
        foreach ((string root, string point, bool isSecond) in mounts.Select(Mount).OfType<(string, string, bool)>())
        {
            string? path = memberships
                .FirstOrDefault(parts => isSecond ? parts[1].Length == 0 : parts[1].Split(',').Contains("cpu"))?[2];
            if (path is null)
                continue;
            for (string below = Below(root, path); ; below = below[..below.LastIndexOf('/')])
            {
                double? quota = isSecond ? Second(read($"{point}{below}/cpu.max")) : First(point + below, read);
                if (quota < (least ?? double.PositiveInfinity))
                    least = quota;
                if (below.Length == 0)
                    break;
            }
        }

        return least;
    }

    private static double? OwnQuota()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            return Quota(File.ReadLines("/proc/self/cgroup"), File.ReadLines("/proc/self/mountinfo"), Read);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>id parent device ROOT POINT options … - TYPE source OPTIONS (proc(5)); null unless it holds quotas of cores.</summary>
    private static (string Root, string Point, bool IsSecond)? Mount(string line)
    {
        string[] fields = line.Split(' ');
        int dash = Array.IndexOf(fields, "-");
        if (dash < 5 || fields.Length < dash + 4)
            return null;
        bool isSecond = fields[dash + 1] == "cgroup2";
        return isSecond || (fields[dash + 1] == "cgroup" && fields[dash + 3].Split(',').Contains("cpu"))
            ? (Unescaped(fields[3]), Unescaped(fields[4]), isSecond)
            : null;
    }

    private static string Unescaped(string field) => field.Replace("\\040", " ", StringComparison.Ordinal).TrimEnd('/');

    /// <summary>The group's path below the mount; nothing when the mount shows only what is below another group, as in containers.</summary>
    private static string Below(string root, string path)
    {
        path = path.TrimEnd('/');
        bool isInside = path.StartsWith(root + "/", StringComparison.Ordinal) && !path.Contains("/..", StringComparison.Ordinal);
        return isInside ? path[root.Length..] : "";
    }

    /// <summary><c>QUOTA PERIOD</c> in microseconds, or <c>max PERIOD</c>.</summary>
    private static double? Second(string? text) => text?.Split(' ') is [string quota, string period] ? Ratio(quota, period) : null;

    private static double? First(string folder, Func<string, string?> read) =>
        read(folder + "/cpu.cfs_quota_us") is { } quota && read(folder + "/cpu.cfs_period_us") is { } period ? Ratio(quota, period) : null;

    // A quota of -1 is none.
    private static double? Ratio(string quota, string period) =>
        long.TryParse(quota.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long granted)
        && long.TryParse(period.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long of)
        && granted > 0 && of > 0
            ? (double)granted / of
            : null;
}
