namespace BoxerMpi.Control;

/// <summary>What a rank sent to and received from the other ranks, payload only.</summary>
internal sealed record Traffic(long MessagesSent, long BytesSent, long MessagesReceived, long BytesReceived);
