using BoxerMpi.Internal;
using BoxerMpi.Transport;

namespace BoxerMpi;

// Calls for several requests. Entries that are null, and requests whose end was told before, are passed over.
public sealed partial class Request
{
    /// <summary>The index of no request, where none is active. MPI_UNDEFINED.</summary>
    public const int Undefined = Group.Undefined;

    /// <summary>Waits for all, in any order.</summary>
    /// <returns>Their results, in the order of the requests; <see cref="Status.Empty"/> for null and for what had failed before.</returns>
    /// <inheritdoc cref="WaitAll(ReadOnlySpan{Request}, TimeSpan?)"/>
    public static Status[] WaitAll(params ReadOnlySpan<Request?> requests) => WaitAll(requests, timeout: null);

    /// <summary>Waits for all, in any order. All belong to one rank. MPI 4.1 §3.7.5.</summary>
    /// <param name="requests">Requests; null entries are allowed.</param>
    /// <param name="timeout">
    /// How long for all together; the first communicator's timeout when null. What has not ended is then withdrawn.
    /// </param>
    /// <returns>Their results, in the order of the requests; <see cref="Status.Empty"/> for null and for what had failed before.</returns>
    /// <remarks>
    /// It returns or throws when all have ended, however many failed. As with tasks, one error is thrown (the first one in the order of the
    /// requests; a timeout only when nothing else failed, a cancellation when no wait timed out either), and
    /// <see cref="Error"/> of each request tells which failed and why.
    /// </remarks>
    /// <exception cref="MpiException">At least one ended badly or not in time.</exception>
    public static Status[] WaitAll(ReadOnlySpan<Request?> requests, TimeSpan? timeout)
    {
        if (FirstActive(requests) is not { } first)
            return TellAll(requests);
        TimeSpan limit = first._communicator.TimeoutOr(timeout);
        lock (first._communicator.Messenger.Gate)
        {
            EndAll(requests, first._communicator.Messenger, limit);
            return TellAll(requests);
        }
    }

    /// <summary>Waits until one has ended. All belong to one rank. MPI 4.1 §3.7.5.</summary>
    /// <param name="requests">Requests; null entries are allowed.</param>
    /// <param name="timeout">How long; the first communicator's timeout when null. Nothing is withdrawn.</param>
    /// <returns>
    /// The index of the one that ended first of those that have ended, and its result; <see cref="Undefined"/> when none is active.
    /// </returns>
    /// <remarks>The one that is told becomes inactive, also by its error, and is passed over by the next call.</remarks>
    /// <exception cref="MpiException">
    /// The one that ended first ended badly, which its <see cref="Error"/> tells; or none ended in time.
    /// </exception>
    public static (int Index, Status Status) WaitAny(ReadOnlySpan<Request?> requests, TimeSpan? timeout = null)
    {
        if (FirstActive(requests) is not { } first)
            return (Undefined, Status.Empty);
        TimeSpan limit = first._communicator.TimeoutOr(timeout);
        lock (first._communicator.Messenger.Gate)
        {
            WaitForOne(requests, first._communicator, "WaitAny", limit);
            return TellEarliest(requests);
        }
    }

    /// <summary>Waits until at least one has ended. All belong to one rank. MPI 4.1 §3.7.5.</summary>
    /// <param name="requests">Requests; null entries are allowed.</param>
    /// <param name="timeout">How long; the first communicator's timeout when null. Nothing is withdrawn.</param>
    /// <returns>All that have ended, in the order in which they did; none when none is active.</returns>
    /// <remarks>An error makes only its own request inactive: the others that have ended are told by the next call.</remarks>
    /// <exception cref="MpiException">One ended badly, which its <see cref="Error"/> tells; or none ended in time.</exception>
    public static (int Index, Status Status)[] WaitSome(ReadOnlySpan<Request?> requests, TimeSpan? timeout = null)
    {
        if (FirstActive(requests) is not { } first)
            return [];
        TimeSpan limit = first._communicator.TimeoutOr(timeout);
        lock (first._communicator.Messenger.Gate)
        {
            WaitForOne(requests, first._communicator, "WaitSome", limit);
            return TellEnded(requests);
        }
    }

    /// <summary>Moves bytes once and tells whether all have ended. All belong to one rank. MPI 4.1 §3.7.5.</summary>
    /// <param name="requests">Requests; null entries are allowed.</param>
    /// <param name="statuses">As <see cref="WaitAll(ReadOnlySpan{Request}, TimeSpan?)"/> returns them, when all have ended.</param>
    /// <returns>Whether all have ended. If not, all that were active still are.</returns>
    /// <exception cref="MpiException">
    /// All have ended, at least one badly; <see cref="Error"/> of each request tells which and why.
    /// </exception>
    public static bool TestAll(ReadOnlySpan<Request?> requests, out Status[] statuses)
    {
        statuses = [];
        if (FirstActive(requests) is { } first)
        {
            lock (first._communicator.Messenger.Gate)
            {
                AllEnded all = new(requests);
                if (!all.IsMet)
                    first._communicator.Messenger.Engine.Poll();
                if (!all.IsMet)
                    return false;
            }
        }

        statuses = TellAll(requests);
        return true;
    }

    /// <summary>Moves bytes if none has ended, and tells one that has. All belong to one rank. MPI 4.1 §3.7.5.</summary>
    /// <param name="requests">Requests; null entries are allowed.</param>
    /// <param name="index">As <see cref="WaitAny"/> returns it; <see cref="Undefined"/> also when none has ended.</param>
    /// <param name="status">Its result.</param>
    /// <returns>Whether one has ended, or none is active.</returns>
    /// <exception cref="MpiException">The one that ended first ended badly, which its <see cref="Error"/> tells.</exception>
    public static bool TestAny(ReadOnlySpan<Request?> requests, out int index, out Status status)
    {
        (index, status) = (Undefined, Status.Empty);
        if (FirstActive(requests) is not { } first)
            return true;
        lock (first._communicator.Messenger.Gate)
        {
            if (!LookForOne(requests, first._communicator.Messenger))
                return false;
            (index, status) = TellEarliest(requests);
            return true;
        }
    }

    /// <summary>Moves bytes if none has ended, and tells all that have. All belong to one rank. MPI 4.1 §3.7.5.</summary>
    /// <param name="requests">Requests; null entries are allowed.</param>
    /// <param name="ended">As <see cref="WaitSome"/> returns them.</param>
    /// <returns>Whether at least one has ended, or none is active.</returns>
    /// <exception cref="MpiException">One ended badly, which its <see cref="Error"/> tells; only this one is then inactive.</exception>
    public static bool TestSome(ReadOnlySpan<Request?> requests, out (int Index, Status Status)[] ended)
    {
        ended = [];
        if (FirstActive(requests) is not { } first)
            return true;
        lock (first._communicator.Messenger.Gate)
        {
            if (!LookForOne(requests, first._communicator.Messenger))
                return false;
            ended = TellEnded(requests);
            return true;
        }
    }

    private static Request? FirstActive(ReadOnlySpan<Request?> requests)
    {
        Request? first = null;
        foreach (Request? request in requests)
        {
            if (request is not { IsActive: true })
                continue;
            first ??= request;
            if (request._communicator.Messenger != first._communicator.Messenger)
            {
                throw new ArgumentException(
                    "The requests belong to several ranks of this process; each rank waits for its own.", nameof(requests));
            }
        }

        return first;
    }

    /// <summary>Waits until all have ended; at the deadline takes back what has not.</summary>
    private static void EndAll(ReadOnlySpan<Request?> requests, Messenger messenger, TimeSpan timeout)
    {
        messenger.Engine.AssertGate();
        AllEnded all = new(requests);
        if (all.IsMet && !messenger.Engine.HasCollectedOutput)
            return;
        if (messenger.Engine.Wait(ref all, timeout))
            return;
        foreach (Request? request in requests)
        {
            if (request?._operation is { } operation)
                operation.GiveUp(messenger.Errors.TimedOut(operation, timeout));
        }
    }

    private static void WaitForOne(ReadOnlySpan<Request?> requests, Communicator communicator, string operation, TimeSpan timeout)
    {
        OneEnded one = new(requests);
        if (one.IsMet)
            communicator.Messenger.LookAround();
        if (communicator.Messenger.Engine.Wait(ref one, timeout) || one.IsMet)
            return;
        throw new MpiTimeoutException(
            $"None of {requests.Length} requests ended within {timeout.TotalSeconds:F1} s on rank {communicator.Rank}.")
        {
            Rank = communicator.Rank,
            Operation = operation,
            Communicator = communicator.Name,
            Elapsed = timeout,
            Deadline = timeout,
        };
    }

    private static bool LookForOne(ReadOnlySpan<Request?> requests, Messenger messenger)
    {
        OneEnded one = new(requests);
        if (one.IsMet)
            messenger.LookAround();
        else
            messenger.Engine.Poll();
        return one.IsMet;
    }

    /// <summary>Tells the one that ended first, so that none of them waits for ever. The caller holds the gate.</summary>
    private static (int Index, Status Status) TellEarliest(ReadOnlySpan<Request?> requests)
    {
        int earliest = -1;
        for (int i = 0; i < requests.Length; i++)
        {
            if (requests[i] is { IsActive: true, IsCompleted: true } request &&
                (earliest < 0 || request._endedAs < requests[earliest]!._endedAs))
            {
                earliest = i;
            }
        }

        // Another thread has told it meanwhile.
        return earliest < 0 ? (Undefined, Status.Empty) : (earliest, requests[earliest]!.Tell());
    }

    private static (int Index, Status Status)[] TellEnded(ReadOnlySpan<Request?> requests)
    {
        List<(long EndedAs, int Index)> ended = [];
        for (int i = 0; i < requests.Length; i++)
        {
            if (requests[i] is not { IsActive: true, IsCompleted: true } request)
                continue;
            if (request.Error is not null)
                request.Tell();
            ended.Add((request._endedAs, i));
        }

        ended.Sort();
        (int Index, Status Status)[] told = new (int, Status)[ended.Count];
        for (int i = 0; i < told.Length; i++)
            told[i] = (ended[i].Index, requests[ended[i].Index]!.Tell());
        return told;
    }

    private static Status[] TellAll(ReadOnlySpan<Request?> requests)
    {
        Status[] statuses = new Status[requests.Length];
        Exception? gravest = null;
        for (int i = 0; i < requests.Length; i++)
        {
            statuses[i] = requests[i]?._status ?? Status.Empty;
            if (requests[i] is not { IsActive: true } request)
                continue;
            request.IsActive = false;
            if (request.Error is { } error && (gravest is null || Gravity(error) > Gravity(gravest)))
                gravest = error;
        }

        return gravest is null ? statuses : throw gravest;
    }

    /// <summary>A timeout may follow from another one's failure, and a cancellation is the caller's wish.</summary>
    private static int Gravity(Exception error) => error switch
    {
        OperationCanceledException => 0,
        MpiTimeoutException => 1,
        _ => 2,
    };

    /// <summary>Met when all have ended. Those at the front that have are not looked at again.</summary>
    private ref struct AllEnded(ReadOnlySpan<Request?> requests) : IWaitCondition
    {
        private readonly ReadOnlySpan<Request?> _requests = requests;
        private int _ended;

        public bool IsMet
        {
            get
            {
                while (_ended < _requests.Length && _requests[_ended] is not { IsCompleted: false })
                    _ended++;
                return _ended == _requests.Length;
            }
        }
    }

    /// <summary>Met when one has ended that nobody was told of, or when there is none to wait for.</summary>
    private readonly ref struct OneEnded(ReadOnlySpan<Request?> requests) : IWaitCondition
    {
        private readonly ReadOnlySpan<Request?> _requests = requests;

        public bool IsMet
        {
            get
            {
                bool waits = false;
                foreach (Request? request in _requests)
                {
                    if (request is not { IsActive: true })
                        continue;
                    if (request.IsCompleted)
                        return true;
                    waits = true;
                }

                return !waits;
            }
        }
    }
}
