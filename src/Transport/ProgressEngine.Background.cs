namespace BoxerMpi.Transport;

// One thread per engine that drives when nobody else does: asynchronous operations, bursts that nobody waited for, relaying.
internal sealed unsafe partial class ProgressEngine
{
    // While callers drive, or may soon, the thread only looks by now and then; this is how long a collected send may stay.
    private const int TickMilliseconds = 1;

    // Ticks without work before the thread parks, so that a program that sends in bursts does not pay for waking it each time.
    private const int IdleTicks = 50;

    // After its work is done the thread keeps driving for a moment: programs that await in a loop come back at once.
    private static readonly TimeSpan Linger = TimeSpan.FromMicroseconds(300);

    private readonly object _backgroundGate = new();
    private Thread? _background;
    private ParkState _parked;
    private bool _backgroundWoken;
    private bool _stopping;
    private int _asynchronousOperations;
    private bool _alwaysProgress;

    /// <summary>Operations that nobody blocks for and that have not ended.</summary>
    public int AsynchronousOperations => _asynchronousOperations;

    private enum ParkState
    {
        Running,
        Ticking,
        Idle,
    }

    private bool HasBackgroundWork => _asynchronousOperations > 0 || _dirty.Count > 0 || _alwaysProgress || _ready.Count > 0;

    /// <summary>Keep moving bytes even when no operation of this rank is pending: it relays for others.</summary>
    public void ProgressAlways()
    {
        lock (Gate)
        {
            _alwaysProgress = true;
            ArmBackground();
        }
    }

    /// <summary>An operation whose caller does not block was started (+1) or has ended (-1).</summary>
    /// <param name="change">+1 or -1.</param>
    /// <param name="urgent">Somebody awaits it now; else the caller is likely to come back and drive.</param>
    public void CountAsynchronous(int change, bool urgent = true)
    {
        AssertGate();
        _asynchronousOperations += change;
        if (change > 0 && _driver == Driver.None)
            ArmBackground(urgent);
    }

    private void ArmBackground(bool urgent = false)
    {
        if (_stopping)
            return;
        if (_background is null)
        {
            _background = StartedThread.Of("BoxerMPI progress", 256 * 1024, BackgroundLoop);
        }
        else if (_parked == ParkState.Idle || (urgent && _parked == ParkState.Ticking))
        {
            lock (_backgroundGate)
            {
                _backgroundWoken = true;
                Monitor.Pulse(_backgroundGate);
            }
        }
    }

    private void StopBackground()
    {
        _stopping = true;
        if (_driver == Driver.Background)
            _driver = Driver.None;
        if (_sleepers > 0)
            _poller.Wake();
        lock (_backgroundGate)
        {
            _backgroundWoken = true;
            Monitor.Pulse(_backgroundGate);
        }
    }

    private void BackgroundLoop()
    {
        int idle = 0;
        long lastEpoch = -1;
        Monitor.Enter(Gate);
        while (!_stopping)
        {
            bool callersAreActive = _driver != Driver.None || Epoch != lastEpoch;
            lastEpoch = Epoch;
            if (!HasBackgroundWork && ++idle > IdleTicks)
            {
                Park(Timeout.Infinite);
                idle = 0;
            }
            else if (_asynchronousOperations > 0 ? _driver != Driver.None : callersAreActive || !HasBackgroundWork)
            {
                Park(TickMilliseconds);
            }
            else
            {
                idle = 0;
                _driver = Driver.Background;
                BackgroundWork done = new(this, wanted: false);
                BackgroundWork more = new(this, wanted: true);
                WaitLimit never = new(Timeout.InfiniteTimeSpan);
                WaitLimit linger;
                do
                {
                    Drive(ref done, ref never, Driver.Background);
                    linger = new(Linger);
                }
                while (Drive(ref more, ref linger, Driver.Background) && !_stopping && _driver == Driver.Background);

                if (_driver == Driver.Background)
                    _driver = Driver.None;
                if (_waitingThreads > 0)
                    Monitor.PulseAll(Gate);
            }
        }

        Monitor.Exit(Gate);
    }

    private void Park(int milliseconds)
    {
        _parked = milliseconds == Timeout.Infinite ? ParkState.Idle : ParkState.Ticking;
        Monitor.Exit(Gate);
        lock (_backgroundGate)
        {
            if (!_backgroundWoken)
                Monitor.Wait(_backgroundGate, milliseconds);
            _backgroundWoken = false;
        }

        Monitor.Enter(Gate);
        _parked = ParkState.Running;
    }

    /// <summary>Whether there is (or is no more) work for the background thread.</summary>
    private readonly struct BackgroundWork(ProgressEngine engine, bool wanted) : IWaitCondition
    {
        public bool IsMet => engine._stopping || engine.HasBackgroundWork == wanted;
    }
}
