using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Hosts;

/// <summary>Ranks as processes of this machine.</summary>
internal static class ThisMachine
{
    public static IRankHost Host(RankHostOptions options) =>
        NativeMethods.IsUnix ? new PosixRankHost(options) : new ManagedRankHost(options);
}
