using BoxerMpi.Coordinator;
using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Places;

/// <summary>What ranks that are processes of this machine run on, and how they reach the coordinator. Disposing it ends what it made.</summary>
internal interface ISite : IDisposable
{
    /// <summary>Starts the coordinator where the ranks reach it; the site says on which addresses.</summary>
    Seed StartSeed(SeedOptions options);

    /// <summary>Completes with the reason when something that the ranks need is gone; null where there is nothing of that kind.</summary>
    Task<string>? Broken { get; }

    /// <summary>Files and folders that it would leave if this process were killed.</summary>
    IReadOnlyList<string> Leftovers { get; }

    /// <summary>What starts a rank there.</summary>
    SpawnRequest Put(int rank, SpawnRequest request);
}
