using System.Runtime.InteropServices;
using BoxerMpi.Launcher.NatLab.Kernel;

namespace BoxerMpi.Launcher.NatLab;

/// <summary>Names in /run/netns, where <c>ip netns</c> looks for them too: they keep a namespace when its maker ends.</summary>
internal static class PinnedNames
{
    private const string Folder = "/run/netns";

    public static string PathOf(string prefix, string name) => $"{Folder}/{prefix}-{name}";

    /// <summary>Names that begin as those of a lab would.</summary>
    public static IReadOnlyList<string> Of(string prefix)
    {
        if (!Directory.Exists(Folder))
            return [];
        string[] kinds = [LabPlan.Net, LabPlan.Seed, "host", "nat"];
        return
        [
            .. Directory.EnumerateFiles(Folder, prefix + "-*")
                .Where(path => kinds.Any(kind => Path.GetFileName(path).StartsWith($"{prefix}-{kind}", StringComparison.Ordinal))),
        ];
    }

    /// <exception cref="LabException">The file system does not take them.</exception>
    public static void Add(string prefix, NetworkNamespace named)
    {
        string path = PathOf(prefix, named.Name);
        try
        {
            Directory.CreateDirectory(Folder);
            File.Create(path).Dispose();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"{path} cannot be made: {failure.Message}", "it takes root and a writable /run");
        }

        if (KernelCalls.Mount($"/proc/self/fd/{named.Descriptor}", path, null, KernelCalls.BindMount, 0) != 0)
        {
            string error = Marshal.GetLastPInvokeErrorMessage();
            File.Delete(path);
            throw new LabException($"{path} cannot be mounted: {error}", "it takes root (CAP_SYS_ADMIN)");
        }
    }

    public static void Remove(string path)
    {
        // A file that was made and not mounted on: there is nothing to unmount.
        _ = KernelCalls.Unmount(path, KernelCalls.Detach);
        File.Delete(path);
    }
}
