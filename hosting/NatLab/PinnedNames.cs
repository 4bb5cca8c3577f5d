using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using BoxerMpi.NatLab.Kernel;

namespace BoxerMpi.NatLab;

/// <summary>Names in /run/netns, where <c>ip netns</c> looks for them too: they keep a namespace when its maker ends.</summary>
internal static partial class PinnedNames
{
    private const string Folder = "/run/netns";

    public static string PathOf(string prefix, string name) => $"{Folder}/{prefix}-{name}";

    /// <summary>Names that a lab of that prefix has or would have; those of lab-nat are none of lab's.</summary>
    public static IReadOnlyList<string> Of(string prefix) => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, prefix + "-*").Where(path => NameForm().IsMatch(Path.GetFileName(path.AsSpan())[(prefix.Length + 1)..]))]
        : [];

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

    /// <summary>The names that <see cref="LabPlan"/> gives.</summary>
    [GeneratedRegex(@"^(net|seed|host[0-9]+|nat[0-9]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex NameForm();
}
