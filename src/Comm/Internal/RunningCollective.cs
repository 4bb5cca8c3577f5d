using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;
using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>
/// A collective that moves on by itself: when the messages of a round have ended, whoever drives progress does the round's local steps
/// and posts the next one. Somebody awaits it, or waits for it later. Pooled by whoever makes them.
/// </summary>
/// <remarks>
/// Guarded by the engine's gate. Only local steps that are not short run without it, while the collective is <see cref="Stage.Lent"/>:
/// nobody else touches it then.
/// </remarks>
internal abstract class RunningCollective(Messenger messenger) : EngineWork, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private Communicator _communicator = null!;
    private CompletionGroup _group = null!;
    private Stage _stage = Stage.Ended;
    private Exception? _givenUp;
    private bool _isAwaited;
    private bool _isCounted;
    private bool _isWatched;
    private long _postedAt;

    private enum Stage
    {
        /// <summary>Not begun, or done.</summary>
        Ended,

        /// <summary>The next round is to be posted.</summary>
        Next,

        /// <summary>Messages of a round are on their way.</summary>
        Posted,

        /// <summary>The round's local steps are to be done.</summary>
        Local,

        /// <summary>They are being done, or soon will be, by a thread without the gate.</summary>
        Lent,
    }

    public bool IsDone => _stage == Stage.Ended;

    /// <summary>Why it ended badly, or null.</summary>
    public Exception? Error { get; private set; }

    private object Gate => messenger.Gate;

    /// <summary>Whether there is a round left.</summary>
    protected abstract bool HasRound { get; }

    /// <summary>Whether the local steps of this round take so short that the gate may be held, and call nothing of the program's.</summary>
    protected abstract bool LocalStepsAreShort { get; }

    /// <summary>Does the local steps of the rounds that come before the first message.</summary>
    protected abstract void RunFirstSteps();

    /// <summary>Posts the messages of this round. Under the gate.</summary>
    protected abstract void Post(Communicator communicator, CompletionGroup group);

    /// <summary>Does this round's local steps; the round is then over.</summary>
    protected abstract void RunLocalSteps();

    /// <summary>Begins: what needs no message is done, and the first round posted. Its end is <see cref="Wait"/>.</summary>
    public void Begin(Communicator communicator, string operation, CollectiveNumber number)
    {
        Exception? failure = Prepare(communicator, operation, number);
        lock (Gate)
        {
            Enter(failure, watched: false);
            LeaveToBackground(urgent: false);
        }
    }

    /// <summary>As <see cref="Begin"/>; the task ends with it. A timeout or cancellation revokes the communicator.</summary>
    public ValueTask BeginAsync(Communicator communicator, string operation, CollectiveNumber number)
    {
        Exception? failure = Prepare(communicator, operation, number);
        lock (Gate)
        {
            Enter(failure, watched: true);
            if (!IsDone || messenger.Engine.HasCollectedOutput)
                messenger.Engine.Poll();
            if (IsDone)
                return Error is null ? ValueTask.CompletedTask : ValueTask.FromException(Error);
            LeaveToBackground(urgent: true);
            _isAwaited = true;
            return new ValueTask(this, _source.Version);
        }
    }

    /// <summary>Gives it up when the token fires, until the result is disposed.</summary>
    public CancellationTokenRegistration GiveUpOn(CancellationToken cancellationToken) => !cancellationToken.CanBeCanceled
        ? default
        : cancellationToken.UnsafeRegister(
            static (state, token) =>
            {
                RunningCollective collective = (RunningCollective)state!;
                lock (collective.Gate)
                {
                    collective.GiveUp(new OperationCanceledException(
                        $"{collective.Name} was cancelled; the communicator is revoked.", token));
                }
            },
            this);

    /// <summary>Blocks until it has ended, moving bytes meanwhile.</summary>
    /// <exception cref="MpiException">It failed, or a round of it took too long.</exception>
    public void Wait(TimeSpan timeout)
    {
        lock (Gate)
        {
            // Back: this thread drives from now on.
            Uncount();
            WaitForEnd(timeout);
            if (messenger.Engine.HasCollectedOutput)
                messenger.Engine.FlushCollected();
        }

        if (Error is not null)
            ExceptionDispatchInfo.Throw(Error);
    }

    /// <summary>Gives it up, and returns when nothing touches its buffers any more.</summary>
    public void Abandon()
    {
        lock (Gate)
        {
            GiveUp(new OperationCanceledException($"{Name} was disposed before it was done; the communicator is revoked."));
            WaitForEnd(Timeout.InfiniteTimeSpan);
        }
    }

    public sealed override void Continue()
    {
        try
        {
            // Still lent, it comes from an engine that has ended: nobody takes it any more.
            ObjectDisposedException.ThrowIf(_stage == Stage.Lent, _communicator);
            if (_stage == Stage.Posted)
                EndRound();
            Proceed();
        }
        catch (Exception error)
        {
            End(error);
        }
    }

    public sealed override void RunLent()
    {
        Exception? failure = null;
        try
        {
            RunLocalSteps();
        }
        catch (Exception error)
        {
            failure = error;
        }

        lock (Gate)
        {
            _stage = Stage.Next;
            if (failure is null)
                Continue();
            else
                End(failure);
        }
    }

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _source.GetResult(token);
        }
        finally
        {
            _source.Reset();
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <summary>Back to the state in which a pool hands it out.</summary>
    protected void Release()
    {
        messenger.Engine.AssertGate();
        messenger.Return(_group);
        (_communicator, _group, Error, _givenUp) = (null!, null!, null, null);
    }

    private string Name => $"{_group.Operation} #{_group.Sequence}";

    private Exception? Prepare(Communicator communicator, string operation, CollectiveNumber number)
    {
        _communicator = communicator;
        _group = communicator.RentCompletion(operation, number);
        try
        {
            // On the thread of the caller, where the program's own operations may run.
            RunFirstSteps();
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    private void Enter(Exception? failure, bool watched)
    {
        _isWatched = watched;
        _stage = Stage.Next;
        _communicator.BeginCollective();
        if (failure is null)
            Continue();
        else
            End(failure);
    }

    /// <summary>Does everything that needs no waiting.</summary>
    private void Proceed()
    {
        while (true)
        {
            if (_stage == Stage.Local)
            {
                if (!LocalStepsAreShort)
                {
                    _stage = Stage.Lent;
                    ObjectDisposedException.ThrowIf(!messenger.Engine.TryLend(this), _communicator);
                    return;
                }

                RunLocalSteps();
                _stage = Stage.Next;
            }

            if (_givenUp is not null)
                throw _givenUp;
            if (!HasRound)
            {
                End(null);
                return;
            }

            _communicator.ThrowIfClosed();
            _postedAt = Environment.TickCount64;
            _stage = Stage.Posted;
            Post(_communicator, _group);
            if (!_group.IsDone)
            {
                Watch();
                _group.ContinueWith(this);
                return;
            }

            EndRound();
        }
    }

    private void EndRound()
    {
        Exception? error = _group.Error;
        _group.Clear();
        _stage = Stage.Local;
        if (error is not null)
            throw error;
    }

    private void End(Exception? error)
    {
        if (error is not null)
        {
            _group.Fail(error);
            _group.Clear();
        }

        _stage = Stage.Ended;
        Error = error;
        Uncount();
        if (error is not null)
            _communicator.FailCollective(_group.Operation, _group.Sequence, error);
        _communicator.EndCollective();
        if (_isAwaited)
        {
            _isAwaited = false;
            if (error is null)
                _source.SetResult(true);
            else
                _source.SetException(error);
        }

        messenger.Engine.SignalChange();
    }

    private void GiveUp(Exception reason)
    {
        if (IsDone)
            return;
        _givenUp ??= reason;
        if (_stage == Stage.Posted)
            _group.Fail(reason);
        _communicator.FailCollective(_group.Operation, _group.Sequence, reason);
    }

    private void WaitForEnd(TimeSpan timeout)
    {
        Ended ended = new(this);
        long since = Environment.TickCount64;
        while (!IsDone)
        {
            if (messenger.Engine.Wait(ref ended, Remaining(timeout, since)) || IsDone)
                return;
            if (_stage == Stage.Lent)
            {
                // Nobody is waited for but a thread of this rank: its work ends by itself.
                since = Environment.TickCount64;
                Monitor.Wait(Gate, millisecondsTimeout: 1);
            }
            else if (Remaining(timeout, since) == TimeSpan.Zero)
            {
                GiveUp(messenger.Errors.TimedOut(_group, _communicator, timeout));
            }
        }
    }

    /// <summary>Each round has the whole time, counted from when its end is waited for.</summary>
    private TimeSpan Remaining(TimeSpan timeout, long since)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return timeout;
        TimeSpan left = timeout - TimeSpan.FromMilliseconds(Environment.TickCount64 - Math.Max(since, _postedAt));
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Watch()
    {
        if (!_isWatched)
            return;
        foreach (Operation member in _group.Members)
        {
            if (!member.IsDone)
                messenger.WatchDeadline(member, _communicator.Timeout);
        }
    }

    private void LeaveToBackground(bool urgent)
    {
        if (IsDone)
            return;
        _isCounted = true;
        messenger.Engine.CountAsynchronous(+1, urgent);
    }

    private void Uncount()
    {
        if (!_isCounted)
            return;
        _isCounted = false;
        messenger.Engine.CountAsynchronous(-1);
    }

    /// <summary>Met when it has ended.</summary>
    private readonly struct Ended(RunningCollective collective) : IWaitCondition
    {
        public bool IsMet => collective.IsDone;
    }
}
