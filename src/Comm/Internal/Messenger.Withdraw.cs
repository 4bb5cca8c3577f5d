using System.Diagnostics;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

// Operations that are given up by their callers, and what becomes of their messages.
internal sealed unsafe partial class Messenger
{
    public void WithdrawReceive(ReceiveOperation receive)
    {
        Unexpect(receive);
        switch (receive.Progress)
        {
            case ReceiveOperation.Stage.Posted:
                receive.Queue.Unpost(receive);
                break;
            case ReceiveOperation.Stage.Claimed:
                UnexpectedMessage message = receive.Message!;
                receive.Message = null;
                message.Claim = null;
                message.Discarded = true;
                if (message.State == UnexpectedMessage.Kind.Lost)
                    Free(message);
                break;
            case ReceiveOperation.Stage.Arriving:
                receive.ArrivingLink?.AbandonTarget(receive);
                break;
            case ReceiveOperation.Stage.Granted:
                if (_announcements.TryGetGranted(receive.ReceiveId, out GrantedReceive? granted))
                {
                    granted.Receive = null;
                    granted.ArrivingLink?.AbandonTarget(granted);
                }

                break;
        }
    }

    /// <summary>Takes a receive back: its message, if it has one, waits for the next receive.</summary>
    /// <returns>Whether it was; else it goes on, or has ended.</returns>
    public bool TryTakeBack(ReceiveOperation receive, Exception? error)
    {
        if (receive.Progress == ReceiveOperation.Stage.Posted)
        {
            WithdrawReceive(receive);
            return true;
        }

        if (error is OperationCanceledException)
            return false;

        Unexpect(receive);
        switch (receive.Progress)
        {
            case ReceiveOperation.Stage.Claimed:
                UnexpectedMessage claimed = receive.Message!;
                (receive.Message, claimed.Claim) = (null, null);
                PutBack(receive.Queue, claimed);
                return true;
            case ReceiveOperation.Stage.Arriving:
                return PutBackArriving(receive);
            default:
                return PutBackGranted(receive);
        }
    }

    /// <summary>The rest of a message goes to library memory, as if it had come before its receive.</summary>
    private bool PutBackArriving(ReceiveOperation receive)
    {
        Link link = receive.ArrivingLink!;
        FrameHeader header = link.Arriving;
        if (header.Length > receive.Capacity)
        {
            link.AbandonTarget(receive);
            receive.Complete(default, Errors.Truncated(receive, header.Source, header.Tag, header.Length));
            return false;
        }

        UnexpectedMessage message = Pool.RentMessage();
        (message.Source, message.Tag, message.Length) = (header.Source, header.Tag, header.Length);
        (message.State, message.HoldsCredit, message.ArrivingLink) = (UnexpectedMessage.Kind.Arriving, true, link);
        message.Block = _blocks.Rent(header.Length);
        PayloadTarget target = new() { Pointer = message.Block, Capacity = header.Length, State = message };
        link.Retarget(receive, receive.Buffer, target);
        PutBack(receive.Queue, message);
        return true;
    }

    /// <summary>A message that was asked for goes on to come, to library memory.</summary>
    private bool PutBackGranted(ReceiveOperation receive)
    {
        if (!_announcements.TryGetGranted(receive.ReceiveId, out GrantedReceive? granted))
            throw new UnreachableException("a receive that has asked for its message is in the book");
        granted.Receive = null;
        if (granted.Accepted < granted.Total)
        {
            granted.ArrivingLink?.AbandonTarget(granted);
            receive.Complete(default, Errors.Truncated(receive, granted.Peer.Rank, granted.Tag, granted.Total));
            return false;
        }

        UnexpectedMessage message = Pool.RentMessage();
        (message.Source, message.Tag, message.Length) = (granted.Peer.Rank, granted.Tag, granted.Total);
        message.State = UnexpectedMessage.Kind.Arriving;
        message.OfSource.Order = granted.Order;
        message.Block = _blocks.Rent(granted.Total);
        Buffer.MemoryCopy(receive.Buffer, message.Block, granted.Total, granted.Received);
        long left = granted.Total - granted.Received;
        PayloadTarget target = new() { Pointer = message.Block + granted.Received, Capacity = left, State = granted };
        granted.ArrivingLink?.Retarget(granted, receive.Buffer + granted.Received, target);
        granted.Message = message;
        PutBack(receive.Queue, message);
        return true;
    }

    /// <summary>A message whose receive was taken back: another that waits gets it, or it waits at its age.</summary>
    private void PutBack(MatchQueue queue, UnexpectedMessage message)
    {
        if (queue.TakePosted(message.Source, message.Tag) is { } receive)
        {
            Unexpect(receive);
            Deliver(message, receive);
        }
        else if (!TakenByProbe(queue, message))
        {
            queue.AddAgain(message);
        }
    }

    /// <summary>Its sender will not send the rest of a message.</summary>
    private void Lose(UnexpectedMessage message)
    {
        if (message.Queue is null && !message.Discarded)
        {
            // Whoever claimed or probed it frees it.
            message.State = UnexpectedMessage.Kind.Lost;
            return;
        }

        message.Queue?.Remove(message);
        Free(message);
    }

    /// <summary>The message that it asked for was taken back: it gets another that is there, or waits at its old place.</summary>
    private void WaitAgain(ReceiveOperation receive)
    {
        Unexpect(receive);
        if (receive.OwnsBuffer)
            receive.FreeBuffer();
        (receive.Progress, receive.MatchedSource, receive.Message) = (ReceiveOperation.Stage.Posted, -1, null);
        receive.Queue.CountIn(receive);
        if (receive.IsOfMatched)
        {
            receive.Complete(default, Errors.TakenBack(receive));
            return;
        }

        if (receive.Queue.Find(receive.Source, receive.Tag) is { } message)
        {
            receive.Queue.Remove(message);
            Deliver(message, receive);
            return;
        }

        if (NobodySends(receive.Source, receive) is { } gone)
        {
            receive.Complete(default, Errors.PeerGone(gone, receive.Describe(), receive.Communicator, receive.Elapsed));
            return;
        }

        receive.Queue.PostAgain(receive);
        Expect(receive);
        if (receive.Queue.Holders is not null)
            AskHolders(receive.Queue, receive.Source);
    }

    public void WithdrawSend(SendOperation send)
    {
        Unexpect(send);
        switch (send.Progress)
        {
            case SendOperation.Stage.Waiting:
                StopWaiting(send);
                break;
            case SendOperation.Stage.Writing:
                LeaveFromCopy(send);
                break;
            case SendOperation.Stage.Offered:
                _announcements.EndOffer(send);
                AnnouncementBook.CountAnswered(send);
                LeaveFromCopy(send);
                if (!send.FinalGrant)
                    TellOfWithdrawal(send, isQuestion: false);
                break;
            case SendOperation.Stage.ToSelf when send.SelfMessage!.Queue is { } queue:
                queue.Remove(send.SelfMessage);
                Free(send.SelfMessage);
                break;
            case SendOperation.Stage.ToSelf:
                LeaveToProbe(send);
                break;
        }
    }

    /// <summary>Takes a send back if its message is only announced; one whose message leaves in any case ends well, from a copy.</summary>
    /// <returns>Whether it was taken back. If neither, it ends by itself as the receiver takes it or lets go of it.</returns>
    public bool TryTakeBack(SendOperation send, Exception? error)
    {
        switch (send.Progress)
        {
            case SendOperation.Stage.Offered when !send.IsWanted && error is OperationCanceledException && MayBeOvertaken(send):
                if (send.TakingBack is null)
                    TellOfWithdrawal(send, isQuestion: true);
                send.TakingBack = error;
                return false;
            case SendOperation.Stage.Offered when send is { IsWanted: true, FinalGrant: false } && error is OperationCanceledException:
                return false;
            case SendOperation.Stage.Waiting:
            case SendOperation.Stage.Offered when !send.FinalGrant:
            case SendOperation.Stage.ToSelf when send.SelfMessage!.Queue is not null:
                WithdrawSend(send);
                return true;
            case SendOperation.Stage.ToSelf:
                LeaveToProbe(send);
                break;
            default:
                LeaveFromCopy(send);
                break;
        }

        send.Complete(default, null);
        return false;
    }

    /// <summary>
    /// Whether the receiver may have matched a later message already, so that a receive which has asked for this one must get it: only the
    /// receiver knows. A deadline is kept all the same.
    /// </summary>
    private static bool MayBeOvertaken(SendOperation send) =>
        send.Peer.Link is { IsClosed: false } link && link.FramesSent != send.AnnouncedAt;

    /// <summary>What is queued of it leaves all the same, but not from the caller's memory.</summary>
    private static void LeaveFromCopy(SendOperation send)
    {
        send.Peer.Link?.TakeOver(send);
        send.PiecesQueued = 0;
    }

    /// <summary>A probe has matched its message: the holder gets it from a copy.</summary>
    private void LeaveToProbe(SendOperation send)
    {
        UnexpectedMessage message = send.SelfMessage!;
        message.Block = _blocks.Rent(send.Length);
        Buffer.MemoryCopy(send.Data, message.Block, send.Length, send.Length);
        message.SelfSend = null;
        message.State = UnexpectedMessage.Kind.Complete;
    }

    /// <param name="send">The receiver may have asked for it meanwhile.</param>
    /// <param name="isQuestion">Whether it then gets it; else nothing comes, and its receive waits for another.</param>
    private void TellOfWithdrawal(SendOperation send, bool isQuestion)
    {
        if (send.Peer.Link is not { IsClosed: false } link)
            return;
        FrameHeader header = Header(FrameKind.Withdrawal, send.Peer, send.SendId, isQuestion ? 1 : 0, 0);
        link.Enqueue(ref header, null, owner: null);
        Engine.Submit(link, urgent: true);
    }

    /// <summary>The sender takes an announced message back: it is gone, and a receive that asked for it waits for another.</summary>
    /// <param name="source">The sender.</param>
    /// <param name="sendId">Its number of the message.</param>
    /// <param name="isQuestion">It only asks for that: what has been matched stays so.</param>
    private void EndAnnounced(Peer source, ulong sendId, bool isQuestion)
    {
        UnexpectedMessage? message = _announcements.Find(source, sendId);
        if (message?.Queue is { } queue)
        {
            queue.Remove(message);
            Free(message);
            if (isQuestion)
                SendGrant(source, MessageGrant.Refusal(sendId));
            return;
        }

        if (isQuestion)
            return;
        if (message is not null)
        {
            // Whoever probed it frees it.
            _announcements.Forget(message, source);
            (message.State, message.SendId) = (UnexpectedMessage.Kind.TakenBack, 0);
            return;
        }

        // Asked for while the withdrawal was under way.
        foreach ((ulong receiveId, GrantedReceive granted) in _announcements.GrantedOf(source))
        {
            if (granted.SendId != sendId)
                continue;
            granted.ArrivingLink?.AbandonTarget(granted);
            _announcements.EndGrant(receiveId);
            ReceiveOperation? receive = granted.Receive;
            if (granted.Message is { } fetched)
            {
                receive = fetched.Claim;
                (fetched.Claim, fetched.State) = (null, UnexpectedMessage.Kind.TakenBack);
                if (receive is not null || fetched.Queue is not null || fetched.Discarded)
                {
                    fetched.Queue?.Remove(fetched);
                    Free(fetched);
                }
            }

            if (receive is not null)
                WaitAgain(receive);
            return;
        }
    }
}
