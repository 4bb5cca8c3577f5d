using System.Buffers;
using System.Diagnostics;
using System.Threading.Tasks.Sources;
using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>A pending send or receive. Pooled; used under the engine's gate except for the awaiting side of the task source.</summary>
internal abstract unsafe class Operation : IValueTaskSource<Status>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<Status> _source = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancellation;

    // Of the coarse clock, which costs a third: every message reads it, and only errors tell it.
    private long _started;

    protected Operation(Messenger messenger) => Messenger = messenger;

    public Messenger Messenger { get; }

    /// <summary>Whether it has ended, or was never begun: there is nothing to take back.</summary>
    public bool IsDone { get; private set; } = true;

    public Exception? Error { get; private set; }

    public Status Result { get; private set; }

    /// <summary>Somebody awaits it: it needs the background thread and completes its task source.</summary>
    public bool IsAsynchronous { get; private set; }

    /// <summary>Timestamp after which an asynchronous operation fails; blocking ones are watched by their caller.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    public TimeSpan Timeout { get; set; }

    /// <summary>Whether it was started since it left the pool.</summary>
    public bool IsStarted => _started != 0;

    /// <summary>The collective round it belongs to, or null.</summary>
    public CompletionGroup? Group { get; set; }

    /// <summary>Takes its outcome and gives it back to the pool as soon as it has ended, or null.</summary>
    public Request? Request { get; set; }

    public Communicator? Communicator { get; set; }

    /// <summary>Keeps the user's memory in place.</summary>
    public MemoryHandle Pin { get; set; }

    // The list of all pending operations of the messenger.
    public Operation? Previous { get; set; }

    public Operation? Next { get; set; }

    public short Version => _source.Version;

    public TimeSpan Elapsed => TimeSpan.FromMilliseconds(Environment.TickCount64 - _started);

    /// <summary>Whoever awaits it takes more than the status out of it, and then gives it back to the pool.</summary>
    protected virtual bool IsKeptByAwaiter => false;

    /// <summary>World rank on the other side, or -1 for any.</summary>
    public abstract int PeerRank { get; }

    /// <summary>For messages: what, from or to whom, which tag.</summary>
    public abstract string Describe();

    /// <summary>Takes it back from queues and links for good: the caller's memory is not touched any more, whatever becomes of the message.</summary>
    public abstract void Withdraw();

    /// <summary>Ends it with this error, so that no message is lost, and none is delivered that was said not to be.</summary>
    /// <remarks>
    /// After a cancellation, an operation that has met its other side goes on and ends well. All other errors end it now: a message that is
    /// arriving is put back, and one that is leaving leaves.
    /// </remarks>
    public void GiveUp(Exception? error)
    {
        if (TryTakeBack(error))
            Complete(default, error);
    }

    /// <returns>Whether it was taken back; else it has ended here, or will by itself.</returns>
    protected abstract bool TryTakeBack(Exception? error);

    public virtual void Begin()
    {
        IsDone = false;
        Error = null;
        _started = Environment.TickCount64;
        Messenger.Pending.Add(this);
    }

    public void MakeAsynchronous(CancellationToken cancellationToken)
    {
        IsAsynchronous = true;
        Messenger.Engine.CountAsynchronous(+1);
        if (cancellationToken.CanBeCanceled)
        {
            short version = Version;
            _cancellation = cancellationToken.UnsafeRegister(
                (state, token) =>
                {
                    Operation operation = (Operation)state!;
                    lock (operation.Messenger.Engine.Gate)
                    {
                        if (operation.Version == version && !operation.IsDone)
                            operation.GiveUp(new OperationCanceledException(token));
                    }
                },
                this);
        }
    }

    /// <summary>Ends it, well or badly. User code never runs from here.</summary>
    public void Complete(Status status, Exception? error)
    {
        Debug.Assert(!IsDone, "an operation ends once");
        IsDone = true;
        Result = status;
        Error = error;
        Messenger.RemovePending(this);
        if (IsAsynchronous)
        {
            Messenger.Engine.CountAsynchronous(-1);
            LetGo();
            if (error is null)
                _source.SetResult(status);
            else
                _source.SetException(error);
        }

        Group?.MemberCompleted(error);
        Request?.Settle(this);
        Messenger.Engine.SignalChange();
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    Status IValueTaskSource<Status>.GetResult(short token) => TakeResult(token);

    void IValueTaskSource.GetResult(short token) => TakeResult(token);

    /// <summary>The outcome with world ranks turned into the communicator's, or its exception.</summary>
    public Status Outcome()
    {
        if (Error is not null)
            throw Error;
        return Result.Source < 0 || Communicator is null ? Result : Result with { Source = Communicator.FromWorldRank(Result.Source) };
    }

    /// <summary>Back to the state in which the pool hands it out.</summary>
    public virtual void Reset()
    {
        Pin.Dispose();
        Pin = default;
        _source.Reset();
        _started = 0;
        IsAsynchronous = false;
        Deadline = long.MaxValue;
        Group = null;
        Request = null;
        Communicator = null;
        Error = null;
        Result = default;
    }

    protected abstract void Recycle();

    /// <summary>Nobody may ever look at its end: the memory and the token that it was given are not kept for that.</summary>
    private void LetGo()
    {
        Pin.Dispose();
        Pin = default;
        if (_cancellation.Unregister())
            _cancellation = default;
    }

    private Status TakeResult(short token)
    {
        // A task that is asked twice, or too early, must not give the operation back to the pool under somebody else.
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException($"{Describe()} has not ended: await its task.");

        // Outside the gate: disposing waits for a cancellation callback that is running, and that takes the gate.
        _cancellation.Dispose();
        _cancellation = default;
        try
        {
            _source.GetResult(token);
            return Outcome();
        }
        finally
        {
            if (!IsKeptByAwaiter)
            {
                lock (Messenger.Engine.Gate)
                    Recycle();
            }
        }
    }
}

/// <summary>Met when the operation has ended.</summary>
internal readonly struct OperationDone(Operation operation) : IWaitCondition
{
    public bool IsMet => operation.IsDone;
}
