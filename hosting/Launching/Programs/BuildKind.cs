using System.Runtime.InteropServices;

namespace BoxerMpi.Launching.Programs;

/// <summary>How a project becomes a program.</summary>
/// <param name="NativeAot">Native AOT instead of ReadyToRun.</param>
/// <param name="Configuration">Such as Release.</param>
internal sealed record BuildKind(bool NativeAot, string Configuration)
{
    /// <summary>What it is to run on; this machine unless said otherwise.</summary>
    public string RuntimeIdentifier { get; init; } = RuntimeInformation.RuntimeIdentifier;

    /// <summary>Brings .NET along, for machines without it. Native AOT always does.</summary>
    public bool SelfContained { get; init; }

    /// <summary>Compiled here for another processor.</summary>
    public bool IsForeign => RuntimeIdentifier != RuntimeInformation.RuntimeIdentifier;

    /// <summary>Name of the cache folder: <c>linux-x64-release-r2r</c>.</summary>
    public string CacheName =>
        $"{RuntimeIdentifier}-{Configuration.ToLowerInvariant()}-{(NativeAot ? "aot" : SelfContained ? "r2r-complete" : "r2r")}";
}
