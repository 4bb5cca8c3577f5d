using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>What connects the ranks of a <see cref="LocalCluster"/>.</summary>
public enum LocalTransport
{
    /// <summary>Rings in memory.</summary>
    Memory,

    /// <summary>TCP over loopback.</summary>
    Tcp,
}

/// <summary>How a <see cref="LocalCluster"/> runs.</summary>
public sealed record LocalClusterOptions
{
    /// <summary>Memory links, a mesh, one minute.</summary>
    public static LocalClusterOptions Default { get; } = new();

    /// <summary>What connects the ranks. Default: memory.</summary>
    public LocalTransport Transport { get; init; }

    /// <summary>The links that are set up, as <c>boxer run --topology</c> takes them. Default: mesh.</summary>
    public string Topology { get; init; } = "mesh";

    /// <summary>What happens to messages between ranks without a link. Default: a link is set up.</summary>
    public OffTopologyPolicy OffTopology { get; init; }

    /// <summary>How long all ranks together may take. Default one minute.</summary>
    public TimeSpan Timeout
    {
        get;
        init => field = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value));
    } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long one operation may wait; see <see cref="Communicator.Timeout"/>. Default: without limit, so that what ends a hang tells of
    /// all ranks.
    /// </summary>
    public TimeSpan? OperationTimeout { get; init; }

    /// <summary>
    /// What <see cref="Communicator.RemainingTime"/> counts down from, to test what a program does when its time is nearly over. Default:
    /// no limit.
    /// </summary>
    public TimeSpan? RemainingTime { get; init; }

    /// <summary>Faults to inject, or null.</summary>
    public FaultPlan? Faults { get; init; }

    /// <summary>Longest message whose send does not wait for its receive, in bytes; 8,192 if less. Default 65,536.</summary>
    public int EagerLimitBytes
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value));
    } = MessengerOptions.Default.EagerLimitBytes;

    /// <summary>Makes every send wait for its receive, to expose programs that rely on buffering. Default off.</summary>
    public bool Strict { get; init; }

    /// <summary>Adds a checksum to every frame. Default off.</summary>
    public bool Checksums { get; init; }
}
