using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>A send that could not leave at once.</summary>
internal sealed unsafe class SendOperation(Messenger messenger) : Operation(messenger), IPayloadOwner
{
    /// <summary>Where it stands; what <see cref="Withdraw"/> has to undo.</summary>
    public enum Stage
    {
        /// <summary>The link is still being set up.</summary>
        WaitingForLink,

        /// <summary>Its payload is in the link's queue.</summary>
        Writing,

        /// <summary>Announced; the receiver has not asked for all of it yet.</summary>
        Offered,

        /// <summary>To this rank itself, waiting for the receive.</summary>
        ToSelf,
    }

    public Peer Peer { get; private set; } = null!;

    public ulong Context { get; private set; }

    public int Tag { get; private set; }

    public byte* Data { get; set; }

    public long Length { get; private set; }

    /// <summary>Completes only when the receive has matched.</summary>
    public bool Synchronous { get; private set; }

    public Stage Progress { get; set; }

    public ulong SendId { get; set; }

    public long Granted { get; set; }

    /// <summary>Pieces in the link's queue.</summary>
    public int PiecesQueued { get; set; }

    public bool FinalGrant { get; set; }

    public Link? ExpectedLink { get; set; }

    public UnexpectedMessage? SelfMessage { get; set; }

    /// <summary>The caller has gone; the data is a copy that is freed at the end.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Detached, and counted as work of the engine.</summary>
    public bool IsCounted { get; set; }

    public override int PeerRank => Peer.Rank;

    public void Prepare(Peer peer, ulong context, int tag, byte* data, long length, bool synchronous)
    {
        (Peer, Context, Tag, Length, Synchronous) = (peer, context, tag, length, synchronous);
        Data = data;
    }

    public override string Describe() =>
        $"{(Synchronous ? "SynchronousSend" : "Send")} of {Length} bytes to rank {Communicator?.FromWorldRank(Peer.Rank) ?? Peer.Rank}, " +
        $"tag {Tag}";

    public override void Withdraw() => Messenger.WithdrawSend(this);

    public void PayloadSent()
    {
        PiecesQueued--;
        Messenger.SendProgressed(this);
    }

    public void PayloadLost(Exception reason)
    {
        PiecesQueued--;
        if (IsDetached && FinalGrant && PiecesQueued == 0)
            Messenger.Recycle(this);
    }

    public override void Reset()
    {
        if (IsDetached)
            NativeBlocks.Free(Data);
        if (IsCounted)
            Messenger.Engine.CountAsynchronous(-1);
        IsCounted = false;
        Data = null;
        IsDetached = false;
        (SendId, Granted, PiecesQueued, FinalGrant) = (0, 0, 0, false);
        SelfMessage = null;
        base.Reset();
    }

    protected override void Recycle() => Messenger.Recycle(this);
}
