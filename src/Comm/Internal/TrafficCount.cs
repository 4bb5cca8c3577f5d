using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>Messages and payload of one direction, counted as their frames pass.</summary>
internal struct TrafficCount
{
    public long Messages { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>A long message is announced once and then comes in pieces; a short one comes whole.</summary>
    public void Count(FrameKind kind, long length)
    {
        if (kind is FrameKind.Eager or FrameKind.RequestToSend)
            Messages++;
        if (kind is FrameKind.Eager or FrameKind.Data)
            Bytes += length;
    }
}
