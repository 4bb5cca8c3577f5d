using System.Net;
using BoxerMpi.Coordinator;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Places;

/// <summary>A NAT lab on this machine: each rank is a host of its own, the coordinator is reached at two public addresses.</summary>
internal sealed class LabSite : ISite
{
    private readonly Lab _lab;

    private LabSite(Lab lab) => _lab = lab;

    /// <param name="options">The lab; host r is rank r's.</param>
    /// <param name="prefix">What the lab is known by; made up when null.</param>
    /// <exception cref="LabException">This system cannot.</exception>
    /// <exception cref="InterruptedException">A signal came while it was made.</exception>
    public static LabSite Open(LabOptions options, string? prefix)
    {
        using Interruption interruption = new();
        return new LabSite(interruption.Guard(token => Lab.Create(options, prefix, pin: false, token), static lab => lab.Abandon()));
    }

    public Task<string>? Broken => _lab.Broken;

    public IReadOnlyList<string> Leftovers => [LabRecords.PathOf(_lab.Prefix)];

    public Seed StartSeed(SeedOptions options) => StartSeed(_lab, options);

    /// <summary>A coordinator on the host that a lab has for it.</summary>
    public static Seed StartSeed(Lab lab, SeedOptions options) => lab.Seed.Run(() => Seed.Start(options with
    {
        Listen = new IPEndPoint(Lab.SeedAddress, 0),
        ExtraListen = [new IPEndPoint(Lab.SecondSeedAddress, 0)],
    }));

    public SpawnRequest Put(int rank, SpawnRequest request) => request with { Network = _lab.Hosts[rank].Network };

    public void Dispose() => _lab.Dispose();
}
