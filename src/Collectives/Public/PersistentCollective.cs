using System.Buffers;
using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

/// <summary>A collective that is planned once, with its buffers, and started many times without planning or allocating anything.</summary>
/// <remarks>
/// All ranks prepare it at the same point of their order of collectives, and start it as they would call the collective. From a start
/// to its end the buffers are the library's. One start at a time; used by one thread at a time. MPI 4.1 §6.13.
/// </remarks>
/// <example>
/// <code>
/// using PersistentCollective sum = world.PrepareAllReduce&lt;double&gt;(gradient, ReduceOp&lt;double&gt;.Sum);
/// for (int step = 0; step &lt; 1000; step++)
/// {
///     Compute(gradient);
///     sum.Start();
///     ComputeSomethingElse();
///     sum.Wait();
/// }
/// </code>
/// </example>
public sealed class PersistentCollective : IDisposable
{
    private readonly CollectiveEngine _engine;
    private readonly PlanKey _key;
    private readonly Schedule _schedule;
    private readonly ReduceOp? _op;
    private readonly Type? _type;
    private MemoryHandle _send;
    private MemoryHandle _receive;
    private RunningSchedule? _call;
    private State _state;

    internal PersistentCollective(
        CollectiveEngine engine, in PlanKey key, MemoryHandle send, MemoryHandle receive, ReduceOp? op, Type? type)
    {
        (_engine, _key, _send, _receive, _op, _type) = (engine, key, send, receive, op, type);
        try
        {
            _schedule = engine.Prepare(key);
        }
        catch
        {
            _send.Dispose();
            _receive.Dispose();
            throw;
        }
    }

    private enum State
    {
        Idle,
        Started,
        Running,
        Disposed,
    }

    /// <summary>Whether it was started and its end was not yet waited for.</summary>
    public bool IsActive => _state is State.Started or State.Running;

    private unsafe nint SendAddress => (nint)_send.Pointer;

    private unsafe nint ReceiveAddress => (nint)_receive.Pointer;

    /// <summary>Starts it and returns; it moves on by itself, and <see cref="Wait"/> waits for its end.</summary>
    /// <exception cref="InvalidOperationException">It is active already.</exception>
    /// <exception cref="MpiException">A rank was lost, or the communicator is revoked.</exception>
    public void Start()
    {
        CheckIdle();
        _call = _engine.Start(_schedule, _key, SendAddress, ReceiveAddress, _op, _type);
        _state = State.Started;
    }

    /// <summary>Waits for the end of what <see cref="Start"/> began; returns at once when nothing was started.</summary>
    /// <exception cref="InvalidOperationException">It was started by <see cref="StartAsync"/>: await that.</exception>
    /// <exception cref="MpiTimeoutException">Others did not start it in time; the communicator is revoked.</exception>
    /// <exception cref="PeerFailedException">A rank was lost.</exception>
    public void Wait()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (_state == State.Idle)
            return;
        if (_state == State.Running)
            throw new InvalidOperationException($"The persistent {_key.Collective} was started by StartAsync: await its task.");
        (RunningSchedule call, _call, _state) = (_call!, null, State.Idle);
        _engine.Finish(call);
    }

    /// <summary>Starts it and waits for its end.</summary>
    /// <inheritdoc cref="Wait"/>
    public void Run()
    {
        Start();
        Wait();
    }

    /// <summary>Starts it; the task ends when it is done.</summary>
    /// <param name="cancellationToken">Gives it up and revokes the communicator.</param>
    /// <exception cref="InvalidOperationException">It is active already.</exception>
    /// <exception cref="MpiException">A rank was lost, or the communicator is revoked.</exception>
    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask StartAsync(CancellationToken cancellationToken = default)
    {
        CheckIdle();
        _state = State.Running;
        try
        {
            await _engine.StartAsync(_schedule, _key, SendAddress, ReceiveAddress, _op, _type, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _state = State.Idle;
        }
    }

    /// <summary>Lets go of the buffers. What was started and not waited for is given up, and the communicator revoked.</summary>
    /// <exception cref="InvalidOperationException">A task of <see cref="StartAsync"/> has not ended.</exception>
    public void Dispose()
    {
        if (_state == State.Disposed)
            return;
        if (_state == State.Running)
            throw new InvalidOperationException($"The persistent {_key.Collective} is running: await its task before it is disposed.");
        if (_state == State.Started)
            _engine.Abandon(_call!);
        _state = State.Disposed;
        _send.Dispose();
        _receive.Dispose();
    }

    /// <summary>Which collective it is, and whether it is active.</summary>
    public override string ToString() => $"persistent {_key.Collective}{(IsActive ? ", active" : "")}";

    private void CheckIdle()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (IsActive)
            throw new InvalidOperationException($"The persistent {_key.Collective} is active: wait for its end before the next start.");
    }
}
