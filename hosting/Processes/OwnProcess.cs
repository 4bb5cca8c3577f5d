using System.Collections;
using System.Text;

namespace BoxerMpi.Processes;

/// <summary>This process's arguments and variables as the system gave them, as <see cref="SystemText"/>.</summary>
/// <remarks>.NET replaces bytes that are no UTF-8 before a program sees them; Linux still has them.</remarks>
internal static class OwnProcess
{
    /// <summary>The arguments with their own bytes.</summary>
    /// <param name="known">As .NET gave them.</param>
    public static string[] Arguments(string[] known)
    {
        string[] all = Parts("/proc/self/cmdline");
        if (all.Length < known.Length)
            return known;

        // In front of them stand the program's name, or dotnet's and the .dll's.
        string[] own = all[(all.Length - known.Length)..];
        return own.Zip(known).All(pair => pair.First == pair.Second || !SystemText.IsWhole(pair.First)) ? own : known;
    }

    /// <summary>All variables with their own bytes.</summary>
    public static Dictionary<string, string> Variables()
    {
        Dictionary<string, string> variables = new(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        foreach (string part in Parts("/proc/self/environ"))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || SystemText.IsWhole(part))
                continue;

            // .NET knows a name that is no UTF-8 as another one.
            variables.Remove(Encoding.UTF8.GetString(SystemText.Encode(part[..equals])));
            variables[part[..equals]] = part[(equals + 1)..];
        }

        return variables;
    }

    public static string? Variable(string name) => Variables().GetValueOrDefault(name);

    private static string[] Parts(string path)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
                return [];

            // Each part ends with a zero.
            string[] parts = SystemText.Decode(File.ReadAllBytes(path)).Split('\0');
            return parts[..^1];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
