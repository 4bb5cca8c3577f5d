namespace BoxerMpi.Internal;

/// <summary>A receive that waits for its message or takes it in.</summary>
internal sealed unsafe class ReceiveOperation : Operation
{
    /// <summary>Where it stands; what <see cref="Withdraw"/> has to undo.</summary>
    public enum Stage
    {
        /// <summary>In the queue of posted receives.</summary>
        Posted,

        /// <summary>Its message arrives in library memory and is copied when complete.</summary>
        Claimed,

        /// <summary>Its message arrives right in the buffer.</summary>
        Arriving,

        /// <summary>Its message was asked for and comes in pieces.</summary>
        Granted,
    }

    public ReceiveOperation(Messenger messenger)
        : base(messenger) => Posted = new MatchLink(this);

    public MatchQueue Queue { get; private set; } = null!;

    /// <summary>World rank, or -1 for any.</summary>
    public int Source { get; private set; }

    public int Tag => Posted.Tag;

    public byte* Buffer { get; set; }

    public long Capacity { get; set; }

    /// <summary>The buffer is rented when the message's length is known, and belongs to the operation until taken.</summary>
    public bool OwnsBuffer { get; private set; }

    public Stage Progress { get; set; }

    /// <summary>What the caller takes the bytes for; bytes may be anything, an object too.</summary>
    public Type? Elements { get; set; }

    /// <summary>Its place among the posted receives of its queue.</summary>
    public MatchLink Posted { get; }

    public UnexpectedMessage? Message { get; set; }

    /// <summary>Only the message that a probe has matched will do.</summary>
    public bool IsOfMatched { get; set; }

    public ulong ReceiveId { get; set; }

    /// <summary>World rank whose message it takes in, or -1 before that is known.</summary>
    public int MatchedSource { get; set; } = -1;

    /// <summary>The link over which its message arrives right in the buffer.</summary>
    public Transport.Link? ArrivingLink { get; set; }

    /// <summary>The link whose <c>Expecting</c> count includes this operation.</summary>
    public Transport.Link? ExpectedLink { get; set; }

    public bool ExpectsAny { get; set; }

    public override int PeerRank => MatchedSource >= 0 ? MatchedSource : Message?.Source ?? Source;

    protected override bool IsKeptByAwaiter => OwnsBuffer;

    public void Prepare(MatchQueue queue, int source, int tag, byte* buffer, long capacity, bool ownsBuffer)
    {
        (Queue, Source, OwnsBuffer) = (queue, source, ownsBuffer);
        Posted.Tag = tag;
        Buffer = buffer;
        Capacity = ownsBuffer ? long.MaxValue : capacity;
        Progress = Stage.Posted;
    }

    public override string Describe() =>
        $"Receive from {(Source < 0 ? "any rank" : $"rank {Communicator?.FromWorldRank(Source) ?? Source}")}{(Tag < 0 ? "" : $", tag {Tag}")}";

    /// <summary>The error of what came whole but is not what the program receives, or null. Before the buffer is let go of.</summary>
    public Exception? Refusal(Status status) =>
        Elements is { } elements && elements != typeof(byte) && ObjectFormat.IsMarked(Buffer, status.ByteCount)
            ? ObjectFormat.Refusal(
                new ReadOnlySpan<byte>(Buffer, (int)status.ByteCount),
                elements,
                Communicator!,
                status with { Source = Communicator!.FromWorldRank(status.Source) })
            : null;

    public override void Withdraw() => Messenger.WithdrawReceive(this);

    protected override bool TryTakeBack(Exception? error) => Messenger.TryTakeBack(this, error);

    /// <summary>The rented buffer is given up; the next message gets one of its length.</summary>
    public void FreeBuffer()
    {
        if (Buffer is not null)
            NativeBlocks.Free(Buffer);
        Buffer = null;
        Capacity = long.MaxValue;
    }

    public override void Reset()
    {
        if (OwnsBuffer)
            FreeBuffer();
        Buffer = null;
        Message = null;
        OwnsBuffer = false;
        ArrivingLink = null;
        Elements = null;
        MatchedSource = -1;
        IsOfMatched = false;
        Posted.Order = 0;
        base.Reset();
    }

    protected override void Recycle() => Messenger.Pool.Return(this);
}
