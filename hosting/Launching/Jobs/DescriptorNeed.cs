using BoxerMpi.Processes;
using BoxerMpi.Transport;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Compares the file descriptors that a job takes here with those that this process may have, before anything is started.</summary>
internal static class DescriptorNeed
{
    // Listeners, event queues of the runtime, the watchdog's pipe, two write ends while a rank is started.
    private const int OfBoxer = 24;

    /// <summary>The job's need beside the coordinator's connections.</summary>
    /// <param name="ranks">How many ranks there are.</param>
    /// <param name="perRank">What each takes here, the coordinator's connection to it included.</param>
    /// <returns>What is going to be opened besides these connections.</returns>
    /// <exception cref="LaunchException">The limit is too low.</exception>
    public static int Check(int ranks, int perRank)
    {
        int limit = DescriptorLimit.Current;
        long need = DescriptorLimit.Open + OfBoxer + DescriptorLimit.Reserve + ((long)ranks * perRank);
        if (need > limit)
        {
            throw new LaunchException(
                $"{ranks} ranks need about {need} file descriptors here, and this process may have {limit}; "
                + "raise the limit (ulimit -n) or start fewer ranks.");
        }

        return OfBoxer + (ranks * (perRank - 1));
    }
}
