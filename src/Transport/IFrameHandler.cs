using BoxerMpi.Wire;

namespace BoxerMpi.Transport;

/// <summary>Where the payload of an arriving frame goes; bytes beyond the capacity are read and dropped.</summary>
internal unsafe struct PayloadTarget
{
    public byte* Pointer;
    public long Capacity;

    /// <summary>Handed back when the frame is complete.</summary>
    public object? State;

    /// <summary>
    /// Nobody has asked for the payload yet: while the link has nothing else that is wanted, it may stay where it is for a moment.
    /// </summary>
    public bool MayWait;
}

/// <summary>What links tell the layer above. Called under the engine's gate; runs no user code and never blocks.</summary>
internal interface IFrameHandler
{
    /// <summary>A header has arrived.</summary>
    /// <exception cref="WireFormatException">The frame makes no sense here: the link is closed with this reason.</exception>
    PayloadTarget Begin(Link link, in FrameHeader header);

    /// <summary>The payload is complete.</summary>
    void End(Link link, in FrameHeader header, object? state);

    /// <summary>The link is gone. A frame that had begun will not end; its state comes along.</summary>
    /// <param name="link">The link.</param>
    /// <param name="reason">Why, or null when the other side said goodbye first.</param>
    /// <param name="unfinished">State of the frame that was arriving.</param>
    void Closed(Link link, Exception? reason, object? unfinished);
}

/// <summary>Told when the payload of a frame that was not copied has left, so that its memory may be used again.</summary>
internal interface IPayloadOwner
{
    void PayloadSent();

    /// <summary>The link is gone before the payload had left.</summary>
    void PayloadLost(Exception reason);
}

/// <summary>A fault to inject into one outgoing frame.</summary>
/// <param name="Drop">The frame is not sent, though its sequence number is used up.</param>
/// <param name="Duplicate">The frame is sent twice.</param>
/// <param name="Delay">The frame and all behind it leave that much later.</param>
internal readonly record struct FrameFault(bool Drop = false, bool Duplicate = false, TimeSpan Delay = default);
