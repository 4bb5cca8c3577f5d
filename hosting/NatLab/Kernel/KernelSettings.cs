using System.Globalization;

namespace BoxerMpi.NatLab.Kernel;

/// <summary>Settings under /proc/sys; those of the network are of the namespace that the calling thread is in.</summary>
internal static class KernelSettings
{
    /// <exception cref="LabException">The setting is not there or cannot be written.</exception>
    public static void Write(string setting, int value)
    {
        try
        {
            File.WriteAllText("/proc/sys/" + setting, value.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LabException(
                $"/proc/sys/{setting} cannot be written: {failure.Message}",
                "it takes root and a kernel with NAT (CONFIG_NF_CONNTRACK); in a container, start it with --privileged");
        }
    }

    /// <summary>Writes a setting that a kernel may do without, as one without IPv6.</summary>
    public static void WriteIfThere(string setting, int value)
    {
        if (File.Exists("/proc/sys/" + setting))
            Write(setting, value);
    }
}
