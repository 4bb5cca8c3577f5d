namespace BoxerMpi.Internal;

/// <summary>How a rank exchanges messages. The same on all ranks of a job.</summary>
internal sealed record MessengerOptions
{
    public static MessengerOptions Default { get; } = new();

    /// <summary>
    /// Longest message whose send completes before its receive exists, in bytes; those up to <see cref="Transport.Link.CopyLimitBytes"/>
    /// always do. Default 65,536. BOXER_EAGER_BYTES.
    /// </summary>
    public int EagerLimitBytes
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value));
    } = 64 * 1024;

    /// <summary>Makes every send synchronous, to expose programs that rely on buffering. Default off. BOXER_STRICT.</summary>
    public bool Strict { get; init; }

    /// <summary>Adds a checksum to every frame. Default off: TCP has one, and peers prove who they are. BOXER_CHECKSUM.</summary>
    public bool Checksums { get; init; }

    /// <summary>Passes frames on for ranks that have no link to each other. Default off. Set by the off-topology policy.</summary>
    public bool Relay { get; init; }
}
