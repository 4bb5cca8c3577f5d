using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>A send that could not leave at once.</summary>
internal sealed unsafe class SendOperation(Messenger messenger) : Operation(messenger), IPayloadOwner
{
    /// <summary>Where it stands; what <see cref="Withdraw"/> has to undo.</summary>
    public enum Stage
    {
        /// <summary>The link is still being set up, or the receiver has been told of enough messages.</summary>
        Waiting,

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

    /// <summary>Its place among the peer's sends that wait.</summary>
    public LinkedListNode<SendOperation> Place => field ??= new LinkedListNode<SendOperation>(this);

    public ulong SendId { get; set; }

    /// <summary>Announced, and the receiver has not answered.</summary>
    public bool IsAnnounced { get; set; }

    /// <summary>Frames that its link had sent with its announcement.</summary>
    public long AnnouncedAt { get; set; }

    /// <summary>The receiver was asked to let go of it, and it ends with this if that does.</summary>
    public Exception? TakingBack { get; set; }

    public long Granted { get; set; }

    /// <summary>Pieces in the link's queue.</summary>
    public int PiecesQueued { get; set; }

    public bool FinalGrant { get; set; }

    /// <summary>The receiver has matched it.</summary>
    public bool IsWanted => FinalGrant || Granted > 0;

    public Link? ExpectedLink { get; set; }

    public UnexpectedMessage? SelfMessage { get; set; }

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

    protected override bool TryTakeBack(Exception? error) => Messenger.TryTakeBack(this, error);

    public void PayloadSent()
    {
        PiecesQueued--;
        EndIfSent();
    }

    /// <summary>Ends it when the last piece of its payload has left.</summary>
    public void EndIfSent()
    {
        if (FinalGrant && PiecesQueued == 0 && !IsDone)
            Complete(default, null);
    }

    public void PayloadLost(Exception reason) => PiecesQueued--;

    public override void Reset()
    {
        Data = null;
        (SendId, Granted, PiecesQueued, FinalGrant) = (0, 0, 0, false);
        SelfMessage = null;
        TakingBack = null;
        base.Reset();
    }

    protected override void Recycle() => Messenger.Pool.Return(this);
}
