namespace BoxerMpi;

/// <summary>How a streaming exchange cuts and bounds its traffic. All ranks of an exchange use equal options.</summary>
public sealed record ExchangeOptions
{
    /// <summary>64 KiB blocks, 4 of them in flight to a destination, 64 MiB of arrivals.</summary>
    public static ExchangeOptions Default { get; } = new();

    /// <summary>
    /// Bytes collected for a destination before they leave, at most; a block holds a power of two elements. Default 65,536.
    /// </summary>
    public int BlockBytes { get; init => field = Positive(value, nameof(BlockBytes)); } = 64 * 1024;

    /// <summary>Full blocks on their way to one destination; a writer waits for the oldest when there are as many. Default 4.</summary>
    public int BlocksInFlight { get; init => field = Positive(value, nameof(BlocksInFlight)); } = 4;

    /// <summary>
    /// Bytes of arrived blocks that are held for a reader before senders are made to wait, and as many again for rows that a rank sends
    /// itself. Default 64 MiB.
    /// </summary>
    /// <remarks>
    /// Ranks that write everything before they read anything need as much as a rank receives, or they wait for each other until the
    /// communicator's timeout; <see cref="ShuffleExtensions"/> reads and writes at once and needs only a few blocks.
    /// </remarks>
    public long ArrivalBytes { get; init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value)); } = 64 << 20;

    private static int Positive(int value, string name) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(name, value, "It must be positive.");
}
