using System.Text;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

// What arrives. Called by the links under the gate.
internal sealed unsafe partial class Messenger
{
    // Messages above this may stay in the socket for a moment when their receive is not posted yet; others have come with their header.
    private const int ParkBytes = ProgressEngine.StagingBytes;

    public PayloadTarget Begin(Link link, in FrameHeader header)
    {
        CheckRoute(link, header);
        Peer source = _peers[header.Source];
        if (header.Destination != Rank)
            return _relay.Begin(header);
        if (source.Failure is not null)
            return default; // relayed by others, who do not know yet that it is gone

        source.Credit += header.Credit;
        if (source.Credit > WireLimits.CreditWindowBytes)
            throw MessengerErrors.TooMuchCredit(source, header);

        return header.Kind switch
        {
            FrameKind.Eager => BeginEager(link, header, source),
            FrameKind.RequestToSend => Control(link, header, MessageOffer.Bytes),
            FrameKind.ClearToSend => Control(link, header, MessageGrant.Bytes),
            FrameKind.Data => BeginData(link, header),
            FrameKind.Revoke => BeginRevoke(header),
            FrameKind.Goodbye => BeginGoodbye(source),
            _ => default,
        };
    }

    public void End(Link link, in FrameHeader header, object? state)
    {
        if (header.Destination != Rank)
        {
            _relay.End(header, (NativePayload)state!);
            return;
        }

        Peer source = _peers[header.Source];
        if (source.Failure is not null && state is null)
            return;
        _received.Count(header.Kind, header.Length);
        switch (header.Kind)
        {
            case FrameKind.Eager:
                EndEager(header, source, state);
                break;
            case FrameKind.RequestToSend:
                Announced(header, source, MessageOffer.Read(new ReadOnlySpan<byte>(link.ControlPayload, MessageOffer.Bytes)));
                break;
            case FrameKind.ClearToSend:
                TakeGrant(source, MessageGrant.Read(new ReadOnlySpan<byte>(link.ControlPayload, MessageGrant.Bytes)));
                break;
            case FrameKind.Data:
                EndData(header);
                break;
            case FrameKind.Withdrawal:
                EndAnnounced(source, sendId: header.Context, isQuestion: header.Tag != 0);
                break;
            case FrameKind.Held:
                HeldBack(source, header.Context);
                break;
            case FrameKind.More:
                SendMore(source, header.Context);
                break;
            case FrameKind.Revoke:
                NativePayload reason = (NativePayload)state!;
                string text = Encoding.UTF8.GetString(new ReadOnlySpan<byte>(reason.Pointer, (int)header.Length));
                _blocks.Return(reason.Pointer, header.Length);
                RevokedByPeer(header.Context, header.Tag, text);
                break;
        }
    }

    private void CheckRoute(Link link, in FrameHeader header)
    {
        if ((uint)header.Source >= (uint)Size || (uint)header.Destination >= (uint)Size)
            throw Errors.NoSuchRank(link, header);
        if (!_options.Relay && (header.Source != link.Peer || header.Destination != Rank))
            throw Errors.NotRelayed(link, header);
        if (header.Source == Rank)
            throw Errors.FromItself(link);
    }

    private PayloadTarget BeginEager(Link link, in FrameHeader header, Peer source)
    {
        source.Charged += header.Length + WireLimits.MessageOverheadBytes;
        if (source.Charged > WireLimits.CreditWindowBytes)
            throw MessengerErrors.TooMuchUnasked(source);

        CheckTag(header);
        MatchQueue? queue = WantedQueue(header.Context);
        if (queue is null)
            return default;
        if (queue.TakePosted(header.Source, header.Tag) is { } receive)
        {
            if (receive.OwnsBuffer)
                RentBuffer(receive, header.Length);
            receive.Progress = ReceiveOperation.Stage.Arriving;
            receive.MatchedSource = header.Source;
            receive.ArrivingLink = link;
            return new PayloadTarget { Pointer = receive.Buffer, Capacity = receive.Capacity, State = receive };
        }

        UnexpectedMessage message = Pool.RentMessage();
        message.State = UnexpectedMessage.Kind.Arriving;
        (message.Source, message.Tag, message.Length) = (header.Source, header.Tag, header.Length);
        message.Block = _blocks.Rent(header.Length);
        message.HoldsCredit = true;
        message.ArrivingLink = link;
        AddUnexpected(queue, message);

        // A link that carries frames of others is read on: they are not this rank's to put off.
        bool mayWait = header.Length > ParkBytes && !_options.Relay;
        return new PayloadTarget { Pointer = message.Block, Capacity = header.Length, State = message, MayWait = mayWait };
    }

    private void EndEager(in FrameHeader header, Peer source, object? state)
    {
        switch (state)
        {
            case ReceiveOperation receive:
                Finish(receive, header.Source, header.Tag, header.Length);
                break;
            case UnexpectedMessage { Discarded: false } message:
                EndArriving(message);
                return;
            case UnexpectedMessage message:
                Free(message);
                break;
        }

        GiveCreditBack(source, header.Length);
    }

    /// <summary>A message in library memory is whole: whoever waits for it gets it.</summary>
    private void EndArriving(UnexpectedMessage message)
    {
        if (message.Discarded)
        {
            Free(message);
            return;
        }

        message.State = UnexpectedMessage.Kind.Complete;
        message.ArrivingLink = null;
        if (message.Claim is not { } claim)
            return;
        claim.Message = null;
        claim.MatchedSource = message.Source;
        HandOver(message, claim);
    }

    private void Announced(in FrameHeader header, Peer source, MessageOffer offer)
    {
        CheckTag(header);
        MatchQueue? queue = WantedQueue(header.Context);
        if (queue is null)
        {
            SendGrant(source, MessageGrant.Refusal(offer.SendId));
            return;
        }

        if (queue.TakePosted(header.Source, header.Tag) is { } receive)
        {
            Unexpect(receive);
            Ask(receive, source, offer.SendId, header.Tag, offer.TotalBytes, queue.NextAge());
            return;
        }

        UnexpectedMessage message = Pool.RentMessage();
        message.State = UnexpectedMessage.Kind.Offered;
        (message.Source, message.Tag, message.Length, message.SendId) = (header.Source, header.Tag, offer.TotalBytes, offer.SendId);
        _announcements.Remember(message, source);
        AddUnexpected(queue, message);
    }

    private PayloadTarget BeginData(Link link, in FrameHeader header)
    {
        if (!_announcements.TryGetGranted(header.Context, out GrantedReceive? granted) || granted.Peer.Rank != header.Source)
            throw MessengerErrors.NotAskedFor(header);
        if (header.Length > granted.Granted - granted.Received)
            throw MessengerErrors.MoreThanAskedFor(header, granted.Granted - granted.Received);

        granted.ArrivingLink = link;
        byte* start = granted.Receive is { } receive ? receive.Buffer : granted.Message is { } message ? message.Block : null;
        return start is null
            ? default
            : new PayloadTarget { Pointer = start + granted.Received, Capacity = header.Length, State = granted };
    }

    private void EndData(in FrameHeader header)
    {
        if (!_announcements.TryGetGranted(header.Context, out GrantedReceive? granted))
            throw MessengerErrors.NotAskedFor(header);
        granted.Received += header.Length;
        if (granted.Received == granted.Accepted)
            EndGranted(header.Context, granted);
        else if (granted.Received == granted.Granted)
            GrantMore(header.Context, granted);
    }

    /// <summary>The queue that takes messages of a context, or null when its communicator is gone or revoked.</summary>
    private MatchQueue? WantedQueue(ulong context) => QueueOf(context) is { Revoked: null } queue ? queue : null;

    private static void CheckTag(in FrameHeader header)
    {
        if (header.Tag < 0)
            throw MessengerErrors.NegativeTag(header);
    }

    private static PayloadTarget BeginGoodbye(Peer source)
    {
        source.HasLeft = true;
        return default;
    }

    private static PayloadTarget Control(Link link, in FrameHeader header, int bytes) => header.Length == bytes
        ? new PayloadTarget { Pointer = link.ControlPayload, Capacity = bytes }
        : throw MessengerErrors.WrongLength(header, bytes);

    private PayloadTarget BeginRevoke(in FrameHeader header) => (uint)header.Tag < (uint)Size
        ? NativePayload.Target(_blocks, header.Length)
        : throw Errors.RevokedByNobody(header);

    /// <summary>The message's memory is free again: its sender may send as much more.</summary>
    private void GiveCreditBack(Peer peer, long messageBytes)
    {
        peer.CreditOwed += messageBytes + WireLimits.MessageOverheadBytes;
        if (peer.CreditOwed < WireLimits.CreditReturnBytes || peer.Link is not { IsClosed: false } link)
            return;
        FrameHeader header = Header(FrameKind.Credit, peer, 0, 0, 0);
        link.Enqueue(ref header, null, owner: null);
        Engine.Submit(link, urgent: true);
    }
}
