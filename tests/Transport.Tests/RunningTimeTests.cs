using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>The clock that does not count the time in which the process was stopped.</summary>
public sealed class RunningTimeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_stop_counts_as_one_tick()
    {
        ManualTime outside = new();
        RunningTime running = new(outside);
        long start = running.GetTimestamp();
        for (int i = 0; i < 5; i++)
            Pass(outside, running, Second);
        Pass(outside, running, TimeSpan.FromHours(1));
        Pass(outside, running, Second);
        Assert.Equal(7 * Second, running.GetElapsedTime(start));
    }

    [Fact]
    public void Ticks_that_come_late_on_a_busy_machine_count_in_full()
    {
        ManualTime outside = new();
        RunningTime running = new(outside);
        long start = running.GetTimestamp();
        for (int i = 0; i < 10; i++)
            Pass(outside, running, 1.9 * Second);
        Assert.Equal(19 * Second, running.GetElapsedTime(start));
    }

    [Fact]
    public void A_timer_is_not_due_earlier_for_a_stop()
    {
        ManualTime outside = new();
        RunningTime running = new(outside);
        int fired = 0;
        using ITimer timer = running.CreateTimer(_ => fired++, null, 20 * Second, Timeout.InfiniteTimeSpan);
        for (int i = 0; i < 5; i++)
            Pass(outside, running, Second);

        // Stopped for a minute, and the timer is the first to run afterwards.
        outside.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, fired);
        for (int i = 0; i < 13; i++)
            Pass(outside, running, Second);
        Assert.Equal(0, fired);
        Pass(outside, running, Second);
        Assert.Equal(1, fired);
        for (int i = 0; i < 60; i++)
            Pass(outside, running, Second);
        Assert.Equal(1, fired);
    }

    [Fact]
    public void A_timer_can_be_set_anew_and_taken_back()
    {
        ManualTime outside = new();
        RunningTime running = new(outside);
        int fired = 0;
        using ITimer timer = running.CreateTimer(_ => fired++, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        for (int round = 0; round < 3; round++)
        {
            timer.Change(Second, Timeout.InfiniteTimeSpan);
            Pass(outside, running, Second);
            Assert.Equal(round + 1, fired);
        }

        timer.Change(Second, Timeout.InfiniteTimeSpan);
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Pass(outside, running, Second);
        Assert.Equal(3, fired);
    }

    [Fact]
    public void The_process_has_one_that_somebody_looks_at()
    {
        using ManualResetEventSlim ticked = new();
        void OnTick() => ticked.Set();
        RunningTime.Instance.Ticked += OnTick;
        try
        {
            Assert.True(ticked.Wait(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        }
        finally
        {
            RunningTime.Instance.Ticked -= OnTick;
        }
    }

    private static void Pass(ManualTime outside, RunningTime running, TimeSpan time)
    {
        outside.Advance(time);
        running.GetTimestamp();
    }

    /// <summary>A clock that is moved by hand; its timers fire once time has moved.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly List<ManualTimer> _timers = [];
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Advance(TimeSpan time)
        {
            _now += time;
            foreach (ManualTimer timer in _timers.Where(timer => timer.Due <= _now).ToArray())
                timer.Fire();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ManualTimer timer = new(this, callback, state);
            timer.Change(dueTime, period);
            _timers.Add(timer);
            return timer;
        }

        private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
        {
            public TimeSpan Due { get; private set; } = TimeSpan.MaxValue;

            public void Fire()
            {
                Due = TimeSpan.MaxValue;
                callback(state);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : time._now + dueTime;
                return true;
            }

            public void Dispose() => time._timers.Remove(this);

            public ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
