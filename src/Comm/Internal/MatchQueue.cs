namespace BoxerMpi.Internal;

/// <summary>Posted receives, probes and unexpected messages of one context. Ranks are world ranks; used under the engine's gate.</summary>
/// <remarks>
/// Receives and probes are in the list of the source that they want, or in one for any source; a message is in the list of its sender,
/// and in one of all if messages of any source are searched for. Invariant: no posted receive or probe matches an unexpected message.
/// </remarks>
internal sealed class MatchQueue(ulong context, int worldSize)
{
    private const int AnySource = 0;

    private readonly MatchLists _receives = new(worldSize + 1);
    private readonly MatchLists _messages = new(worldSize + 1);
    private MatchLists? _probes;
    private int _waitingProbes;
    private bool _listsAll;
    private long _order;

    public ulong Context { get; } = context;

    /// <summary>Set when the communicator was revoked: nothing is posted any more.</summary>
    public CommunicatorRevokedException? Revoked { get; set; }

    /// <summary>Whether a communicator of this rank uses it; else it only keeps what came early.</summary>
    public bool IsOpen { get; set; }

    /// <summary>World ranks that have said to hold messages back which they have not announced; null when there are none.</summary>
    public HashSet<int>? Holders { get; set; }

    /// <summary>Entries that searches have looked at.</summary>
    public long Visited => _receives.Visited + _messages.Visited + (_probes?.Visited ?? 0);

    public void Post(ReceiveOperation receive)
    {
        receive.Posted.Order = ++_order;
        _receives.Add(ListOf(receive.Source), receive.Posted);
    }

    /// <summary>A receive that might be posted again gets its age.</summary>
    public void CountIn(ReceiveOperation receive)
    {
        if (receive.Posted.Order == 0)
            receive.Posted.Order = NextAge();
    }

    /// <summary>The age of something that came now.</summary>
    public long NextAge() => ++_order;

    /// <summary>Posts a receive whose message was taken back, at the age that it had.</summary>
    public void PostAgain(ReceiveOperation receive) => _receives.Add(ListOf(receive.Source), receive.Posted);

    public void Unpost(ReceiveOperation receive) => _receives.Remove(ListOf(receive.Source), receive.Posted);

    /// <summary>Takes the receive that was posted first among those that this message satisfies.</summary>
    public ReceiveOperation? TakePosted(int source, int tag)
    {
        if (First(_receives, source, tag) is not { } link)
            return null;
        ReceiveOperation receive = (ReceiveOperation)link.Owner;
        Unpost(receive);
        return receive;
    }

    public void Post(ProbeOperation probe)
    {
        _probes ??= new MatchLists(worldSize + 1);
        probe.Posted.Order = ++_order;
        _probes.Add(ListOf(probe.Source), probe.Posted);
        _waitingProbes++;
    }

    public void Unpost(ProbeOperation probe)
    {
        _probes!.Remove(ListOf(probe.Source), probe.Posted);
        _waitingProbes--;
    }

    /// <summary>The probe that was posted first among those that this message satisfies.</summary>
    public ProbeOperation? FindProbe(int source, int tag) =>
        _waitingProbes == 0 ? null : (ProbeOperation?)First(_probes!, source, tag)?.Owner;

    /// <summary>Whether a receive or a probe waits that may want a message of this source.</summary>
    public bool IsLookedFor(int source) =>
        _receives.Oldest(ListOf(source)) is not null || _receives.Oldest(AnySource) is not null
        || (_waitingProbes > 0 && (_probes!.Oldest(ListOf(source)) is not null || _probes.Oldest(AnySource) is not null));

    public void Add(UnexpectedMessage message)
    {
        message.OfSource.Order = ++_order;
        AddAgain(message);
    }

    /// <summary>Adds a message that had been matched, at the age that it has.</summary>
    public void AddAgain(UnexpectedMessage message)
    {
        message.Queue = this;
        message.OfSource.Tag = message.Tag;
        if (message.OfSource.Order == 0)
            message.OfSource.Order = NextAge();
        _messages.Add(ListOf(message.Source), message.OfSource);
        if (_listsAll)
            AddToAll(message);
    }

    /// <summary>The first message that such a receive would get, or null.</summary>
    public UnexpectedMessage? Find(int source, int tag)
    {
        if (source < 0 && !_listsAll)
            ListAll();
        return (UnexpectedMessage?)_messages.Find(ListOf(source), tag)?.Owner;
    }

    public void Remove(UnexpectedMessage message)
    {
        message.Queue = null;
        _messages.Remove(ListOf(message.Source), message.OfSource);
        if (_listsAll)
            _messages.Remove(AnySource, message.OfAll);
    }

    /// <summary>Every unexpected message, by source.</summary>
    public IEnumerable<UnexpectedMessage> Messages() => Enumerable.Range(0, worldSize).SelectMany(MessagesOf);

    /// <summary>The unexpected messages of a source, oldest first. The caller may remove the one that it got.</summary>
    public IEnumerable<UnexpectedMessage> MessagesOf(int source)
    {
        MatchLink? link = _messages.Oldest(ListOf(source));
        while (link is not null)
        {
            MatchLink? next = link.Next;
            yield return (UnexpectedMessage)link.Owner;
            link = next;
        }
    }

    private static int ListOf(int source) => source + 1;

    /// <summary>From the first search for a message of any source on, all messages are in a list of their own as well.</summary>
    private void ListAll()
    {
        _listsAll = true;
        foreach (UnexpectedMessage message in Messages().OrderBy(message => message.OfSource.Order))
            AddToAll(message);
    }

    private void AddToAll(UnexpectedMessage message)
    {
        (message.OfAll.Tag, message.OfAll.Order) = (message.OfSource.Tag, message.OfSource.Order);
        _messages.Add(AnySource, message.OfAll);
    }

    private static MatchLink? First(MatchLists posted, int source, int tag) =>
        posted.Oldest(ListOf(source)) is null && posted.Oldest(AnySource) is null
            ? null
            : MatchLists.Older(posted.FindWanting(ListOf(source), tag), posted.FindWanting(AnySource, tag));
}
