namespace BoxerMpi.Internal;

/// <summary>Waits for a message to match, without receiving it. Not pooled: its message outlives it.</summary>
internal sealed class ProbeOperation : Operation
{
    public ProbeOperation(Messenger messenger, MatchQueue queue, int source, int tag)
        : base(messenger)
    {
        (Queue, Source) = (queue, source);
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

    public UnexpectedMessage? Message { get; set; }

    public override int PeerRank => Source;

    public override string Describe() =>
        $"Probe for {(Source < 0 ? "any rank" : $"rank {Communicator?.FromWorldRank(Source) ?? Source}")}{(Tag < 0 ? "" : $", tag {Tag}")}";

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
