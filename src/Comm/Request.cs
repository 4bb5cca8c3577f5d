using BoxerMpi.Internal;
using BoxerMpi.Transport;

namespace BoxerMpi;

/// <summary>A send or receive that was started, for code that polls or waits for several. MPI 4.1 §3.7.</summary>
/// <remarks>
/// The buffer belongs to the operation until <see cref="IsCompleted"/>. Once its end has been told, by whichever call, the request
/// is inactive: calls for several requests pass over it as over null entries, so that each end is told once. <see cref="Wait"/> and
/// <see cref="Test(out Status)"/> of it alone repeat what was told.
/// </remarks>
public sealed partial class Request
{
    private readonly Communicator _communicator;

    /// <summary>Null once it has ended: the operation goes back to the pool then, whether somebody waits or not.</summary>
    private Operation? _operation;
    private Status _status = Status.Empty;

    /// <summary>Its place in the order in which the rank's requests have ended.</summary>
    private long _endedAs;

    internal Request(Communicator communicator, Operation? operation)
    {
        _communicator = communicator;
        if (operation is { IsDone: false })
        {
            _operation = operation;
            operation.Request = this;
            communicator.Messenger.Engine.CountAsynchronous(+1, urgent: false);
            return;
        }

        // Copied and gone, or ended already.
        _endedAs = communicator.Messenger.CountEndedRequest();
        if (operation is not null)
            Take(operation);
    }

    /// <summary>One that has ended before it began.</summary>
    internal Request(Communicator communicator, Status status)
    {
        _communicator = communicator;
        _status = status;
        lock (communicator.Messenger.Gate)
            _endedAs = communicator.Messenger.CountEndedRequest();
    }

    /// <summary>Whether it has ended, well or badly: the buffer is the caller's again.</summary>
    public bool IsCompleted => _operation is null;

    /// <summary>Whether its end is still to be told. It is until a call that waits or tests has told it.</summary>
    public bool IsActive { get; private set; } = true;

    /// <summary>Why it ended badly; null while it runs, and when it has ended well.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Moves bytes once and tells whether the operation has ended.</summary>
    /// <param name="status">What was received, when it has ended; for a send, nothing of use.</param>
    /// <exception cref="MpiException">It ended badly.</exception>
    public bool Test(out Status status)
    {
        lock (_communicator.Messenger.Gate)
        {
            status = default;
            if (!IsCompleted)
                _communicator.Messenger.Engine.Poll();
            if (!IsCompleted)
                return false;
            status = Tell();
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
            EndAll([this], _communicator.Messenger, limit);
            return Tell();
        }
    }

    /// <summary>
    /// Takes the operation back; a wait for it then throws <see cref="OperationCanceledException"/>. If its message has been matched already
    /// it is too late, and the operation ends as if nothing had been said.
    /// </summary>
    public void Cancel()
    {
        lock (_communicator.Messenger.Gate)
        {
            if (_operation is { } operation)
                operation.GiveUp(new OperationCanceledException($"{operation.Describe()} was cancelled."));
        }
    }

    /// <summary>Its operation has ended, and is given back with all that it holds.</summary>
    internal void Settle(Operation operation)
    {
        _communicator.Messenger.Engine.AssertGate();
        _communicator.Messenger.Engine.CountAsynchronous(-1);
        _endedAs = _communicator.Messenger.CountEndedRequest();
        _operation = null;
        Take(operation);
    }

    private void Take(Operation operation)
    {
        Error = operation.Error;
        if (Error is null)
            _status = operation.Outcome();
        _communicator.Messenger.Pool.ReturnAny(operation);
    }

    private Status Tell()
    {
        IsActive = false;
        return Error is null ? _status : throw Error;
    }
}
