using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>A message that the receiver has asked for, from the first grant to its last byte.</summary>
internal sealed class GrantedReceive
{
    public required Peer Peer;
    public required ulong SendId;
    public required int Tag;
    public required long Total;

    /// <summary>What of it is taken: all, or what the buffer holds.</summary>
    public required long Accepted;

    /// <summary>The message's age among those of its queue.</summary>
    public required long Order;

    /// <summary>Null once the caller has gone; the bytes that were asked for then go to the message, or are dropped.</summary>
    public required ReceiveOperation? Receive;

    /// <summary>In library memory, for another receive.</summary>
    public UnexpectedMessage? Message;
    public long Granted;
    public long Received;

    /// <summary>The link over which it comes; with relays not always the one that leads to the sender.</summary>
    public Link? ArrivingLink;
}
