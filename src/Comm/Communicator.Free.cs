namespace BoxerMpi;

// Ended with pending operations that still complete, as MPI_Comm_free does.
public partial class Communicator
{
    private TaskCompletionSource? _end;

    /// <summary>Whether it was freed and waits for operations to end. Guarded by the gate.</summary>
    internal bool IsFreed => _end is { Task.IsCompleted: false };

    /// <summary>
    /// Lets go of it: nothing new is begun on it from here on, and it ends when the operations of this rank that are pending have.
    /// </summary>
    /// <remarks>
    /// Returns at once and sends nothing; every member calls it once it has begun all that it wants to. Messages that this rank has not
    /// begun to receive when it ends are dropped. Disposing it afterwards does nothing. MPI 4.1 §7.4.3, MPI_Comm_free.
    /// </remarks>
    public void Free()
    {
        // In one hold: a collective that goes on meanwhile must not find it disposed and not yet freed.
        lock (Messenger.Gate)
        {
            if (IsDisposed)
                return;
            Messenger.Free(this);
            Volatile.Write(ref _isDisposed, true);
        }

        foreach (Communicator part in Parts)
            part.Free();
    }

    /// <summary>As <see cref="Free"/>; the task ends when the pending operations have, however they ended.</summary>
    /// <param name="cancellationToken">Ends the waiting; the communicator stays freed.</param>
    public async ValueTask FreeAsync(CancellationToken cancellationToken = default)
    {
        Free();
        foreach (Communicator part in Parts)
            await part.FreeAsync(cancellationToken).ConfigureAwait(false);
        Task ended;
        lock (Messenger.Gate)
            ended = _end?.Task ?? Task.CompletedTask;
        await ended.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A collective that nobody blocks for has begun: the communicator stays until <see cref="EndCollective"/>.</summary>
    internal void BeginCollective()
    {
        Messenger.Engine.AssertGate();
        RunningCollectives++;
    }

    /// <summary>One that was begun has ended.</summary>
    internal void EndCollective()
    {
        Messenger.Engine.AssertGate();
        RunningCollectives--;
        Messenger.EndedOn(this);
    }

    /// <summary>
    /// For what is made of several collectives: until the result is disposed they are one, and go on though the communicator is freed.
    /// </summary>
    internal CollectiveScope EnterCollective()
    {
        lock (Messenger.Gate)
        {
            ThrowIfDisposed();
            BeginCollective();
        }

        return new CollectiveScope(this);
    }

    /// <summary>Ends when the operations that are pending have.</summary>
    internal void EndLater()
    {
        Messenger.Engine.AssertGate();
        _end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Has ended.</summary>
    internal void Ended()
    {
        Messenger.Engine.AssertGate();
        _end?.TrySetResult();
    }

    internal readonly struct CollectiveScope(Communicator communicator) : IDisposable
    {
        public void Dispose()
        {
            lock (communicator.Messenger.Gate)
                communicator.EndCollective();
        }
    }
}
