using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

internal sealed unsafe partial class Messenger
{
    // What a relayed message may have in flight; the ranks in between hold that much at most.
    private const long RelayedGrantBytes = 1024 * 1024;

    /// <summary>Receives on the calling thread. Ranks are world ranks, -1 for any.</summary>
    public Status Receive(Communicator communicator, MatchQueue queue, int source, int tag, byte* buffer, long capacity, TimeSpan timeout)
    {
        lock (Gate)
        {
            if (TryTake(communicator, queue, source, tag, buffer, capacity, exact: false, out Status status))
            {
                if (Engine.HasCollectedOutput)
                    Engine.FlushCollected();
                return status;
            }

            ReceiveOperation receive = Pool.RentReceive();
            receive.Prepare(queue, source, tag, buffer, capacity, ownsBuffer: false);
            receive.Communicator = communicator;
            try
            {
                StartReceive(receive);
                WaitFor(receive, timeout);
                return receive.Outcome();
            }
            finally
            {
                Pool.Return(receive);
            }
        }
    }

    /// <summary>Receives a message that is here whole and fits; it needs no operation.</summary>
    /// <param name="communicator">Whose receive it is.</param>
    /// <param name="queue">Where its messages are.</param>
    /// <param name="source">World rank, or -1 for any.</param>
    /// <param name="tag">Tag, or -1 for any.</param>
    /// <param name="buffer">Where it goes.</param>
    /// <param name="capacity">Bytes of the buffer.</param>
    /// <param name="exact">The message has to fill the buffer.</param>
    /// <param name="status">Who sent how much.</param>
    /// <returns>Whether there was one; else the long way finds out what there is.</returns>
    public bool TryTake(
        Communicator communicator, MatchQueue queue, int source, int tag, byte* buffer, long capacity, bool exact, out Status status)
    {
        Engine.AssertGate();
        status = default;
        if (_failure is not null || queue.Find(source, tag) is not { State: UnexpectedMessage.Kind.Complete } message)
            return false;
        if (message.Length > capacity || (exact && message.Length < capacity))
            return false;
        queue.Remove(message);
        Buffer.MemoryCopy(message.Block, buffer, capacity, message.Length);
        status = new Status(communicator.FromWorldRank(message.Source), message.Tag, message.Length);
        ReleaseCredit(message);
        Free(message);
        return true;
    }

    /// <summary>Starts a prepared receive: it gets a message that is there, or is posted.</summary>
    public void StartReceive(ReceiveOperation receive)
    {
        Engine.AssertGate();
        ThrowIfFailed();
        MatchQueue queue = receive.Queue;
        if (queue.Revoked is not null)
            throw MessengerErrors.RevokedAgain(queue.Revoked);

        int source = receive.Source;
        if (queue.Find(source, receive.Tag) is { } message)
        {
            queue.Remove(message);
            receive.Begin();
            Deliver(message, receive);
            return;
        }

        ThrowIfNobodySends(source, receive);
        receive.Begin();
        queue.Post(receive);
        Expect(receive);
        if (queue.Holders is not null)
            AskHolders(queue, source);
    }

    /// <summary>Receives a message that was matched before.</summary>
    public void StartReceive(ReceiveOperation receive, UnexpectedMessage message)
    {
        Engine.AssertGate();
        ThrowIfFailed();
        receive.Begin();
        receive.IsOfMatched = true;
        Deliver(message, receive);
    }

    /// <summary>Starts looking for a message to match.</summary>
    public void StartProbe(ProbeOperation probe)
    {
        Engine.AssertGate();
        ThrowIfFailed();
        if (probe.Queue.Revoked is not null)
            throw MessengerErrors.RevokedAgain(probe.Queue.Revoked);
        if (Find(probe.Queue, probe.Source, probe.Tag, probe.Takes) is { } message)
        {
            probe.Begin();
            probe.Find(message);
            return;
        }

        ThrowIfNobodySends(probe.Source, probe);
        probe.Begin();
        probe.Queue.Post(probe);
        probe.IsPosted = true;
        Engine.ExpectAny(+1);
        if (probe.Queue.Holders is not null)
            AskHolders(probe.Queue, probe.Source);
    }

    public void WithdrawProbe(ProbeOperation probe)
    {
        if (!probe.IsPosted)
            return;
        probe.IsPosted = false;
        probe.Queue.Unpost(probe);
        Engine.ExpectAny(-1);
    }

    private static UnexpectedMessage? Find(MatchQueue queue, int source, int tag, bool take)
    {
        UnexpectedMessage? message = queue.Find(source, tag);
        if (take && message is not null)
            queue.Remove(message);
        return message;
    }

    /// <summary>Drops a matched message that will not be received.</summary>
    public void Drop(UnexpectedMessage message)
    {
        lock (Gate)
            Discard(message, isMatched: true);
    }

    /// <summary>A message that is there for a communicator's receives, or null.</summary>
    /// <param name="communicator">Whose receives.</param>
    /// <param name="source">World rank, or -1 for any.</param>
    /// <param name="tag">Tag, or -1 for any.</param>
    /// <param name="take">Whether it leaves the queue.</param>
    /// <exception cref="MpiException">There is none, and none can come.</exception>
    public UnexpectedMessage? TryProbe(Communicator communicator, int source, int tag, bool take)
    {
        Engine.AssertGate();
        ThrowIfFailed();
        if (communicator.Queue.Revoked is { } revoked)
            throw MessengerErrors.RevokedAgain(revoked);
        UnexpectedMessage? message = Find(communicator.Queue, source, tag, take);
        if (message is null && (source >= 0 ? Gone(source) : FailedMemberOf(communicator)) is { } gone)
            throw Errors.PeerGone(gone, take ? "TryMatchedProbe" : "TryProbe", communicator);
        if (message is null && communicator.Queue.Holders is not null)
            AskHolders(communicator.Queue, source);
        return message;
    }

    private void Deliver(UnexpectedMessage message, ReceiveOperation receive)
    {
        Peer sender = _peers[message.Source];
        bool isOnItsWay = message.State is UnexpectedMessage.Kind.Arriving or UnexpectedMessage.Kind.Offered or UnexpectedMessage.Kind.Lost;
        if (isOnItsWay && sender.Failure is not null)
        {
            Free(message);
            receive.Complete(default, Errors.PeerGone(sender, receive.Describe(), receive.Communicator));
            return;
        }

        switch (message.State)
        {
            case UnexpectedMessage.Kind.Complete:
                HandOver(message, receive);
                break;
            case UnexpectedMessage.Kind.Arriving when TakeOver(message, receive):
                break;
            case UnexpectedMessage.Kind.Arriving:
                message.Claim = receive;
                receive.Message = message;
                receive.Progress = ReceiveOperation.Stage.Claimed;
                ExpectFrom(receive, message.Source);
                break;
            case UnexpectedMessage.Kind.Offered:
                Ask(receive, sender, message.SendId, message.Tag, message.Length, message.OfSource.Order);
                Free(message);
                break;
            case UnexpectedMessage.Kind.Self:
                SendOperation send = message.SelfSend!;
                CopyTo(receive, send.Data, message.Length);
                Finish(receive, message.Source, message.Tag, message.Length);
                Free(message);
                send.Complete(default, null);
                break;
            case UnexpectedMessage.Kind.TakenBack:
                Free(message);
                receive.Complete(default, Errors.TakenBack(receive));
                break;
        }
    }

    /// <summary>
    /// Lets the rest of a message that is arriving go right into the receive's buffer, as if that had been posted in time.
    /// </summary>
    private bool TakeOver(UnexpectedMessage message, ReceiveOperation receive)
    {
        // Memory that is handed over whole needs no copy.
        if (receive.OwnsBuffer || message.ArrivingLink is not { } link)
            return false;
        PayloadTarget target = new() { Pointer = receive.Buffer, Capacity = receive.Capacity, State = receive };
        if (!link.Retarget(message, message.Block, target))
            return false;
        receive.Progress = ReceiveOperation.Stage.Arriving;
        receive.MatchedSource = message.Source;
        receive.ArrivingLink = link;
        ExpectFrom(receive, message.Source);
        Free(message);
        return true;
    }

    /// <summary>Gives a complete message to its receive.</summary>
    private void HandOver(UnexpectedMessage message, ReceiveOperation receive)
    {
        if (receive.OwnsBuffer)
        {
            receive.Buffer = message.Block;
            receive.Capacity = message.Length;
            message.Block = null;
        }
        else
        {
            CopyTo(receive, message.Block, message.Length);
        }

        Finish(receive, message.Source, message.Tag, message.Length);
        ReleaseCredit(message);
        Free(message);
    }

    private void CopyTo(ReceiveOperation receive, byte* data, long length)
    {
        if (receive.OwnsBuffer)
            RentBuffer(receive, length);
        long taken = Math.Min(length, receive.Capacity);
        Buffer.MemoryCopy(data, receive.Buffer, taken, taken);
    }

    private void RentBuffer(ReceiveOperation receive, long length)
    {
        try
        {
            receive.Buffer = _blocks.Rent(length);
            receive.Capacity = length;
        }
        catch (OutOfMemoryException)
        {
            // Announced by a peer, so no reason to bring this rank down: the receive ends as one with too short a buffer.
            receive.Capacity = 0;
        }
    }

    private Peer? Gone(int source) => _peers[source].Failure is null ? null : _peers[source];

    private void ThrowIfNobodySends(int source, Operation operation)
    {
        if (NobodySends(source, operation) is { } gone)
            throw Errors.PeerGone(gone, operation.Describe(), operation.Communicator);
    }

    private Peer? NobodySends(int source, Operation operation) =>
        source >= 0 ? Gone(source) : FailedMemberOf(operation.Communicator);

    /// <summary>Asks for an announced message.</summary>
    private void Ask(ReceiveOperation receive, Peer peer, ulong sendId, int tag, long total, long order)
    {
        if (receive.OwnsBuffer)
            RentBuffer(receive, total);
        GrantedReceive granted = new()
        {
            Peer = peer,
            SendId = sendId,
            Tag = tag,
            Total = total,
            Order = order,
            Accepted = Math.Min(total, receive.Capacity),
            Receive = receive,
        };
        receive.Queue.CountIn(receive);
        receive.Progress = ReceiveOperation.Stage.Granted;
        receive.ReceiveId = _announcements.NextId();
        receive.MatchedSource = peer.Rank;
        _announcements.Grant(receive.ReceiveId, granted);
        ExpectFrom(receive, peer.Rank);
        GrantMore(receive.ReceiveId, granted);
    }

    private void GrantMore(ulong receiveId, GrantedReceive granted)
    {
        long step = granted.Peer.IsRelayed ? RelayedGrantBytes : long.MaxValue;
        granted.Granted += Math.Min(step, granted.Accepted - granted.Granted);
        bool final = granted.Granted == granted.Accepted;
        SendGrant(granted.Peer, new MessageGrant(granted.SendId, receiveId, granted.Granted, final));
        if (granted.Accepted == 0)
            EndGranted(receiveId, granted);
    }

    private void EndGranted(ulong receiveId, GrantedReceive granted)
    {
        _announcements.EndGrant(receiveId);
        if (granted.Receive is { } receive)
            Finish(receive, granted.Peer.Rank, granted.Tag, granted.Total);
        else if (granted.Message is { } message)
            EndArriving(message);
    }

    private void SendGrant(Peer peer, MessageGrant grant)
    {
        byte* payload = stackalloc byte[MessageGrant.Bytes];
        grant.Write(new Span<byte>(payload, MessageGrant.Bytes));
        if (peer.Link is not { IsClosed: false } link)
            return;
        FrameHeader header = Header(FrameKind.ClearToSend, peer, 0, 0, MessageGrant.Bytes);
        link.Enqueue(ref header, payload, owner: null);
        Engine.Submit(link, urgent: true);
    }

    /// <summary>Ends a receive whose bytes are in place.</summary>
    private void Finish(ReceiveOperation receive, int source, int tag, long total)
    {
        Unexpect(receive);
        Status status = new(source, tag, Math.Min(total, receive.Capacity));
        Exception? error = total > receive.Capacity || (receive.Group is not null && total != receive.Capacity)
            ? Errors.Truncated(receive, source, tag, total)
            : receive.Refusal(status);
        receive.Complete(status, error);
    }

    private void Expect(ReceiveOperation receive)
    {
        if (receive.Source >= 0)
        {
            ExpectFrom(receive, receive.Source);
            return;
        }

        receive.ExpectsAny = true;
        Engine.ExpectAny(+1);
    }

    private void ExpectFrom(ReceiveOperation receive, int source)
    {
        if (receive.ExpectedLink is not null || _peers[source].Link is not { } link)
            return;
        receive.ExpectedLink = link;
        Engine.Expect(link, +1);
    }

    private void Unexpect(ReceiveOperation receive)
    {
        if (receive.ExpectedLink is not null)
            Engine.Expect(receive.ExpectedLink, -1);
        receive.ExpectedLink = null;
        if (receive.ExpectsAny)
            Engine.ExpectAny(-1);
        receive.ExpectsAny = false;
    }

    private void AddUnexpected(MatchQueue queue, UnexpectedMessage message)
    {
        if (!TakenByProbe(queue, message))
            queue.Add(message);
    }

    private bool TakenByProbe(MatchQueue queue, UnexpectedMessage message)
    {
        // Those that leave it are all told of it, up to the first that takes it.
        while (queue.FindProbe(message.Source, message.Tag) is { } probe)
        {
            WithdrawProbe(probe);
            probe.Find(message);
            if (probe.Takes)
                return true;
        }

        return false;
    }
}
