using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>One thread that does all of a rank's rendezvous: it waits for sockets, for its timers and for what others post.</summary>
/// <remarks>
/// Everything that hangs on it is plain state machines, called on its thread only, without locks. No tasks and no thread pool:
/// a rank that starts compiles each method that it runs, and waits with the others for a core.
/// </remarks>
internal sealed class Reactor
{
    private const int StackBytes = 256 * 1024;

    private readonly ReactorPoller _poller = ReactorPoller.Create();
    private readonly TimerHeap _timers = new();
    private readonly TimeProvider _time;
    private readonly Action<Exception> _onFault;
    private readonly Action _onEnd;

    // Protects what is posted from other threads.
    private readonly Lock _gate = new();
    private List<Action> _posted = [];
    private List<Action> _running = [];
    private bool _isStopping;

    /// <param name="time">The clock.</param>
    /// <param name="name">Of the thread.</param>
    /// <param name="onFault">Takes what a handler threw and nobody expects; the reactor then ends.</param>
    /// <param name="onEnd">Called last on the reactor's thread.</param>
    /// <exception cref="DescriptorShortageException">There are no descriptors for it.</exception>
    public Reactor(TimeProvider time, string name, Action<Exception> onFault, Action onEnd)
    {
        _time = time;
        _onFault = onFault;
        _onEnd = onEnd;
        try
        {
            StartedThread.Of(name, StackBytes, Run);
        }
        catch (DescriptorShortageException)
        {
            _poller.Dispose();
            throw;
        }
    }

    public long Now => _time.GetTimestamp();

    public TimeSpan Since(long timestamp) => _time.GetElapsedTime(timestamp);

    /// <summary>Has something done on the reactor's thread; any thread may call it.</summary>
    /// <returns><see langword="false"/> when the reactor has ended.</returns>
    public bool Post(Action action)
    {
        lock (_gate)
        {
            if (_isStopping)
                return false;
            _posted.Add(action);
            if (_posted.Count > 1)
                return true; // it has been woken already
        }

        _poller.Wake();
        return true;
    }

    /// <summary>Has something done after a time; on the reactor's thread only.</summary>
    public ReactorTimer After(TimeSpan delay, Action action)
    {
        ReactorTimer timer = new(_timers, action)
        {
            Due = _time.GetTimestamp() + (long)(Math.Max(0, delay.TotalSeconds) * _time.TimestampFrequency),
        };
        _timers.Add(timer);
        return timer;
    }

    /// <summary>From now on the target hears when the socket can be read, and written if it is to be.</summary>
    public void Watch(NetSocket socket, IReadinessTarget target, bool write)
    {
        bool isNew = socket.Target is null;
        socket.Target = target;
        if (isNew)
            _poller.Add(socket, write);
        else
            _poller.Change(socket, write);
    }

    public void Unwatch(NetSocket socket)
    {
        if (socket.Target is null)
            return;
        socket.Target = null;
        _poller.Remove(socket);
    }

    /// <summary>Ends the thread after what it does now; on the reactor's thread only.</summary>
    public void Stop()
    {
        lock (_gate)
            _isStopping = true;
    }

    private void Run()
    {
        try
        {
            while (!_isStopping)
            {
                RunPosted();
                if (!_isStopping)
                    _poller.Wait(RunTimers());
            }
        }
#pragma warning disable CA1031 // nobody else could tell
        catch (Exception error)
#pragma warning restore CA1031
        {
            Stop();
            _onFault(error);
        }

        _poller.Dispose();
        _onEnd();
    }

    private void RunPosted()
    {
        lock (_gate)
            (_running, _posted) = (_posted, _running);
        foreach (Action action in _running)
            action();
        _running.Clear();
    }

    /// <returns>Milliseconds until the next one, or -1.</returns>
    private int RunTimers()
    {
        while (_timers.First is { } first && !_isStopping)
        {
            long wait = first.Due - _time.GetTimestamp();
            if (wait > 0)
                return (int)Math.Min(int.MaxValue, (wait * 1000 / _time.TimestampFrequency) + 1);
            _timers.Remove(first);
            first.Run();
        }

        return -1;
    }
}
