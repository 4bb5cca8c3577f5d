namespace BoxerMpi.Transport;

/// <summary>A clock that stands still while this process is stopped: by a signal, a frozen control group or a machine that sleeps.</summary>
/// <remarks>
/// Whoever measures how long others have been silent, or how long something may take, uses it: after a stop nobody is late. A thread
/// looks at the clock each second; when two looks, whoever's, are much further apart than that, the process did not run in between.
/// </remarks>
internal sealed class RunningTime : TimeProvider
{
    private const int ThreadStackBytes = 64 * 1024;

    /// <summary>How often somebody looks; that much of a stop counts.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    // A busy machine may let a thread wait for its turn, though hardly so long; if it does, limits are longer than they say.
    private static readonly TimeSpan LongestGap = 2 * Tick;

    private readonly TimeProvider _time;
    private readonly long _gapTimestamps;
    private readonly long _tickTimestamps;

    // Protects the two below; nothing is called under it but the clock.
    private readonly Lock _gate = new();
    private long _seen;
    private long _stopped;

    /// <param name="time">The clock that runs on.</param>
    public RunningTime(TimeProvider time)
    {
        _time = time;
        _gapTimestamps = (long)(LongestGap.TotalSeconds * time.TimestampFrequency);
        _tickTimestamps = (long)(Tick.TotalSeconds * time.TimestampFrequency);
        _seen = time.GetTimestamp();
    }

    /// <summary>This process's own, with a thread that ticks.</summary>
    public static RunningTime Instance { get; } = StartTicking();

    /// <summary>Called with each tick; short and without exceptions.</summary>
    public event Action? Ticked;

    /// <summary>For how long it has been stopped, as far as is known, in timestamps; <see cref="GetTimestamp"/> finds out.</summary>
    public long Stopped => Volatile.Read(ref _stopped);

    public override long TimestampFrequency => _time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _time.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => _time.GetUtcNow();

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            long now = _time.GetTimestamp(), gap = now - _seen;
            if (gap > _gapTimestamps)
                Volatile.Write(ref _stopped, _stopped + gap - _tickTimestamps);
            _seen = now;
            return now - _stopped;
        }
    }

    /// <summary>A timer that is not due earlier for a stop.</summary>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        period == Timeout.InfiniteTimeSpan
            ? new RunningTimer(this, callback, state, dueTime)
            : _time.CreateTimer(callback, state, dueTime, period);

    private static RunningTime StartTicking()
    {
        RunningTime running = new(System);
        new Thread(running.TickForEver, ThreadStackBytes) { IsBackground = true, Name = "BoxerMPI clock" }.Start();
        return running;
    }

    private void TickForEver()
    {
        using ManualResetEventSlim never = new(false, spinCount: 0);
        while (true)
        {
            never.Wait(Tick);
            GetTimestamp();
            Ticked?.Invoke();
        }
    }

    /// <summary>Fires once, when its time is over on the running clock.</summary>
    private sealed class RunningTimer : ITimer
    {
        private readonly RunningTime _running;
        private readonly TimerCallback _callback;
        private readonly object? _state;

        // Protects the two below.
        private readonly Lock _gate = new();
        private readonly ITimer _timer;
        private long _due = long.MaxValue;

        public RunningTimer(RunningTime running, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            (_running, _callback, _state) = (running, callback, state);
            _timer = running._time.CreateTimer(
                static timer => ((RunningTimer)timer!).OnTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
                throw new NotSupportedException("A timer that fires once stays one.");
            lock (_gate)
            {
                _due = dueTime == Timeout.InfiniteTimeSpan
                    ? long.MaxValue
                    : _running.GetTimestamp() + (long)(dueTime.TotalSeconds * _running.TimestampFrequency);
                return _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }

        public void Dispose() => _timer.Dispose();

        public ValueTask DisposeAsync() => _timer.DisposeAsync();

        private void OnTime()
        {
            lock (_gate)
            {
                if (_due == long.MaxValue)
                    return;
                long left = _due - _running.GetTimestamp();
                if (left > 0)
                {
                    // In whole milliseconds, as timers count, and not one too few.
                    TimeSpan rest = TimeSpan.FromMilliseconds(Math.Ceiling(left * 1000.0 / _running.TimestampFrequency));
                    _timer.Change(rest, Timeout.InfiniteTimeSpan);
                    return;
                }

                _due = long.MaxValue;
            }

            _callback(_state);
        }
    }
}
