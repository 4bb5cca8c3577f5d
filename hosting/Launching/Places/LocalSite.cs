using System.Net;
using BoxerMpi.Coordinator;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Places;

/// <summary>This machine as it is: ranks reach each other by the loopback.</summary>
internal sealed class LocalSite : ISite
{
    public Task<string>? Broken => null;

    public IReadOnlyList<string> Leftovers => [];

    public Seed StartSeed(SeedOptions options) => Seed.Start(options with { Listen = new IPEndPoint(IPAddress.Loopback, 0) });

    public SpawnRequest Put(int rank, SpawnRequest request) => request;

    public void Dispose()
    {
    }
}
