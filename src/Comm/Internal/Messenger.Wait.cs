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

    /// <summary>The number of a request that ends now. The caller holds the gate.</summary>
    public long CountEndedRequest() => ++_endedRequests;

    /// <summary>A call finds what it wants without waiting: what others wait for still arrives. The caller holds the gate.</summary>
    public void LookAround()
    {
        if (++_readyCalls % LookInterval == 0)
            Engine.Poll();
    }

    /// <summary>Blocks until the operation has ended; gives it up at the deadline. The caller holds the gate.</summary>
    public void WaitFor(Operation operation, TimeSpan timeout)
    {
        OperationDone done = new(operation);
        if (done.IsMet && !Engine.HasCollectedOutput)
            return;
        if (!Engine.Wait(ref done, timeout) && !operation.IsDone)
            operation.GiveUp(TimedOut(operation, timeout));
    }

    /// <summary>Blocks until a send and a receive that belong together have ended, or one has failed. The caller holds the gate.</summary>
    /// <exception cref="MpiException">One of them failed, or took too long.</exception>
    public void WaitForBoth(SendOperation send, ReceiveOperation receive, TimeSpan timeout)
    {
        BothDone done = new(send, receive);
        bool inTime = Engine.Wait(ref done, timeout);
        if ((send.IsDone ? send.Error : null) is { } sendError)
            throw sendError;
        if ((receive.IsDone ? receive.Error : null) is { } receiveError)
            throw receiveError;
        if (!inTime && !done.IsMet)
            throw TimedOut(receive.IsDone ? send : receive, timeout);
    }

    /// <summary>Blocks until the round of a collective has ended, or its deadline has passed. The caller holds the gate.</summary>
    /// <returns>Whether it ended.</returns>
    public bool WaitFor(CompletionGroup group, TimeSpan timeout)
    {
        RoundDone done = new(group);
        return Engine.Wait(ref done, timeout);
    }

    /// <summary>Watches the deadline of an asynchronous operation. The caller holds the gate.</summary>
    public void WatchDeadline(Operation operation, TimeSpan timeout)
    {
        operation.Timeout = timeout;
        operation.Deadline = ProgressEngine.After(Stopwatch.GetTimestamp() - RunningTime.Instance.Stopped, timeout);
        _deadlines ??= new Timer(static state => ((Messenger)state!).CheckDeadlines(), this, DeadlineTick, DeadlineTick);
    }

    /// <summary>The state of a peer as far as this rank knows.</summary>
    public string Describe(int worldRank)
    {
        Peer peer = _peers[worldRank];
        if (worldRank == Rank)
            return "the partner is this rank itself";
        if (peer.Failure is not null)
            return peer.Failure.Message;
        if (peer.Link is not { } link)
            return $"there is no link to rank {worldRank}{(peer.IsLinkWanted ? "; it is being set up" : "")}";
        string via = peer.IsRelayed ? $" (relayed by rank {link.Peer})" : "";
        return $"the link to rank {worldRank}{via}, {link.Description}, has been silent for {link.Silence.TotalSeconds:F1} s";
    }

    public MpiTimeoutException TimedOut(Operation operation, TimeSpan timeout)
    {
        Communicator? communicator = operation.Communicator;
        int peer = operation.PeerRank;
        string state = peer >= 0 ? Describe(peer) : "no rank has sent a matching message";
        if (operation is SendOperation { Progress: SendOperation.Stage.Offered })
            state += "; the receiver has posted no matching receive";
        else if (operation is SendOperation { Progress: SendOperation.Stage.Waiting, ExpectedLink: not null } held)
            state += $"; the receiver has not received {held.Peer.Announced} earlier messages that it was told of";
        return new MpiTimeoutException(
            $"{operation.Describe()}{On(communicator)} timed out after {timeout.TotalSeconds:F1} s: {state}. " +
            "Give it more time with Communicator.Timeout, or look for the missing partner of this call.")
        {
            Rank = Rank,
            Operation = operation.Describe(),
            Communicator = communicator?.Name ?? "",
            Elapsed = operation.Elapsed,
            Deadline = timeout,
            MissingRanks = peer >= 0 ? [peer] : [],
            StateOfEachPeer = [state],
        };
    }

    public MpiTimeoutException TimedOut(CompletionGroup group, Communicator communicator, TimeSpan timeout)
    {
        int[] missing = group.MissingRanks();
        string[] states = [.. missing.Select(Describe)];
        string name = $"{group.Operation} #{group.Sequence}";
        return new MpiTimeoutException(
            $"{name}{On(communicator)} timed out after {timeout.TotalSeconds:F1} s: waiting for rank(s) {string.Join(", ", missing)}; " +
            $"{string.Join("; ", states)}. The communicator is revoked.")
        {
            Rank = Rank,
            Operation = name,
            Communicator = communicator.Name,
            Elapsed = group.Elapsed,
            Deadline = timeout,
            MissingRanks = missing,
            StateOfEachPeer = states,
            IsTransient = false,
        };
    }

    /// <summary>One line per pending operation: what this rank waits for.</summary>
    public IReadOnlyList<string> PendingOperations()
    {
        lock (Gate)
        {
            List<string> lines = [];
            foreach (Operation operation in Pending())
            {
                string name = operation.Group is { } group
                    ? $"{group.Operation} #{group.Sequence}, {operation.Describe()}"
                    : operation.Describe();
                string state = operation.PeerRank >= 0 ? $"; {Describe(operation.PeerRank)}" : "";
                lines.Add($"{name}{On(operation.Communicator)} for {operation.Elapsed.TotalSeconds:F1} s{state}");
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
            foreach (Operation operation in Pending().Where(operation => operation.Deadline < now).ToArray())
            {
                if (operation.IsDone)
                    continue;
                if (operation is { Group: { } group, Communicator: { } communicator })
                {
                    communicator.FailRound(group, TimedOut(group, communicator, operation.Timeout));
                    continue;
                }

                operation.Deadline = long.MaxValue;
                operation.GiveUp(TimedOut(operation, operation.Timeout));
            }

            if (_firstPending is null)
            {
                _deadlines?.Dispose();
                _deadlines = null;
            }
        }
    }

    private PeerFailedException PeerGone(Peer peer, string operation, Communicator? communicator, TimeSpan elapsed = default) =>
        new($"{operation}{On(communicator)} cannot finish: {peer.Failure!.Message}", peer.Failure.Cause)
        {
            Rank = Rank,
            Operation = operation,
            Communicator = communicator?.Name ?? "",
            Elapsed = elapsed,
            FailedRanks = [.. _peers.Where(p => p.Failure is not null && !p.HasLeft || p == peer).Select(p => p.Rank)],
        };

    private MessageTruncatedException Truncated(ReceiveOperation receive, int source, int tag, long actual)
    {
        int from = receive.Communicator?.FromWorldRank(source) ?? source;
        string operation = receive.Group is { } group ? $"{group.Operation} #{group.Sequence}" : "Receive";
        string advice = receive.Group is null ? "receive into a larger buffer, or probe first" : "give all ranks the same count";
        return new MessageTruncatedException(
            $"{operation}{On(receive.Communicator)}: a message of {actual} bytes from rank {from} (tag {tag}) met a buffer of " +
            $"{receive.Capacity} bytes; {advice}.")
        {
            Rank = Rank,
            Operation = operation,
            Communicator = receive.Communicator?.Name ?? "",
            ExpectedBytes = receive.Capacity,
            ActualBytes = actual,
            Source = from,
            Tag = tag,
        };
    }

    private MessageLostException NotReceived(SendOperation send)
    {
        int to = send.Communicator?.FromWorldRank(send.Peer.Rank) ?? send.Peer.Rank;
        return new MessageLostException(
            $"{send.Describe()}{On(send.Communicator)} was not received: rank {to} has disposed its communicator.")
        {
            Rank = Rank,
            Operation = send.Describe(),
            Communicator = send.Communicator?.Name ?? "",
            Elapsed = send.Elapsed,
            Peer = to,
            Tag = send.Tag,
        };
    }

    private MessageLostException TakenBack(ReceiveOperation receive)
    {
        int from = receive.Communicator?.FromWorldRank(receive.Source) ?? receive.Source;
        return new MessageLostException(
            $"{receive.Describe()}{On(receive.Communicator)}: rank {from} has cancelled its message after it was probed.")
        {
            Rank = Rank,
            Operation = receive.Describe(),
            Communicator = receive.Communicator?.Name ?? "",
            Peer = from,
            Tag = receive.Tag,
        };
    }

    private static CommunicatorRevokedException RevokedAgain(CommunicatorRevokedException first) =>
        new(first.Message) { RevokedBy = first.RevokedBy, Reason = first.Reason, Rank = first.Rank, Communicator = first.Communicator };

    private static string On(Communicator? communicator) =>
        communicator is null ? "" : $" on \"{communicator.Name}\" ({communicator.Size} ranks), rank {communicator.Rank}";

    /// <summary>Met when both have ended, or one of them badly.</summary>
    private readonly struct BothDone(Operation first, Operation second) : IWaitCondition
    {
        public bool IsMet => first.IsDone ? second.IsDone || first.Error is not null : second.IsDone && second.Error is not null;
    }
}
