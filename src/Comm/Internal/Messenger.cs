using System.Diagnostics;
using BoxerMpi.Control;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>Turns frames into messages for one rank: matching, credits, rendezvous, failure of peers.</summary>
/// <remarks>
/// Everything is guarded by the engine's gate. Partial files by verb: Send, Receive, Frames (what arrives), Links (peers coming
/// and going), Wait (deadlines and what their errors say).
/// </remarks>
internal sealed unsafe partial class Messenger : IFrameHandler, IDisposable
{
    private readonly MessengerOptions _options;
    private readonly Peer[] _peers;
    private readonly Dictionary<ulong, MatchQueue> _queues = [];
    private readonly Dictionary<ulong, Communicator> _communicators = [];
    private readonly NativeBlocks _blocks = new();
    private readonly Stack<ReceiveOperation> _receivePool = new();
    private readonly Stack<SendOperation> _sendPool = new();
    private readonly Stack<UnexpectedMessage> _messagePool = new();
    private readonly Stack<CompletionGroup> _groupPool = new();
    private readonly Dictionary<ulong, SendOperation> _offered = [];
    private readonly Dictionary<ulong, GrantedReceive> _granted = [];
    private readonly Dictionary<(int Source, ulong SendId), UnexpectedMessage> _announced = [];
    private MatchQueue? _lastQueue;
    private Operation? _firstPending;
    private int _failedPeers;
    private ulong _nextId;
    private Exception? _failure;
    private bool _disposed;
    private readonly long? _endsAt;
    private TrafficCount _sent;
    private TrafficCount _received;

    /// <param name="rank">World rank.</param>
    /// <param name="size">World size.</param>
    /// <param name="options">Limits.</param>
    /// <param name="poller">What its engine sleeps in, its own from now on; one that it opens when there is none.</param>
    public Messenger(int rank, int size, MessengerOptions options, Poller? poller = null)
    {
        (Rank, Size, _options) = (rank, size, options);
        _peers = [.. Enumerable.Range(0, size).Select(peer => new Peer(peer))];
        Engine = new ProgressEngine(this, poller);
    }

    public ProgressEngine Engine { get; }

    /// <summary>World rank.</summary>
    public int Rank { get; }

    /// <summary>World size.</summary>
    public int Size { get; }

    public object Gate => Engine.Gate;

    /// <summary>The contexts of its communicators. Guarded by the gate.</summary>
    public Contexts Contexts { get; } = new();

    /// <summary>How long this rank may still run, or null; what is set counts down.</summary>
    public TimeSpan? RemainingTime
    {
        get
        {
            if (_endsAt is not { } end)
                return null;
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), end);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }

        init => _endsAt = value is { } time
            ? ProgressEngine.After(Stopwatch.GetTimestamp(), time > TimeSpan.Zero ? time : TimeSpan.Zero)
            : null;
    }

    /// <summary>Announced sends that the receivers have not asked for to the end.</summary>
    public int AnnouncedSends => _offered.Count;

    /// <summary>Announced messages that this rank has asked for and that have not come to the end.</summary>
    public int AskedFor => _granted.Count;

    /// <summary>What was sent to and received from other ranks so far.</summary>
    public Traffic Traffic
    {
        get
        {
            lock (Gate)
                return new Traffic(_sent.Messages, _sent.Bytes, _received.Messages, _received.Bytes);
        }
    }

    /// <summary>Bytes of messages that came (or are coming) before their receives.</summary>
    public long UnexpectedBytes
    {
        get
        {
            lock (Gate)
                return _queues.Values.Sum(
                    queue => queue.Messages().Where(message => message.Block is not null).Sum(message => message.Length));
        }
    }

    /// <summary>The queue of a context that a communicator of this rank uses from now on.</summary>
    public MatchQueue OpenQueue(ulong context)
    {
        lock (Gate)
        {
            MatchQueue queue = QueueOf(context)!;
            queue.IsOpen = true;
            return queue;
        }
    }

    public void Register(Communicator communicator)
    {
        lock (Gate)
        {
            _communicators.Add(communicator.Identity, communicator);
            if (communicator.Queue.Revoked is { } early)
                Revoke(communicator, early.Reason, early.RevokedBy);
        }
    }

    /// <summary>Ends a communicator: what is there or still comes for it is dropped; with operations pending it is revoked first.</summary>
    public void Unregister(Communicator communicator)
    {
        lock (Gate)
        {
            if (_disposed || !_communicators.ContainsKey(communicator.Identity))
                return;
            if (HasPending(communicator))
                Revoke(communicator, $"rank {communicator.Rank} disposed it with operations pending", Rank);
            Close(communicator);
        }
    }

    /// <summary>Ends every pending operation with this failure, and every later one: the job was aborted or the rank killed.</summary>
    public void Fail(Exception failure)
    {
        lock (Gate)
        {
            _failure ??= failure;
            FailPending(_ => true, _ => _failure);
        }
    }

    /// <summary>
    /// Ends what is pending in this context with a revocation; what is started later fails too, and messages are dropped.
    /// </summary>
    public void RevokeQueue(MatchQueue queue, CommunicatorRevokedException reason)
    {
        if (EndQueue(queue, reason))
            DiscardAll(queue);
    }

    public void AddPending(Operation operation)
    {
        operation.Previous = null;
        operation.Next = _firstPending;
        if (_firstPending is not null)
            _firstPending.Previous = operation;
        _firstPending = operation;
    }

    public void RemovePending(Operation operation)
    {
        if (operation.Previous is null)
            _firstPending = operation.Next;
        else
            operation.Previous.Next = operation.Next;
        if (operation.Next is not null)
            operation.Next.Previous = operation.Previous;
        operation.Previous = operation.Next = null;
        if (_freed is not null && operation.Communicator is { } communicator)
            EndedOn(communicator);
    }

    public ReceiveOperation RentReceive() => _receivePool.TryPop(out ReceiveOperation? receive) ? receive : new ReceiveOperation(this);

    public SendOperation RentSend() => _sendPool.TryPop(out SendOperation? send) ? send : new SendOperation(this);

    public CompletionGroup RentGroup()
    {
        lock (Gate)
            return _groupPool.TryPop(out CompletionGroup? group) ? group : new CompletionGroup(this);
    }

    public void Return(CompletionGroup group)
    {
        lock (Gate)
        {
            group.Clear();
            _groupPool.Push(group);
        }
    }

    public void Recycle(ReceiveOperation receive)
    {
        receive.Reset();
        _receivePool.Push(receive);
    }

    public void Recycle(SendOperation send)
    {
        send.Reset();
        _sendPool.Push(send);
    }

    public void RecycleAny(Operation operation)
    {
        if (operation is SendOperation send)
            Recycle(send);
        else if (operation is ReceiveOperation receive)
            Recycle(receive);
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _failure ??= new ObjectDisposedException(nameof(Communicator));
            FailPending(_ => true, _ => _failure);
            EndFreed();
            foreach (MatchQueue queue in _queues.Values)
                DiscardAll(queue);
            _deadlines?.Dispose();
        }

        Engine.Dispose();
        _blocks.Clear();
    }

    /// <returns>Whether it was new; its messages are still to be dropped.</returns>
    private bool EndQueue(MatchQueue queue, CommunicatorRevokedException reason)
    {
        if (queue.Revoked is not null)
            return false;
        queue.Revoked = reason;
        FailPending(operation => ContextOf(operation) == queue.Context, _ => reason);
        return true;
    }

    private bool HasPending(Communicator communicator) =>
        communicator.RunningCollectives > 0 || Pending().Any(operation => operation.Communicator == communicator);

    private void Close(Communicator communicator)
    {
        _communicators.Remove(communicator.Identity);
        Contexts.Close(communicator.Identity);
        CloseQueue(communicator.Queue, communicator);
        CloseQueue(communicator.CollectiveQueue, communicator);
    }

    /// <summary>Forgets a queue, and what came for it. The caller holds the gate.</summary>
    public void DropQueue(ulong context)
    {
        if (!_queues.Remove(context, out MatchQueue? queue))
            return;
        _lastQueue = null;
        DiscardAll(queue);
    }

    private void CloseQueue(MatchQueue queue, Communicator communicator)
    {
        // A call of another thread that was on its way finds it so, and does not wait for what never comes.
        queue.Revoked ??= new CommunicatorRevokedException($"\"{communicator.Name}\" was disposed") { RevokedBy = Rank, Rank = Rank };
        DropQueue(queue.Context);
    }

    private void DiscardAll(MatchQueue queue)
    {
        // Giving credit back may find a link broken, and that takes its messages out of the queue.
        foreach (UnexpectedMessage message in queue.Messages().ToArray())
        {
            if (message.Queue == queue)
                Discard(message, isMatched: false);
        }
    }

    private IEnumerable<Operation> Pending()
    {
        for (Operation? operation = _firstPending; operation is not null; operation = operation.Next)
            yield return operation;
    }

    private static ulong ContextOf(Operation operation) => operation switch
    {
        ReceiveOperation receive => receive.Queue.Context,
        SendOperation send => send.Context,
        ProbeOperation probe => probe.Queue.Context,
        _ => 0,
    };

    private MatchQueue? QueueOf(ulong context)
    {
        if (_lastQueue is not null && _lastQueue.Context == context)
            return _lastQueue;
        if (!_queues.TryGetValue(context, out MatchQueue? queue))
        {
            if (Contexts.IsClosed(context))
                return null;
            _queues.Add(context, queue = new MatchQueue(context, Size));
        }

        return _lastQueue = queue;
    }

    private void FailPending(Func<Operation, bool> affected, Func<Operation, Exception> error)
    {
        // Ending an operation changes the list, and a link that closes meanwhile ends more of them.
        foreach (Operation victim in Pending().Where(affected).ToArray())
        {
            if (victim.IsDone)
                continue;
            victim.Withdraw();
            victim.Complete(default, error(victim));
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null)
            throw _failure is ObjectDisposedException ? new ObjectDisposedException(nameof(Communicator)) : _failure;
    }

    private UnexpectedMessage RentMessage() => _messagePool.TryPop(out UnexpectedMessage? message) ? message : new UnexpectedMessage();

    private void Free(UnexpectedMessage message)
    {
        if (message.Block is not null)
            _blocks.Return(message.Block, message.Length);
        if (message.SendId != 0)
            Forget(message);
        message.Reset();
        _messagePool.Push(message);
    }

    /// <summary>Drops a message that is in a queue, or that a probe has matched.</summary>
    private void Discard(UnexpectedMessage message, bool isMatched)
    {
        message.Queue?.Remove(message);
        switch (message.State)
        {
            case UnexpectedMessage.Kind.Arriving:
                message.Discarded = true;
                return;
            case UnexpectedMessage.Kind.Offered when _peers[message.Source].Link is { IsClosed: false }:
                // The sender is told that nothing of it is wanted, so that it may go on.
                RendezvousGrant nothing = isMatched
                    ? new RendezvousGrant(message.SendId, ++_nextId, 0, Final: true)
                    : RendezvousGrant.Refusal(message.SendId);
                SendGrant(_peers[message.Source], nothing);
                break;
            case UnexpectedMessage.Kind.Self when message.SelfSend is { IsDone: false } send:
                send.Complete(default, null);
                break;
        }

        ReleaseCredit(message);
        Free(message);
    }

    private void ReleaseCredit(UnexpectedMessage message)
    {
        if (message.HoldsCredit)
            GiveCreditBack(_peers[message.Source], message.Length);
        message.HoldsCredit = false;
    }

    /// <summary>A message that the receiver has asked for, from the first grant to its last byte.</summary>
    private sealed class GrantedReceive
    {
        public required Peer Peer;
        public required ulong SendId;
        public required int Tag;
        public required long Total;

        /// <summary>What of it is taken: all, or what the buffer holds.</summary>
        public required long Accepted;

        /// <summary>The message's age among those of its queue.</summary>
        public required long Order;

        /// <summary>Null once the caller has gone; the bytes that were asked for then go to the message, or are dropped.</summary>
        public required ReceiveOperation? Receive;

        /// <summary>In library memory, for another receive.</summary>
        public UnexpectedMessage? Message;
        public long Granted;
        public long Received;

        /// <summary>The link over which it comes; with relays not always the one that leads to the sender.</summary>
        public Link? ArrivingLink;
    }
}
