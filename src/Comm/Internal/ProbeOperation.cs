namespace BoxerMpi.Internal;

/// <summary>Waits for a message, and takes it out of the queue or leaves it there. Not pooled: its message outlives it.</summary>
internal sealed class ProbeOperation : Operation
{
    public ProbeOperation(Messenger messenger, MatchQueue queue, int source, int tag, bool takes)
        : base(messenger)
    {
        (Queue, Source, Takes) = (queue, source, takes);
        Posted = new MatchLink(this) { Tag = tag };
    }

    public MatchQueue Queue { get; }

    /// <summary>World rank, or -1 for any.</summary>
    public int Source { get; }

    public int Tag => Posted.Tag;

    /// <summary>Its place among the probes of its queue.</summary>
    public MatchLink Posted { get; }

    /// <summary>Whether it waits in its queue.</summary>
    public bool IsPosted { get; set; }

    /// <summary>Whether the message is then its holder's alone.</summary>
    public bool Takes { get; }

    /// <summary>The message that it has taken.</summary>
    public UnexpectedMessage? Message { get; private set; }

    public override int PeerRank => Source;

    public override string Describe() =>
        $"{(Takes ? "MatchedProbe" : "Probe")} for {(Source < 0 ? "any rank" : $"rank {Communicator?.FromWorldRank(Source) ?? Source}")}{(Tag < 0 ? "" : $", tag {Tag}")}";

    /// <summary>Ends it with the message that was found.</summary>
    public void Find(UnexpectedMessage message)
    {
        if (Takes)
            Message = message;
        Complete(new Status(message.Source, message.Tag, message.Length), null);
    }

    public override void Withdraw() => Messenger.WithdrawProbe(this);

    protected override bool TryTakeBack(Exception? error)
    {
        Withdraw();
        return true;
    }

    protected override void Recycle()
    {
    }
}
