namespace BoxerMpi.Wire;

/// <summary>Sizes that both ends of a link agree on by being the same version.</summary>
internal static class WireLimits
{
    /// <summary>Bytes of messages that a peer may have sent before their receives are posted.</summary>
    /// <remarks>
    /// The memory that one peer can cost a rank that does not receive. 4 MiB keeps messages up to that size free of a
    /// rendezvous round trip and holds a full window of large sends.
    /// </remarks>
    public const long CreditWindowBytes = 4 * 1024 * 1024;

    /// <summary>What each unexpected message costs beside its payload, so that empty messages are bounded too.</summary>
    public const int MessageOverheadBytes = 64;

    /// <summary>Given-back credit that is worth a frame of its own when no other frame carries it.</summary>
    public const long CreditReturnBytes = CreditWindowBytes / 4;

    /// <summary>Announced messages of one peer that a rank has not asked for: they cost it about as much as the credit window.</summary>
    public const int AnnouncementLimit = 16_384;

    /// <summary>So many more are announced each time that a receive finds nothing among them.</summary>
    public const int AnnouncementBatch = 1_024;

    /// <summary>Longest reason that travels with a revocation.</summary>
    public const int MaximumReasonBytes = 4096;

    /// <summary>Longest total of one message: what 64-bit arithmetic on offsets holds with room to spare.</summary>
    public const long MaximumMessageBytes = long.MaxValue / 4;

    /// <summary>The most that a frame of this kind may announce. Only eager frames make the receiver allocate.</summary>
    public static long MaximumLength(FrameKind kind) => kind switch
    {
        FrameKind.Eager => CreditWindowBytes,
        FrameKind.RequestToSend => MessageOffer.Bytes,
        FrameKind.ClearToSend => MessageGrant.Bytes,
        FrameKind.Data => MaximumMessageBytes,
        FrameKind.Revoke => MaximumReasonBytes,
        _ => 0,
    };
}
