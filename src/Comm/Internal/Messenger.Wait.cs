using System.Diagnostics;
using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

// Deadlines, and what their errors say.
internal sealed unsafe partial class Messenger
{
    private static readonly TimeSpan DeadlineTick = TimeSpan.FromMilliseconds(100);

    // Requests that are ready are told at once, but each so many times the links of those that are not get a look.
    private const int LookInterval = 16;

    private Timer? _deadlines;
    private long _endedRequests;
    private int _readyCalls;

    /// <summary>The number of a request that ends now.</summary>
    public long CountEndedRequest()
    {
        Engine.AssertGate();
        return ++_endedRequests;
    }

    /// <summary>A call finds what it wants without waiting: what others wait for still arrives.</summary>
    public void LookAround()
    {
        Engine.AssertGate();
        if (++_readyCalls % LookInterval == 0)
            Engine.Poll();
    }

    /// <summary>Blocks until the operation has ended; gives it up at the deadline.</summary>
    public void WaitFor(Operation operation, TimeSpan timeout)
    {
        Engine.AssertGate();
        OperationDone done = new(operation);
        if (done.IsMet && !Engine.HasCollectedOutput)
            return;
        if (!Engine.Wait(ref done, timeout) && !operation.IsDone)
            operation.GiveUp(Errors.TimedOut(operation, timeout));
    }

    /// <summary>Blocks until a send and a receive that belong together have ended, or one has failed.</summary>
    /// <exception cref="MpiException">One of them failed, or took too long.</exception>
    public void WaitForBoth(SendOperation send, ReceiveOperation receive, TimeSpan timeout)
    {
        Engine.AssertGate();
        BothDone done = new(send, receive);
        bool inTime = Engine.Wait(ref done, timeout);
        if ((send.IsDone ? send.Error : null) is { } sendError)
            throw sendError;
        if ((receive.IsDone ? receive.Error : null) is { } receiveError)
            throw receiveError;
        if (!inTime && !done.IsMet)
            throw Errors.TimedOut(receive.IsDone ? send : receive, timeout);
    }

    /// <summary>Blocks until the round of a collective has ended, or its deadline has passed.</summary>
    /// <returns>Whether it ended.</returns>
    public bool WaitFor(CompletionGroup group, TimeSpan timeout)
    {
        Engine.AssertGate();
        RoundDone done = new(group);
        return Engine.Wait(ref done, timeout);
    }

    /// <summary>Watches the deadline of an asynchronous operation.</summary>
    public void WatchDeadline(Operation operation, TimeSpan timeout)
    {
        Engine.AssertGate();
        operation.Timeout = timeout;
        operation.Deadline = ProgressEngine.After(Stopwatch.GetTimestamp() - RunningTime.Instance.Stopped, timeout);
        _deadlines ??= new Timer(static state => ((Messenger)state!).CheckDeadlines(), this, DeadlineTick, DeadlineTick);
    }

    /// <summary>One line per pending operation: what this rank waits for.</summary>
    public IReadOnlyList<string> DescribePending()
    {
        lock (Gate)
        {
            List<string> lines = [];
            foreach (Operation operation in Pending.All())
            {
                string name = operation.Group is { } group
                    ? $"{group.Operation} #{group.Sequence}, {operation.Describe()}"
                    : operation.Describe();
                string state = operation.PeerRank >= 0 ? $"; {Errors.Describe(operation.PeerRank)}" : "";
                lines.Add($"{name}{MessengerErrors.On(operation.Communicator)} for {operation.Elapsed.TotalSeconds:F1} s{state}");
            }

            return lines;
        }
    }

    private void CheckDeadlines()
    {
        lock (Gate)
        {
            if (_disposed)
                return;
            long now = RunningTime.Instance.GetTimestamp();
            foreach (Operation operation in Pending.All().Where(operation => operation.Deadline < now).ToArray())
            {
                if (operation.IsDone)
                    continue;
                if (operation is { Group: { } group, Communicator: { } communicator })
                {
                    communicator.FailRound(group, Errors.TimedOut(group, communicator, operation.Timeout));
                    continue;
                }

                operation.Deadline = long.MaxValue;
                operation.GiveUp(Errors.TimedOut(operation, operation.Timeout));
            }

            if (Pending.IsEmpty)
            {
                _deadlines?.Dispose();
                _deadlines = null;
            }
        }
    }

    /// <summary>Met when both have ended, or one of them badly.</summary>
    private readonly struct BothDone(Operation first, Operation second) : IWaitCondition
    {
        public bool IsMet => first.IsDone ? second.IsDone || first.Error is not null : second.IsDone && second.Error is not null;
    }
}
