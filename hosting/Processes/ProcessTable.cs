using System.Globalization;
using System.Text;

namespace BoxerMpi.Processes;

/// <summary>Finds what ranks have left running, from <c>/proc</c>; empty on systems without it.</summary>
internal static class ProcessTable
{
    /// <summary>Living processes of the groups, and any other that carries the launcher's mark in its environment.</summary>
    /// <remarks>The mark finds children that made a session of their own, which no group signal reaches.</remarks>
    public static List<int> LeftBehind(IReadOnlySet<int> groups, string mark)
    {
        List<int> found = [];
        if (!OperatingSystem.IsLinux())
            return found;

        // Variables are separated by zeros, but the first has none before it.
        byte[] marked = Encoding.ASCII.GetBytes($"\0{Watchdog.MarkVariable}={mark}\0");
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                || id == Environment.ProcessId
                || !TryRead(folder + "/stat", out byte[] stat))
            {
                continue;
            }

            // "pid (name) state parent group …": the name may hold anything, so count from its last parenthesis.
            string line = Encoding.UTF8.GetString(stat);
            string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            bool dead = fields[0] is "Z" or "X";
            if (!dead && (groups.Contains(int.Parse(fields[2], CultureInfo.InvariantCulture)) || HasMark(folder, marked)))
                found.Add(id);
        }

        return found;
    }

    /// <summary>The most memory a living process has had, from its status file; null when it is gone or the system does not tell.</summary>
    public static long? PeakResidentBytes(int id)
    {
        if (!OperatingSystem.IsLinux() || !TryRead($"/proc/{id}/status", out byte[] status))
            return null;

        ReadOnlySpan<byte> text = status;
        int at = text.IndexOf("VmHWM:"u8);
        if (at < 0)
            return null;

        text = text[(at + 6)..].TrimStart(" \t"u8);
        return System.Buffers.Text.Utf8Parser.TryParse(text, out long kibibytes, out _) ? kibibytes * 1024 : null;
    }

    /// <summary>Whether a process is stopped, by a signal or a debugger.</summary>
    public static bool IsStopped(int id)
    {
        if (!OperatingSystem.IsLinux() || !TryRead($"/proc/{id}/stat", out byte[] stat))
            return false;
        string line = Encoding.UTF8.GetString(stat);
        return line[(line.LastIndexOf(')') + 2)..][0] is 'T' or 't';
    }

    /// <summary>When a process started, in ticks of the kernel's clock; null when there is none.</summary>
    public static long? StartTicks(int id)
    {
        if (!OperatingSystem.IsLinux() || !TryRead($"/proc/{id}/stat", out byte[] stat))
            return null;
        string line = Encoding.UTF8.GetString(stat);
        string[] fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
    }

    private static bool HasMark(string folder, byte[] marked) =>
        TryRead(folder + "/environ", out byte[] environment)
        && (environment.AsSpan().StartsWith(marked.AsSpan(1)) || environment.AsSpan().IndexOf(marked) >= 0);

    private static bool TryRead(string path, out byte[] content)
    {
        try
        {
            content = File.ReadAllBytes(path);
            return true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // The process ended while the table was read, or is somebody else's.
            content = [];
            return false;
        }
    }
}
