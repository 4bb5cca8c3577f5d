namespace BoxerMpi.Internal;

/// <summary>Waits for a message to match, without receiving it. Not pooled: its message outlives it.</summary>
internal sealed class ProbeOperation(Messenger messenger, MatchQueue queue, int source, int tag) : Operation(messenger)
{
    public MatchQueue Queue { get; } = queue;

    /// <summary>World rank, or -1 for any.</summary>
    public int Source { get; } = source;

    public int Tag { get; } = tag;

    public UnexpectedMessage? Message { get; set; }

    public override int PeerRank => Source;

    public override string Describe() =>
        $"Probe for {(Source < 0 ? "any rank" : $"rank {Communicator?.FromWorldRank(Source) ?? Source}")}{(Tag < 0 ? "" : $", tag {Tag}")}";

    public override void Withdraw() => Messenger.WithdrawProbe(this);

    protected override void Recycle()
    {
    }
}
