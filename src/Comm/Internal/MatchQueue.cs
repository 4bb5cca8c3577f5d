namespace BoxerMpi.Internal;

/// <summary>Posted receives and unexpected messages of one context. Ranks are world ranks; used under the engine's gate.</summary>
/// <remarks>
/// Receives of a known source and messages are kept per source, so that matching does not walk what others sent.
/// Invariant: no posted receive matches an unexpected message.
/// </remarks>
internal sealed class MatchQueue(ulong context, int worldSize)
{
    private readonly PostedList[] _posted = new PostedList[worldSize];
    private readonly MessageList[] _messages = new MessageList[worldSize];
    private PostedList _postedAny;
    private UnexpectedMessage? _firstArrived;
    private UnexpectedMessage? _lastArrived;
    private long _order;

    public ulong Context { get; } = context;

    /// <summary>Set when the communicator was revoked: nothing is posted any more.</summary>
    public CommunicatorRevokedException? Revoked { get; set; }

    /// <summary>Whether a communicator of this rank uses it; else it only keeps what came early.</summary>
    public bool IsOpen { get; set; }

    public void Post(ReceiveOperation receive)
    {
        receive.Order = _order++;
        ref PostedList list = ref ListOf(receive);
        receive.NextInList = null;
        receive.PreviousInList = list.Last;
        if (list.Last is null)
            list.First = receive;
        else
            list.Last.NextInList = receive;
        list.Last = receive;
    }

    public void Unpost(ReceiveOperation receive)
    {
        ref PostedList list = ref ListOf(receive);
        if (receive.PreviousInList is null)
            list.First = receive.NextInList;
        else
            receive.PreviousInList.NextInList = receive.NextInList;
        if (receive.NextInList is null)
            list.Last = receive.PreviousInList;
        else
            receive.NextInList.PreviousInList = receive.PreviousInList;
        receive.NextInList = receive.PreviousInList = null;
    }

    /// <summary>Takes the receive that was posted first among those that this message satisfies.</summary>
    public ReceiveOperation? TakePosted(int source, int tag)
    {
        ReceiveOperation? ofSource = FirstWithTag(_posted[source].First, tag);
        ReceiveOperation? ofAny = FirstWithTag(_postedAny.First, tag);
        ReceiveOperation? first = ofSource is null || (ofAny is not null && ofAny.Order < ofSource.Order) ? ofAny : ofSource;
        if (first is not null)
            Unpost(first);
        return first;
    }

    public void Add(UnexpectedMessage message)
    {
        message.Queue = this;
        ref MessageList list = ref _messages[message.Source];
        message.PreviousOfSource = list.Last;
        if (list.Last is null)
            list.First = message;
        else
            list.Last.NextOfSource = message;
        list.Last = message;

        message.PreviousArrived = _lastArrived;
        if (_lastArrived is null)
            _firstArrived = message;
        else
            _lastArrived.NextArrived = message;
        _lastArrived = message;
    }

    /// <summary>The first message that such a receive would get, or null.</summary>
    public UnexpectedMessage? Find(int source, int tag)
    {
        if (source >= 0)
        {
            for (UnexpectedMessage? message = _messages[source].First; message is not null; message = message.NextOfSource)
            {
                if (tag < 0 || message.Tag == tag)
                    return message;
            }

            return null;
        }

        for (UnexpectedMessage? message = _firstArrived; message is not null; message = message.NextArrived)
        {
            if (tag < 0 || message.Tag == tag)
                return message;
        }

        return null;
    }

    public void Remove(UnexpectedMessage message)
    {
        message.Queue = null;
        ref MessageList list = ref _messages[message.Source];
        if (message.PreviousOfSource is null)
            list.First = message.NextOfSource;
        else
            message.PreviousOfSource.NextOfSource = message.NextOfSource;
        if (message.NextOfSource is null)
            list.Last = message.PreviousOfSource;
        else
            message.NextOfSource.PreviousOfSource = message.PreviousOfSource;

        if (message.PreviousArrived is null)
            _firstArrived = message.NextArrived;
        else
            message.PreviousArrived.NextArrived = message.NextArrived;
        if (message.NextArrived is null)
            _lastArrived = message.PreviousArrived;
        else
            message.NextArrived.PreviousArrived = message.PreviousArrived;
        (message.NextOfSource, message.PreviousOfSource, message.NextArrived, message.PreviousArrived) = (null, null, null, null);
    }

    /// <summary>Every unexpected message, oldest first.</summary>
    public IEnumerable<UnexpectedMessage> Messages()
    {
        UnexpectedMessage? message = _firstArrived;
        while (message is not null)
        {
            // The caller may remove the one it got.
            UnexpectedMessage? next = message.NextArrived;
            yield return message;
            message = next;
        }
    }

    private static ReceiveOperation? FirstWithTag(ReceiveOperation? receive, int tag)
    {
        while (receive is not null && receive.Tag >= 0 && receive.Tag != tag)
            receive = receive.NextInList;
        return receive;
    }

    private ref PostedList ListOf(ReceiveOperation receive)
    {
        if (receive.Source < 0)
            return ref _postedAny;
        return ref _posted[receive.Source];
    }

    private struct PostedList
    {
        public ReceiveOperation? First;
        public ReceiveOperation? Last;
    }

    private struct MessageList
    {
        public UnexpectedMessage? First;
        public UnexpectedMessage? Last;
    }
}
