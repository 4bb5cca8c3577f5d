using System.Diagnostics;
using System.Globalization;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab;

/// <summary>Finds and ends the processes in a lab.</summary>
internal static class LabProcesses
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    /// <summary>The processes in a lab's namespaces, this one excepted.</summary>
    public static IReadOnlyList<int> In(LabRecord record)
    {
        Dictionary<string, RecordedNamespace> byLink = [];
        foreach (RecordedNamespace one in record.Namespaces)
            byLink[one.Link] = one;

        List<int> found = [];
        if (byLink.Count == 0)
            return found;
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && id != Environment.ProcessId
                && LinkOf(folder) is { } link
                && byLink.TryGetValue(link, out RecordedNamespace? recorded)
                && IsSame(recorded, folder))
            {
                found.Add(id);
            }
        }

        return found;
    }

    /// <summary>Ends them: TERM, and KILL after two seconds.</summary>
    public static void End(LabRecord record)
    {
        Stopwatch clock = Stopwatch.StartNew();
        HashSet<int> asked = [];
        while (In(record) is { Count: > 0 } left && clock.Elapsed < Grace + Patience)
        {
            foreach (int process in left)
            {
                if (clock.Elapsed >= Grace)
                    _ = NativeMethods.Kill(process, NativeMethods.SigKill);
                else if (asked.Add(process))
                    _ = NativeMethods.Kill(process, NativeMethods.SigTerm);
            }

            Thread.Sleep(Poll);
        }
    }

    private static string? LinkOf(string folder)
    {
        try
        {
            return new FileInfo(folder + "/ns/net").LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The number in the link may be another namespace's by now; the cookie never is.</summary>
    private static bool IsSame(RecordedNamespace recorded, string folder)
    {
        try
        {
            using NetworkNamespace there = NetworkNamespace.Open(recorded.Name, folder + "/ns/net");
            return there.Run(there.Identify).Cookie == recorded.Cookie;
        }
        catch (LabException)
        {
            // It ended meanwhile.
            return false;
        }
    }
}
