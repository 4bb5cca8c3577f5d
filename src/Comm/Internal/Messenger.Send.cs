using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

internal sealed unsafe partial class Messenger
{
    /// <summary>Sends from the calling thread; returns when the memory may be used again. Ranks are world ranks.</summary>
    public void Send(
        Communicator communicator, MatchQueue queue, int destination, int tag, byte* data, long length, bool synchronous, TimeSpan timeout)
    {
        lock (Gate)
        {
            SendOperation? send = StartSend(communicator, queue, destination, tag, data, length, synchronous);
            if (send is null)
                return;
            try
            {
                WaitFor(send, timeout);
                send.Outcome();
            }
            finally
            {
                Pool.Return(send);
            }
        }
    }

    /// <summary>Starts a send.</summary>
    /// <returns>The operation, perhaps done already; null when the message was copied and nothing is left to wait for.</returns>
    public SendOperation? StartSend(
        Communicator communicator, MatchQueue queue, int destination, int tag, byte* data, long length, bool synchronous)
    {
        Engine.AssertGate();
        ThrowIfFailed();
        if (queue.Revoked is not null)
            throw MessengerErrors.RevokedAgain(queue.Revoked);

        synchronous |= _options.Strict;
        if (destination == Rank)
            return SendToSelf(communicator, queue, tag, data, length, synchronous);

        Peer peer = _peers[destination];
        if (peer.Failure is not null)
            throw NobodyReceives(peer, tag, length, communicator);

        if (peer.Link is { } link && (peer.Waiting is null || !peer.Waiting.Has(queue.Context)))
        {
            // The common case needs no operation: copied, gone or coalesced, done.
            if (length <= Link.CopyLimitBytes && !synchronous && peer.Credit >= length + WireLimits.MessageOverheadBytes)
            {
                FrameHeader header = Header(FrameKind.Eager, peer, queue.Context, tag, length);
                peer.Credit -= length + WireLimits.MessageOverheadBytes;
                link.Enqueue(ref header, data, owner: null);
                Engine.Submit(link, urgent: false);
                return null;
            }

            SendOperation send = Prepare(communicator, peer, queue, tag, data, length, synchronous);
            if (MayNotAnnounce(peer) && !MayLeave(send))
                HoldBack(send, link);
            else
                Dispatch(send, link);
            return send;
        }

        SendOperation waiting = Prepare(communicator, peer, queue, tag, data, length, synchronous);
        if (peer.Link is { } slow)
            HoldBack(waiting, slow);
        else
            RequestLink(peer, waiting);
        return waiting;
    }

    private PeerFailedException NobodyReceives(Peer peer, int tag, long length, Communicator communicator) =>
        Errors.PeerGone(peer, $"Send of {length} bytes to rank {communicator.FromWorldRank(peer.Rank)}, tag {tag}", communicator);

    private SendOperation Prepare(
        Communicator communicator, Peer peer, MatchQueue queue, int tag, byte* data, long length, bool synchronous)
    {
        SendOperation send = Pool.RentSend();
        send.Prepare(peer, queue.Context, tag, data, length, synchronous);
        send.Communicator = communicator;
        send.Begin();
        return send;
    }

    /// <summary>Sends it over an existing link: at once while there is credit, else announced.</summary>
    /// <remarks>Also beyond the limit of announcements: callers see to that.</remarks>
    private void Dispatch(SendOperation send, Link link)
    {
        Peer peer = send.Peer;
        if (!MayLeave(send))
        {
            Offer(send, link);
            return;
        }

        peer.Credit -= send.Length + WireLimits.MessageOverheadBytes;
        FrameHeader header = Header(FrameKind.Eager, peer, send.Context, send.Tag, send.Length);
        send.Progress = SendOperation.Stage.Writing;
        send.FinalGrant = true;
        send.PiecesQueued = 1;
        if (link.Enqueue(ref header, send.Data, send))
        {
            send.PiecesQueued = 0;
            send.EndIfSent();
            Engine.Submit(link, urgent: false);
            return;
        }

        Engine.Submit(link, urgent: true);
        if (!send.IsDone && send.Length <= _options.EagerLimitBytes && !link.IsClosed)
        {
            // A full socket must not make a short send wait for the receiver.
            link.TakeOver(send);
            send.PiecesQueued = 0;
            send.EndIfSent();
        }
    }

    /// <summary>Whether it leaves at once; else it is announced.</summary>
    private static bool MayLeave(SendOperation send) =>
        !send.Synchronous && send.Peer.Credit >= send.Length + WireLimits.MessageOverheadBytes;

    private void Offer(SendOperation send, Link link)
    {
        _announcements.Offer(send);
        send.Progress = SendOperation.Stage.Offered;
        send.ExpectedLink = link;
        Engine.Expect(link, +1);

        byte* payload = stackalloc byte[MessageOffer.Bytes];
        new MessageOffer(send.SendId, send.Length).Write(new Span<byte>(payload, MessageOffer.Bytes));
        FrameHeader header = Header(FrameKind.RequestToSend, send.Peer, send.Context, send.Tag, MessageOffer.Bytes);
        link.Enqueue(ref header, payload, owner: null);
        send.AnnouncedAt = link.FramesSent;
        Engine.Submit(link, urgent: true);
    }

    /// <summary>The receiver asked for more of an announced message.</summary>
    private void TakeGrant(Peer receiver, MessageGrant grant)
    {
        if (!_announcements.TryGetOffered(grant.SendId, out SendOperation? send) || send.Peer != receiver
            || receiver.Link is not { IsClosed: false } link)
            return;

        AnnouncementBook.CountAnswered(send);
        if (grant.IsRefusal && (send.TakingBack ?? (send.Synchronous ? Errors.NotReceived(send) : null)) is { } error)
        {
            _announcements.EndOffer(send);
            Unexpect(send);
            send.Complete(default, error);
            SendWaiting(receiver);
            return;
        }

        long upTo = Math.Min(grant.UpTo, send.Length);
        long length = upTo - send.Granted;
        if (grant.Final)
        {
            _announcements.EndOffer(send);
            send.FinalGrant = true;
            Unexpect(send);
        }

        if (length > 0)
        {
            FrameHeader header = Header(FrameKind.Data, send.Peer, grant.ReceiveId, 0, length);
            byte* piece = send.Data + send.Granted;
            send.Granted = upTo;
            send.PiecesQueued++;
            if (link.Enqueue(ref header, piece, send))
                send.PiecesQueued--;
            Engine.Submit(link, urgent: true);
        }

        send.EndIfSent();
        SendWaiting(receiver);
    }

    private SendOperation? SendToSelf(Communicator communicator, MatchQueue queue, int tag, byte* data, long length, bool synchronous)
    {
        if (queue.TakePosted(Rank, tag) is { } receive)
        {
            Unexpect(receive);
            CopyTo(receive, data, length);
            Finish(receive, Rank, tag, length);
            return null;
        }

        UnexpectedMessage message = Pool.RentMessage();
        (message.Source, message.Tag, message.Length) = (Rank, tag, length);
        SendOperation? send = null;
        if (!synchronous && length <= Math.Max(_options.EagerLimitBytes, Link.CopyLimitBytes))
        {
            message.State = UnexpectedMessage.Kind.Complete;
            message.Block = _blocks.Rent(length);
            Buffer.MemoryCopy(data, message.Block, length, length);
        }
        else
        {
            send = Prepare(communicator, _peers[Rank], queue, tag, data, length, synchronous);
            send.Progress = SendOperation.Stage.ToSelf;
            send.SelfMessage = message;
            message.State = UnexpectedMessage.Kind.Self;
            message.SelfSend = send;
        }

        AddUnexpected(queue, message);
        return send;
    }

    private FrameHeader Header(FrameKind kind, Peer peer, ulong context, int tag, long length)
    {
        _sent.Count(kind, length);
        return new FrameHeader
        {
            Kind = kind,
            Context = context,
            Tag = tag,
            Source = Rank,
            Destination = peer.Rank,
            Credit = peer.TakeCreditOwed(),
            Length = length,
        };
    }

    private void Unexpect(SendOperation send)
    {
        if (send.ExpectedLink is not null)
            Engine.Expect(send.ExpectedLink, -1);
        send.ExpectedLink = null;
    }
}
