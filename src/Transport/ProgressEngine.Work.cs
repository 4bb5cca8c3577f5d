namespace BoxerMpi.Transport;

// What follows on operations that have ended. Short work runs under the gate, between two steps of the thread that drives. The rest is
// lent out: to a thread that blocks in a call of this rank, which has nothing else to do, or else to the thread pool. Whoever drives is
// then nobody or another thread, so work that is lent may take its time and may itself call the library.
internal sealed unsafe partial class ProgressEngine : IThreadPoolWorkItem
{
    private readonly Queue<EngineWork> _ready = new();
    private readonly Queue<EngineWork> _lent = new();
    private int _handedOut;
    private bool _isPolling;

    private bool HasFollowUps => _ready.Count + _lent.Count > 0;

    /// <summary>Work goes on as soon as the thread that drives is done with its step.</summary>
    public void Continue(EngineWork work)
    {
        AssertGate();
        _ready.Enqueue(work);
        if (_isPolling)
            return;
        if (_driver == Driver.None)
            ArmBackground(urgent: true);
        else if (_sleepers > 0)
            _poller.Wake();
    }

    /// <summary>Lets <see cref="EngineWork.RunLent"/> run soon, without the gate.</summary>
    /// <returns>Whether it will; not when the engine has ended.</returns>
    public bool TryLend(EngineWork work)
    {
        AssertGate();
        if (_disposed)
            return false;
        _lent.Enqueue(work);
        if (_driver != Driver.Caller)
            HandOutLent();
        else if (_sleepers > 0)
            _poller.Wake();
        return true;
    }

    /// <summary>A thread of the pool takes what no blocked thread has taken.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        lock (Gate)
        {
            _handedOut--;
            if (_lent.TryDequeue(out EngineWork? work))
                RunLent(work);
        }
    }

    private void HandOutLent()
    {
        for (; _handedOut < _lent.Count; _handedOut++)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Leaves the gate for as long as the work runs.</summary>
    private void RunLent(EngineWork work)
    {
        Monitor.Exit(Gate);
        try
        {
            work.RunLent();
        }
        finally
        {
            Monitor.Enter(Gate);
        }

        FlushCollected();
    }

    private void ContinueReady()
    {
        while (_ready.TryDequeue(out EngineWork? work))
            work.Continue();
    }

    private void StepAndContinue()
    {
        _isPolling = true;
        try
        {
            Step();
            ContinueReady();
        }
        finally
        {
            _isPolling = false;
        }

        HandOutLent();
    }

    /// <summary>The engine has ended, and with it every operation: work that waits for its turn ends too.</summary>
    private void EndFollowUps()
    {
        do
        {
            ContinueReady();
            while (_lent.TryDequeue(out EngineWork? work))
                work.Continue();
        }
        while (HasFollowUps);
    }
}
