using System.Security.Cryptography;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Jobs that nobody else needs to know.</summary>
internal static class NewJob
{
    /// <summary>An id that nobody has to type.</summary>
    public static string Id() => "run-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

    /// <summary>A job of the launcher's own, such as one that measures.</summary>
    public static JobSpec Of(Topology topology) => new()
    {
        JobId = Id(),
        Token = RandomNumberGenerator.GetBytes(32),
        Size = topology.Size,
        Topology = topology.Spec,
        GateTimeout = TimeSpan.FromMinutes(2),
    };
}
