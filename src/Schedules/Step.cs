namespace BoxerMpi.Schedules;

/// <summary>What a step of a schedule does.</summary>
internal enum StepKind : byte
{
    /// <summary>Takes a message of exactly the target's length from the peer.</summary>
    Receive,

    /// <summary>Sends the source as one message to the peer.</summary>
    Send,

    /// <summary>Copies the source to the target.</summary>
    Copy,

    /// <summary>Folds the source, which comes from later ranks, into the target, which comes from earlier ranks.</summary>
    Reduce,
}

/// <summary>One step of a round.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Peer">The rank at the other end of a message, or -1.</param>
/// <param name="Target">What a receive, copy or reduction writes.</param>
/// <param name="Source">What a send, copy or reduction reads.</param>
/// <param name="Count">
/// How often a copy is repeated, each time a stride further; packing is one step that way, not one for each block.
/// </param>
/// <param name="TargetStride">Bytes from one repeated target to the next, also negative.</param>
/// <param name="SourceStride">Bytes from one repeated source to the next, also negative.</param>
internal readonly record struct Step(
    StepKind Kind, int Peer, Region Target, Region Source, int Count = 1, long TargetStride = 0, long SourceStride = 0);

/// <summary>
/// Where the steps of a round lie: receives and sends may all be in flight together; the local steps follow, in order, when all are done.
/// </summary>
internal readonly record struct Round(int First, int Receives, int Sends, int Locals)
{
    public int Posts => Receives + Sends;
}
