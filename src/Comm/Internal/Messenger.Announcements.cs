using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

// How many messages are announced, so that a rank that receives none has to remember so many of each peer at most.
//
// A sender counts its announcements from each until the receiver has answered it. Beyond the limit a send waits, and later ones of the
// same context behind it. MPI wants a receive to find its message however many lie in front of it: the sender says that it holds sends
// of a context back, and a receiver that looks there for more than it has been told of asks for the next ones, as often as it takes.
internal sealed unsafe partial class Messenger
{
    /// <summary>Announced messages that this rank remembers and has not asked for.</summary>
    public int WaitingAnnouncements => _announcements.Told;

    /// <summary>Sends that wait for a link, or for the receivers to take announced messages.</summary>
    public int SendsThatWait => _peers.Sum(peer => peer.Waiting?.ToArray().Length ?? 0);

    /// <summary>Whether a send has to wait because the receiver has been told of enough.</summary>
    private static bool MayNotAnnounce(Peer peer) => peer.Announced >= WireLimits.AnnouncementLimit;

    /// <summary>Holds a send back until the receiver has taken some of what was announced to it, or asks for it.</summary>
    private void HoldBack(SendOperation send, Link link)
    {
        send.ExpectedLink = link;
        Engine.Expect(link, +1);
        if (Wait(send))
            SayHeld(send.Peer, send.Context);
    }

    /// <returns>Whether it is the first that waits of its context.</returns>
    private static bool Wait(SendOperation send)
    {
        send.Progress = SendOperation.Stage.Waiting;
        return (send.Peer.Waiting ??= new WaitingSends()).Add(send);
    }

    private void StopWaiting(SendOperation send)
    {
        Unexpect(send);
        WaitingSends waiting = send.Peer.Waiting!;
        waiting.Remove(send);
        if (waiting.IsEmpty)
            send.Peer.Waiting = null;
    }

    /// <summary>Sends that wait leave, as many as may.</summary>
    private void SendWaiting(Peer peer)
    {
        while (peer is { Waiting: { } waiting, Link: { IsClosed: false } link } && !MayNotAnnounce(peer))
        {
            SendOperation send = waiting.First();
            StopWaiting(send);
            Dispatch(send, link);
        }
    }

    private void SayHeld(Peer peer, ulong context) => Say(FrameKind.Held, peer, context);

    private void Say(FrameKind kind, Peer peer, ulong context)
    {
        if (peer.Link is not { IsClosed: false } link)
            return;
        FrameHeader header = Header(kind, peer, context, 0, 0);
        link.Enqueue(ref header, null, owner: null);
        Engine.Submit(link, urgent: true);
    }

    /// <summary>The receiver looks for more than it has been told of: the next ones of the context leave whatever the limit.</summary>
    private void SendMore(Peer receiver, ulong context)
    {
        for (int i = 0; i < WireLimits.AnnouncementBatch; i++)
        {
            if (receiver.Link is not { IsClosed: false } link || receiver.Waiting?.First(context) is not { } send)
                return;
            StopWaiting(send);
            Dispatch(send, link);
        }

        if (receiver.Waiting?.Has(context) == true)
            SayHeld(receiver, context);
    }

    /// <summary>A sender holds messages of a context back: asked for at once if somebody looks for what it may be, else later.</summary>
    private void HeldBack(Peer source, ulong context)
    {
        if (WantedQueue(context) is not { } queue)
            return;
        if (queue.IsLookedFor(source.Rank))
            AskForMore(source, queue);
        else
            (queue.Holders ??= []).Add(source.Rank);
    }

    /// <summary>A search has found nothing: those who hold messages back that it may be for are asked for them.</summary>
    /// <param name="queue">Where it searched; with holders.</param>
    /// <param name="source">World rank, or -1 for any.</param>
    private void AskHolders(MatchQueue queue, int source)
    {
        int[] holders = [.. queue.Holders!.Where(holder => source < 0 || holder == source)];
        queue.Holders!.ExceptWith(holders);
        if (queue.Holders.Count == 0)
            queue.Holders = null;
        foreach (int holder in holders)
            AskForMore(_peers[holder], queue);
    }

    private void AskForMore(Peer source, MatchQueue queue)
    {
        source.TimesAsked++;
        Say(FrameKind.More, source, queue.Context);
    }
}
