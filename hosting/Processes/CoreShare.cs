namespace BoxerMpi.Processes;

/// <summary>Gives each rank cores of its own while there are enough, as mpirun binds its ranks.</summary>
/// <remarks>
/// Ranks that wait yield, so the scheduler sees no reason to part two of them that came to share a core while another has work:
/// measured with 2 ranks on two busy cores, a barrier then takes 26 µs instead of 9. A rank gets the same part of the cores as the
/// others, all of them together all cores, and .NET sizes its thread pool by it. BOXER_BIND=none leaves the ranks to the scheduler.
/// </remarks>
internal static unsafe class CoreShare
{
    // cpu_set_t of glibc and musl: 1,024 bits.
    private const int MaskBytes = 128;

    /// <summary>Spawns with the calling thread on the rank's cores: what it starts stays there.</summary>
    public static int Spawn(SpawnRequest request, int rank, int size)
    {
        byte* all = stackalloc byte[MaskBytes];
        new Span<byte>(all, MaskBytes).Clear();
        bool isWanted = OperatingSystem.IsLinux() && size > 1 && request.Environment.GetValueOrDefault("BOXER_BIND") != "none";
        if (!isWanted || NativeMethods.GetAffinity(0, MaskBytes, all) < 0)
            return PosixSpawner.Spawn(request);

        int[] share = Of([.. Enumerable.Range(0, MaskBytes * 8).Where(core => (all[core / 8] & (1 << (core % 8))) != 0)], rank, size);
        byte* own = stackalloc byte[MaskBytes];
        new Span<byte>(own, MaskBytes).Clear();
        foreach (int core in share)
            own[core / 8] |= (byte)(1 << (core % 8));
        if (share.Length == 0 || NativeMethods.SetAffinity(0, MaskBytes, own) != 0)
            return PosixSpawner.Spawn(request);
        try
        {
            return PosixSpawner.Spawn(request);
        }
        finally
        {
            _ = NativeMethods.SetAffinity(0, MaskBytes, all);
        }
    }

    /// <summary>The rank's part of the cores; none when there are fewer cores than ranks.</summary>
    public static int[] Of(int[] cores, int rank, int size) =>
        size > cores.Length ? [] : cores[(int)((long)rank * cores.Length / size)..(int)((rank + 1L) * cores.Length / size)];
}
