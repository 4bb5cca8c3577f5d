using System.Text;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

// Peers coming, going and failing.
internal sealed unsafe partial class Messenger
{
    // Of a rank that is said to be gone: more than the buffers of a connection hold, and an end if it is not gone after all.
    private const int LastReads = 1000;

    /// <summary>Starts setting up a link to a rank without one. Returns why that is not allowed, or null.</summary>
    /// <remarks>Called under the gate: it only starts; <see cref="AddLink"/> or <see cref="LinkFailed"/> follow.</remarks>
    public Func<int, LinkException?>? LinkWanted { get; set; }

    /// <summary>Faults to inject into frames to a peer; tests set it before links are added.</summary>
    public Func<int, Func<FrameHeader, FrameFault>?>? FaultsOf { get; set; }

    /// <summary>A link to a peer is up: what waited for it leaves.</summary>
    public void AddLink(int rank, Channel channel)
    {
        lock (Gate)
        {
            Peer peer = _peers[rank];
            peer.IsLinkWanted = false;
            if (peer.Failure is not null)
            {
                channel.Dispose();
                return;
            }

            peer.Link = Engine.AddLink(rank, channel, _options.Checksums);
            peer.Link.Faults = FaultsOf?.Invoke(rank);
            SendWaiting(peer);
            foreach (ulong context in peer.Waiting?.Contexts() ?? [])
                SayHeld(peer, context);
            Engine.SignalChange();
        }
    }

    /// <summary>Frames to this rank go through another one, to which there is a link.</summary>
    public void AddRoute(int rank, int through)
    {
        lock (Gate)
            _peers[rank].Link = _peers[through].Link;
    }

    /// <summary>A link that was wanted cannot be had: what waited for it fails with the reason.</summary>
    public void LinkFailed(int rank, LinkException reason)
    {
        lock (Gate)
        {
            SendOperation[] waiting = _peers[rank].Waiting?.ToArray() ?? [];
            _peers[rank].IsLinkWanted = false;
            foreach (SendOperation send in waiting)
            {
                StopWaiting(send);
                send.Complete(default, reason);
            }
        }
    }

    /// <summary>A rank is known to be gone though no link to it may have told so.</summary>
    public void PeerLost(int rank, string reason)
    {
        lock (Gate)
        {
            Peer peer = _peers[rank];
            if (peer.Failure is not null || rank == Rank)
                return;
            if (peer.Link is { IsClosed: false } link && link.Peer == rank)
            {
                // What it had sent is delivered; its end, if found, closes the link.
                for (int i = 0; i < LastReads && !link.IsClosed && link.ReadSome(); i++)
                {
                }

                link.Close(new IOException(reason));
            }
            else
            {
                PeerFailed(peer, new IOException(reason));
            }
        }
    }

    /// <summary>Closes the link to a peer without goodbye; for tests.</summary>
    public void BreakLink(int rank, string reason)
    {
        lock (Gate)
            _peers[rank].Link?.Close(new IOException(reason));
    }

    public void Closed(Link link, Exception? reason, object? unfinished)
    {
        switch (unfinished)
        {
            case UnexpectedMessage message:
                Lose(message);
                break;
            case NativePayload payload:
                payload.PayloadLost(reason ?? new IOException("link closed"));
                break;
        }

        foreach (Peer peer in _peers)
        {
            if (peer.Link == link)
                PeerFailed(peer, reason);
        }
    }

    /// <summary>Sends what is queued, says goodbye on every link and waits until the other sides have done the same.</summary>
    /// <returns>Whether all did before the deadline.</returns>
    public bool SayGoodbye(TimeSpan timeout)
    {
        lock (Gate)
        {
            foreach (Link link in Engine.Links.ToArray())
            {
                FrameHeader header = Header(FrameKind.Goodbye, _peers[link.Peer], 0, 0, 0);
                link.Enqueue(ref header, null, owner: null);
                Engine.Submit(link, urgent: true);
            }

            OutputGone sent = new(Engine);
            if (!Engine.Wait(ref sent, timeout))
                return false;
            foreach (Link link in Engine.Links.ToArray())
                link.CloseSend();
            LinksGone gone = new(Engine);
            return Engine.Wait(ref gone, timeout);
        }
    }

    /// <summary>Revokes a communicator's contexts here and tells every member that a link leads to.</summary>
    public void Revoke(Communicator communicator, string reason, int revokedBy)
    {
        CommunicatorRevokedException exception = new($"\"{communicator.Name}\" was revoked by rank {revokedBy}: {reason}")
        {
            RevokedBy = revokedBy,
            Reason = reason,
            Rank = Rank,
            Communicator = communicator.Name,
        };
        // One of them may have been revoked before there was a communicator to pass it on.
        if (!(EndQueue(communicator.Queue, exception) | EndQueue(communicator.CollectiveQueue, exception)))
            return;

        TellOfRevocation(communicator, reason, revokedBy);

        // After that, so that senders hear why.
        DiscardAll(communicator.Queue);
        DiscardAll(communicator.CollectiveQueue);
    }

    private void TellOfRevocation(Communicator communicator, string reason, int revokedBy)
    {
        byte[] text = Encoding.UTF8.GetBytes(reason);
        int length = Math.Min(text.Length, WireLimits.MaximumReasonBytes);
        fixed (byte* bytes = text)
        {
            foreach (int member in communicator.Group.WorldRanks)
            {
                if (member == Rank || _peers[member].Link is not { IsClosed: false } link)
                    continue;
                FrameHeader header = Header(FrameKind.Revoke, _peers[member], communicator.Queue.Context, revokedBy, length);
                link.Enqueue(ref header, bytes, owner: null);
                Engine.Submit(link, urgent: true);
            }
        }
    }

    /// <param name="context">The communicator's.</param>
    /// <param name="revokedBy">Rank that began it; whoever told this one may only have passed it on.</param>
    /// <param name="reason">Why.</param>
    private void RevokedByPeer(ulong context, int revokedBy, string reason)
    {
        if (_communicators.TryGetValue(context, out Communicator? communicator))
        {
            // Passed on, so that members without a link to the one that revoked hear of it too.
            Revoke(communicator, reason, revokedBy);
            return;
        }

        if (QueueOf(context) is { } early)
        {
            RevokeQueue(early, new CommunicatorRevokedException($"Revoked by rank {revokedBy}: {reason}") { RevokedBy = revokedBy, Reason = reason, Rank = Rank });
        }
    }

    private void RequestLink(Peer peer, SendOperation send)
    {
        Wait(send);
        if (peer.IsLinkWanted)
            return;
        peer.IsLinkWanted = true;
        LinkException? refusal = LinkWanted is null
            ? new LinkException(peer.Rank, LinkStage.Resolve, 0, $"Rank {Rank} has no link to rank {peer.Rank} and no way to set one up.")
            : LinkWanted(peer.Rank);
        if (refusal is null)
            return;
        StopWaiting(send);
        peer.IsLinkWanted = false;
        send.Complete(default, refusal);
    }

    private void PeerFailed(Peer peer, Exception? reason)
    {
        bool left = reason is null;
        peer.Failure = Errors.Gone(peer, reason);
        peer.IsLinkWanted = false;
        if (!left)
            _failedPeers++;
        foreach (MatchQueue queue in _queues.Values)
        {
            // What had arrived is still delivered; what was only announced never will.
            foreach (UnexpectedMessage message in queue.MessagesOf(peer.Rank).Where(message => message.State == UnexpectedMessage.Kind.Offered))
            {
                queue.Remove(message);
                Free(message);
            }
        }

        // Receives from any rank may still be met by others after a goodbye, but nobody knows after a failure.
        // A collective needs all its members.
        Pending.Fail(
            operation => operation.PeerRank == peer.Rank ||
                (!left && (operation.PeerRank < 0 || operation.Group is not null) && operation.Communicator?.Group.Contains(peer.Rank) == true),
            operation => Errors.PeerGone(peer, operation.Describe(), operation.Communicator, operation.Elapsed));

        // Not before: what is taken back has to be taken out of a link to a relay, which lives on.
        peer.Link = null;
        foreach ((ulong id, GrantedReceive granted) in _announcements.GrantedOf(peer))
        {
            _announcements.EndGrant(id);
            if (granted.Message is { } message)
                Lose(message);
        }
    }

    /// <summary>A collective, or a receive from any rank, needs every member: it is not begun when one has failed.</summary>
    public void ThrowIfMemberFailed(Communicator communicator, CompletionGroup group)
    {
        if (FailedMemberOf(communicator) is { } failed)
            throw Errors.PeerGone(failed, $"{group.Operation} #{group.Sequence}", communicator);
    }

    /// <summary>Whether the members of a communicator have no other reason to end what they do on it.</summary>
    public bool OthersGoOn(Communicator communicator)
    {
        Engine.AssertGate();
        return _failure is null && FailedMemberOf(communicator) is null;
    }

    private Peer? FailedMemberOf(Communicator? communicator)
    {
        // On the path of every post: no closure.
        if (_failedPeers == 0 || communicator is null)
            return null;
        foreach (Peer peer in _peers)
        {
            if (peer is { Failure: not null, HasLeft: false } && communicator.Group.Contains(peer.Rank))
                return peer;
        }

        return null;
    }

    private readonly struct OutputGone(ProgressEngine engine) : IWaitCondition
    {
        public bool IsMet => !engine.Links.Any(link => link.HasOutput);
    }

    private readonly struct LinksGone(ProgressEngine engine) : IWaitCondition
    {
        public bool IsMet => !engine.Links.Any();
    }
}
