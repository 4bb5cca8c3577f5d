using BoxerMpi.Internal;
using BoxerMpi.Transport;

namespace BoxerMpi;

/// <summary>A send or receive that was started, for code that polls or waits for several. MPI 4.1 §3.7.</summary>
/// <remarks>The buffer belongs to the operation until <see cref="Wait"/> returns or <see cref="Test(out Status)"/> says true.</remarks>
public sealed class Request
{
    private readonly Communicator _communicator;
    private Operation? _operation;
    private Status _status;
    private Exception? _error;

    internal Request(Communicator communicator, Operation? operation)
    {
        _communicator = communicator;
        _operation = operation;
        if (operation is null)
            return;
        if (operation.IsDone)
            Settle();
        else
            communicator.Messenger.Engine.CountAsynchronous(+1, urgent: false);
    }

    /// <summary>One that has ended before it began.</summary>
    internal Request(Communicator communicator, Status status) => (_communicator, _status) = (communicator, status);

    /// <summary>Whether it has ended, as far as was seen by the last call.</summary>
    public bool IsCompleted => _operation is null;

    /// <summary>Moves bytes once and tells whether the operation has ended.</summary>
    /// <param name="status">What was received, when it has ended; for a send, nothing of use.</param>
    /// <exception cref="MpiException">It ended badly.</exception>
    public bool Test(out Status status)
    {
        lock (_communicator.Messenger.Gate)
        {
            if (_operation is { IsDone: false })
                _communicator.Messenger.Engine.Poll();
            status = default;
            if (_operation is { IsDone: false })
                return false;
            status = Result();
            return true;
        }
    }

    /// <summary>Waits until the operation has ended.</summary>
    /// <param name="timeout">How long; the communicator's timeout when null. Afterwards the operation is withdrawn.</param>
    /// <returns>What was received; for a send, nothing of use.</returns>
    /// <exception cref="MpiException">It ended badly or not in time.</exception>
    public Status Wait(TimeSpan? timeout = null)
    {
        TimeSpan limit = _communicator.TimeoutOr(timeout);
        lock (_communicator.Messenger.Gate)
        {
            if (_operation is not null)
                _communicator.Messenger.WaitFor(_operation, limit);
            return Result();
        }
    }

    /// <summary>Takes the operation back if it has not ended.</summary>
    public void Cancel()
    {
        lock (_communicator.Messenger.Gate)
        {
            if (_operation is not { IsDone: false } operation)
                return;
            operation.Withdraw();
            operation.Complete(default, new OperationCanceledException($"{operation.Describe()} was cancelled."));
            SettlePending();
        }
    }

    /// <summary>Waits for all, in any order.</summary>
    /// <returns>Their results, in the order of the requests.</returns>
    public static Status[] WaitAll(params ReadOnlySpan<Request> requests)
    {
        Status[] results = new Status[requests.Length];
        for (int i = 0; i < requests.Length; i++)
            results[i] = requests[i].Wait();
        return results;
    }

    /// <summary>Waits until one has ended. All belong to one job.</summary>
    /// <param name="requests">At least one.</param>
    /// <param name="timeout">How long; the first communicator's timeout when null.</param>
    /// <returns>The index of one that has ended, and its result.</returns>
    public static (int Index, Status Status) WaitAny(IReadOnlyList<Request> requests, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(requests);
        if (requests.Count == 0)
            throw new ArgumentException("There is nothing to wait for.", nameof(requests));

        Communicator communicator = requests[0]._communicator;
        TimeSpan limit = communicator.TimeoutOr(timeout);
        lock (communicator.Messenger.Gate)
        {
            AnyDone any = new(requests);
            if (!communicator.Messenger.Engine.Wait(ref any, limit))
            {
                throw new MpiTimeoutException(
                    $"None of {requests.Count} requests ended within {limit.TotalSeconds:F1} s on rank {communicator.Rank}.")
                {
                    Rank = communicator.Rank,
                    Operation = "WaitAny",
                    Communicator = communicator.Name,
                    Deadline = limit,
                };
            }

            int index = 0;
            while (requests[index]._operation is { IsDone: false })
                index++;
            return (index, requests[index].Result());
        }
    }

    private Status Result()
    {
        if (_operation is { IsDone: true })
            SettlePending();
        return _error is null ? _status : throw _error;
    }

    private void SettlePending()
    {
        _communicator.Messenger.Engine.CountAsynchronous(-1);
        Settle();
    }

    private void Settle()
    {
        Operation operation = _operation!;
        _operation = null;
        _error = operation.Error;
        if (_error is null)
            _status = operation.Outcome();
        _communicator.Messenger.RecycleAny(operation);
    }

    private readonly struct AnyDone(IReadOnlyList<Request> requests) : IWaitCondition
    {
        public bool IsMet
        {
            get
            {
                for (int i = 0; i < requests.Count; i++)
                {
                    if (requests[i]._operation is not { IsDone: false })
                        return true;
                }

                return false;
            }
        }
    }
}
