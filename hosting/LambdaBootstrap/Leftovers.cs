using System.Globalization;
using System.Text;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>Processes that a program started and left in sessions of their own: they would run on in the function's next event.</summary>
internal static class Leftovers
{
    /// <summary>What is in the environment of all that belongs to one event, and only of that.</summary>
    public const string Mark = "BOXER_INVOCATION";

    public static void Kill(string requestId)
    {
        byte[] mark = Encoding.UTF8.GetBytes($"{Mark}={requestId}\0");
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                && Carries(folder, mark))
                _ = NativeMethods.Kill(process, NativeMethods.SigKill);
        }
    }

    private static bool Carries(string folder, byte[] mark)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(folder, "environ")).AsSpan().IndexOf(mark) >= 0;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false; // gone, or somebody else's
        }
    }
}
