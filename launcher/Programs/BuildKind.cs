using System.Runtime.InteropServices;

namespace BoxerMpi.Launcher.Programs;

/// <summary>How a project becomes a program.</summary>
/// <param name="NativeAot">Native AOT instead of ReadyToRun.</param>
/// <param name="Configuration">Such as Release.</param>
internal sealed record BuildKind(bool NativeAot, string Configuration)
{
    /// <summary>Name of the cache folder: <c>linux-x64-release-r2r</c>.</summary>
    public string CacheName => $"{RuntimeInformation.RuntimeIdentifier}-{Configuration.ToLowerInvariant()}-{(NativeAot ? "aot" : "r2r")}";
}
