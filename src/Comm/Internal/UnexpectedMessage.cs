namespace BoxerMpi.Internal;

/// <summary>A message that came (or was announced) before a receive for it.</summary>
internal sealed unsafe class UnexpectedMessage
{
    public enum Kind
    {
        /// <summary>Its bytes are arriving in <see cref="Block"/>.</summary>
        Arriving,

        /// <summary>Its bytes are in <see cref="Block"/>.</summary>
        Complete,

        /// <summary>Announced by its sender.</summary>
        Offered,

        /// <summary>A long message of this rank to itself.</summary>
        Self,

        /// <summary>Its sender was lost before all of it had come.</summary>
        Lost,

        /// <summary>Its sender took it back after a probe had matched it.</summary>
        TakenBack,
    }

    public UnexpectedMessage() => (OfSource, OfAll) = (new MatchLink(this), new MatchLink(this));

    public Kind State { get; set; }

    /// <summary>World rank of the sender.</summary>
    public int Source { get; set; }

    public int Tag { get; set; }

    public long Length { get; set; }

    public byte* Block { get; set; }

    /// <summary>The sender's number of an announced message, else 0.</summary>
    public ulong SendId { get; set; }

    public SendOperation? SelfSend { get; set; }

    /// <summary>The receive that gets it once it is complete.</summary>
    public ReceiveOperation? Claim { get; set; }

    /// <summary>The link over which it arrives, until it is complete.</summary>
    public Transport.Link? ArrivingLink { get; set; }

    /// <summary>Nobody wants it: freed when complete.</summary>
    public bool Discarded { get; set; }

    /// <summary>Its sender was charged credit for it.</summary>
    public bool HoldsCredit { get; set; }

    /// <summary>The queue that holds it, or null once it is matched.</summary>
    public MatchQueue? Queue { get; set; }

    /// <summary>Its place among the messages of its source, and its age.</summary>
    public MatchLink OfSource { get; }

    /// <summary>Its place among all messages of the queue, where those are listed.</summary>
    public MatchLink OfAll { get; }

    public void Reset()
    {
        Block = null;
        SendId = 0;
        SelfSend = null;
        Claim = null;
        ArrivingLink = null;
        Discarded = false;
        HoldsCredit = false;
        Queue = null;
        OfSource.Order = 0;
    }
}
