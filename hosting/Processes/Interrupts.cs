using System.Globalization;

namespace BoxerMpi.Processes;

/// <summary>INT and QUIT, where whoever started this process has them ignored.</summary>
internal static class Interrupts
{
    private static bool _heeds;

    /// <summary>Call it before a handler of INT or QUIT is registered.</summary>
    /// <remarks>
    /// A shell script starts its background commands with INT and QUIT ignored, and .NET would leave that so; whoever signals the
    /// launcher by its id means it. HUP stays ignored under nohup. Only what is ignored is touched, and once: the runtime keeps its
    /// own handler installed after the first registration, or the first use of the terminal, and does not notice that it is taken away.
    /// </remarks>
    public static void Heed()
    {
        if (!NativeMethods.IsUnix || Interlocked.Exchange(ref _heeds, true))
            return;
        foreach (int signal in (int[])[NativeMethods.SigInt, NativeMethods.SigQuit])
        {
            if (IsIgnored(signal))
                _ = NativeMethods.SetHandler(signal, 0);
        }
    }

    private static bool IsIgnored(int signal)
    {
        if (!OperatingSystem.IsLinux())
            return true;

        // proc(5): a mask in hex, the lowest bit for signal 1.
        const string Field = "SigIgn:";
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Field, StringComparison.Ordinal));
        ulong mask = ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return ((mask >> (signal - 1)) & 1) != 0;
    }
}
