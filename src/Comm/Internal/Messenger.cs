using System.Diagnostics;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>Turns frames into messages for one rank: matching, credits, announcements, failure of peers.</summary>
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
    private readonly FrameRelay _relay;
    private readonly AnnouncementBook _announcements = new();
    private MatchQueue? _lastQueue;
    private int _failedPeers;
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
        Errors = new MessengerErrors(rank, size, _peers);
        Pool = new OperationPool(this);
        Engine = new ProgressEngine(this, poller);
        _relay = new FrameRelay(Engine, _peers, _blocks);
    }

    public ProgressEngine Engine { get; }

    /// <summary>World rank.</summary>
    public int Rank { get; }

    /// <summary>World size.</summary>
    public int Size { get; }

    public object Gate => Engine.Gate;

    public OperationPool Pool { get; }

    public MessengerErrors Errors { get; }

    public PendingOperations Pending { get; } = new();

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
    public int AnnouncedSends => _announcements.Offered;

    /// <summary>Announced messages that this rank has asked for and that have not come to the end.</summary>
    public int AskedFor => _announcements.Granted;

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
            Pending.Fail(_ => true, _ => _failure);
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

    /// <summary>An operation has ended.</summary>
    public void RemovePending(Operation operation)
    {
        Engine.AssertGate();
        Pending.Remove(operation);
        if (_freed is not null && operation.Communicator is { } communicator)
            EndedOn(communicator);
    }

    public CompletionGroup RentGroup()
    {
        lock (Gate)
            return Pool.RentGroup();
    }

    public void Return(CompletionGroup group)
    {
        lock (Gate)
            Pool.Return(group);
    }

    public void Dispose()
    {
        lock (Gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _failure ??= new ObjectDisposedException(nameof(Communicator));
            Pending.Fail(_ => true, _ => _failure);
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
        Pending.Fail(operation => ContextOf(operation) == queue.Context, _ => reason);
        return true;
    }

    private bool HasPending(Communicator communicator) =>
        communicator.RunningCollectives > 0 || Pending.All().Any(operation => operation.Communicator == communicator);

    private void Close(Communicator communicator)
    {
        _communicators.Remove(communicator.Identity);
        Contexts.Close(communicator.Identity);
        CloseQueue(communicator.Queue, communicator);
        CloseQueue(communicator.CollectiveQueue, communicator);
    }

    /// <summary>Forgets a queue, and what came for it.</summary>
    public void DropQueue(ulong context)
    {
        Engine.AssertGate();
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

    private void ThrowIfFailed()
    {
        if (_failure is not null)
            throw _failure is ObjectDisposedException ? new ObjectDisposedException(nameof(Communicator)) : _failure;
    }

    private void Free(UnexpectedMessage message)
    {
        if (message.Block is not null)
            _blocks.Return(message.Block, message.Length);
        if (message.SendId != 0)
            _announcements.Forget(message, _peers[message.Source]);
        Pool.Return(message);
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
                MessageGrant nothing = isMatched
                    ? new MessageGrant(message.SendId, _announcements.NextId(), 0, Final: true)
                    : MessageGrant.Refusal(message.SendId);
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
}
