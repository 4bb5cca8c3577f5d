using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

// Communicators that end when their pending operations have.
internal sealed unsafe partial class Messenger
{
    private List<Communicator>? _freed;
    private EngineWork? _closeFreed;
    private bool _isClosing;

    /// <summary>Ends a communicator as soon as none of its operations is pending.</summary>
    public void Free(Communicator communicator)
    {
        lock (Gate)
        {
            if (_disposed || !_communicators.ContainsKey(communicator.Identity))
                return;
            if (!HasPending(communicator))
            {
                Close(communicator);
                return;
            }

            communicator.EndLater();
            (_freed ??= []).Add(communicator);
        }
    }

    /// <summary>An operation of a communicator has ended.</summary>
    public void EndedOn(Communicator communicator)
    {
        Engine.AssertGate();
        if (!communicator.IsFreed || _isClosing)
            return;

        // Not here: whoever ends an operation is in the middle of something, and what is dropped with a communicator ends others.
        _isClosing = true;
        Engine.Continue(_closeFreed ??= new FreedCloser(this));
    }

    private void CloseFreed()
    {
        _isClosing = false;
        for (int i = (_freed?.Count ?? 0) - 1; i >= 0; i--)
        {
            Communicator communicator = _freed![i];
            if (HasPending(communicator))
                continue;
            _freed.RemoveAt(i);
            if (!_disposed)
                Close(communicator);
            communicator.Ended();
        }

        if (_freed?.Count == 0)
            _freed = null;
    }

    /// <summary>The rank ends, and with it what communicators wait for.</summary>
    private void EndFreed()
    {
        foreach (Communicator communicator in _freed ?? [])
            communicator.Ended();
        _freed = null;
    }

    private sealed class FreedCloser(Messenger messenger) : EngineWork
    {
        public override void Continue() => messenger.CloseFreed();

        public override void RunLent() => throw new InvalidOperationException("It is never lent.");
    }
}
