using System.Diagnostics.CodeAnalysis;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>Messages that are announced before they come: those that this rank announces, is told of, and has asked for.</summary>
/// <remarks>
/// Used under the engine's gate. It also counts, for each peer: what was announced to it and not answered, and what it has announced and
/// was not asked for, which is limited.
/// </remarks>
internal sealed class AnnouncementBook
{
    private readonly Dictionary<ulong, SendOperation> _offered = [];
    private readonly Dictionary<ulong, GrantedReceive> _granted = [];
    private readonly Dictionary<(int Source, ulong SendId), UnexpectedMessage> _told = [];
    private ulong _lastId;

    /// <summary>Announced sends that the receivers have not asked for to the end.</summary>
    public int Offered => _offered.Count;

    /// <summary>Announced messages that this rank has asked for and that have not come to the end.</summary>
    public int Granted => _granted.Count;

    /// <summary>Announced messages that this rank remembers and has not asked for.</summary>
    public int Told => _told.Count;

    /// <summary>A number for a send or a receive, which frames name it by.</summary>
    public ulong NextId() => ++_lastId;

    /// <summary>A send is announced, under a number of its own.</summary>
    public void Offer(SendOperation send)
    {
        send.IsAnnounced = true;
        send.Peer.Announced++;
        send.SendId = NextId();
        _offered.Add(send.SendId, send);
    }

    public bool TryGetOffered(ulong sendId, [NotNullWhen(true)] out SendOperation? send) => _offered.TryGetValue(sendId, out send);

    /// <summary>The receiver has asked for all that it wants of a send, or that was taken back.</summary>
    public void EndOffer(SendOperation send) => _offered.Remove(send.SendId);

    /// <summary>The receiver has answered an announcement, or it was taken back.</summary>
    public static void CountAnswered(SendOperation send)
    {
        if (!send.IsAnnounced)
            return;
        send.IsAnnounced = false;
        send.Peer.Announced--;
    }

    /// <summary>Keeps a message that its sender has announced.</summary>
    /// <exception cref="WireFormatException">It was announced before, or the sender announces more than it may.</exception>
    public void Remember(UnexpectedMessage message, Peer source)
    {
        if (message.SendId == 0 || !_told.TryAdd((message.Source, message.SendId), message))
            throw MessengerErrors.AnnouncedAgain(source, message.SendId);
        if (++source.Remembered > WireLimits.AnnouncementLimit + (source.TimesAsked * WireLimits.AnnouncementBatch))
            throw MessengerErrors.TooManyAnnounced(source);
    }

    /// <summary>A message was asked for, or is not wanted.</summary>
    public void Forget(UnexpectedMessage message, Peer source)
    {
        if (_told.Remove((message.Source, message.SendId)))
            source.Remembered--;
    }

    public UnexpectedMessage? Find(Peer source, ulong sendId) => _told.GetValueOrDefault((source.Rank, sendId));

    public void Grant(ulong receiveId, GrantedReceive granted) => _granted.Add(receiveId, granted);

    public bool TryGetGranted(ulong receiveId, [NotNullWhen(true)] out GrantedReceive? granted) =>
        _granted.TryGetValue(receiveId, out granted);

    public void EndGrant(ulong receiveId) => _granted.Remove(receiveId);

    /// <summary>The receives of messages of a peer. They are few, so they are not kept by sender.</summary>
    public KeyValuePair<ulong, GrantedReceive>[] GrantedOf(Peer peer) => [.. _granted.Where(pair => pair.Value.Peer == peer)];
}
