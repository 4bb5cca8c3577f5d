using System.Diagnostics;

namespace BoxerMpi.Transport;

// Who drives, and the one waiting rule: try; on a miss yield; after 50 µs of misses sleep on everything that may wake us.
internal sealed unsafe partial class ProgressEngine
{
    // Waking a sleeping core costs 20–30 µs; twice that spent yielding keeps ping-pong awake and lets other ranks run.
    private static readonly long SpinTicks = Stopwatch.Frequency * 50 / 1_000_000;

    // Steps in a row that move bytes before the driver looks at the clock and lets others have the gate.
    private const int BusySteps = 64;

    // Injected delays are not known to the poller.
    private const int HeldOutputPollMilliseconds = 1;

    private Driver _driver;
    private int _sleepers;
    private int _waitingThreads;

    private enum Driver
    {
        None,
        Caller,
        Background,
    }

    /// <summary>Whether a thread sleeps in the poller now.</summary>
    public bool IsAsleep => Volatile.Read(ref _sleepers) > 0;

    /// <summary>Blocks the calling thread until the condition is met, moving bytes meanwhile.</summary>
    /// <param name="condition">Looked at after every step.</param>
    /// <param name="timeout">How long to wait, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <returns>Whether the condition was met.</returns>
    public bool Wait<TCondition>(ref TCondition condition, TimeSpan timeout)
        where TCondition : struct, IWaitCondition, allows ref struct
    {
        AssertGate();
        Epoch++;
        WaitLimit limit = new(timeout);
        while (true)
        {
            bool met = DriveAlone(ref condition, ref limit);
            if (_lent.Count == 0)
                return met;
            if (met || _disposed || limit.IsOver)
            {
                HandOutLent();
                return met;
            }

            // This thread does nothing else now, so the program's part of its collectives may run on it.
            RunLent(_lent.Dequeue());
        }
    }

    /// <summary>Drives, once no other caller does.</summary>
    private bool DriveAlone<TCondition>(ref TCondition condition, ref WaitLimit limit)
        where TCondition : struct, IWaitCondition, allows ref struct
    {
        while (_driver == Driver.Caller)
        {
            if (condition.IsMet)
                return true;
            int remaining = RemainingMilliseconds(limit.Deadline(Stopwatch.GetTimestamp()));
            if (remaining == 0)
                return false;
            _waitingThreads++;
            Monitor.Wait(Gate, remaining);
            _waitingThreads--;
        }

        bool takesOver = _driver == Driver.Background;
        _driver = Driver.Caller;
        if (takesOver && _sleepers > 0)
            _poller.Wake();
        try
        {
            return Drive(ref condition, ref limit, Driver.Caller);
        }
        finally
        {
            _driver = Driver.None;
            if (_waitingThreads > 0)
                Monitor.PulseAll(Gate);
            if (HasBackgroundWork)
                ArmBackground();
        }
    }

    /// <summary>Timestamp of <see cref="Stopwatch"/> so long after another one; <see cref="long.MaxValue"/> for never.</summary>
    public static long After(long now, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return long.MaxValue;
        double ticks = timeout.TotalSeconds * Stopwatch.Frequency;
        return ticks >= long.MaxValue / 2 ? long.MaxValue : now + (long)ticks;
    }

    /// <summary>One step, for callers that poll.</summary>
    public void Poll()
    {
        AssertGate();
        Epoch++;
        if (_disposed)
            return;
        if (_driver != Driver.Caller)
            StepAndContinue();
        if (HasBackgroundWork)
            ArmBackground();
    }

    /// <summary>Something that another thread may wait for has changed.</summary>
    public void SignalChange()
    {
        AssertGate();
        if (_waitingThreads > 0)
            Monitor.PulseAll(Gate);
        if (_driver == Driver.Caller && _sleepers > 0)
            _poller.Wake();
    }

    /// <summary>
    /// Ends the sleep of the driving thread, if it sleeps. Needs no gate: channels in memory call it from the other side.
    /// </summary>
    public void WakeIfSleeping()
    {
        // Orders the caller's write of data before the look at the flag; Sleep does the same the other way round.
        Interlocked.MemoryBarrier();
        if (IsAsleep)
            _poller.Wake();
    }

    private bool Drive<TCondition>(ref TCondition condition, ref WaitLimit limit, Driver me)
        where TCondition : struct, IWaitCondition, allows ref struct
    {
        long spinEnd = 0;
        int busySteps = 0;
        while (true)
        {
            if (condition.IsMet)
            {
                FlushDirty();
                return true;
            }

            if (_driver != me || _disposed)
                return false;
            if (HasFollowUps)
            {
                ContinueReady();
                if (condition.IsMet)
                    continue;
                if (_lent.Count > 0 && me == Driver.Caller)
                    return false;
                HandOutLent();
            }

            if (Step())
            {
                spinEnd = 0;
                if (++busySteps % BusySteps != 0)
                    continue;

                // Steady traffic of others puts off neither the deadline nor the threads that want the gate.
                long busyTime = Stopwatch.GetTimestamp();
                if (busyTime >= limit.Deadline(busyTime) && !condition.IsMet)
                    return false;
                Monitor.Exit(Gate);
                Yield();
                Monitor.Enter(Gate);
                continue;
            }

            if (condition.IsMet || _ready.Count > 0)
                continue;

            long now = Stopwatch.GetTimestamp();
            if (now >= limit.Deadline(now))
                return false;
            if (spinEnd == 0)
                spinEnd = now + SpinTicks;

            if (now < spinEnd)
            {
                Monitor.Exit(Gate);
                Yield();
                Monitor.Enter(Gate);
            }
            else
            {
                Sleep(limit.Deadline(now));
                spinEnd = 0;

                // The wake-up may have been meant for the thread that took over while this one slept.
                if (_driver != me && _sleepers > 0)
                    _poller.Wake();
            }
        }
    }

    private static void Yield()
    {
        if (OperatingSystem.IsLinux())
            _ = LinuxNative.Yield();
        else
            Thread.Yield();
    }

    private void Sleep(long deadline)
    {
        WatchWrites();
        _sleepers++;
        Interlocked.MemoryBarrier();

        // Before the look at links in memory: a payload whose stay ends after that look has shortened the sleep already.
        int timeout = UnwatchParked(RemainingMilliseconds(deadline));
        if (MemoryLinkReady())
        {
            _sleepers--;
            return;
        }

        if (_dirty.Exists(link => link.HasHeldOutput))
            timeout = HeldOutputPollMilliseconds;

        Span<int> ready = stackalloc int[ReadyLimit];
        int count = 0;
        Monitor.Exit(Gate);
        try
        {
            count = _poller.Wait(ready, timeout);
        }
        finally
        {
            Monitor.Enter(Gate);
            _sleepers--;
            UnwatchWrites();
        }

        Read(ready[..count]);
    }

    private bool MemoryLinkReady()
    {
        foreach (Link link in _memoryLinks)
        {
            if ((link.Channel.CanRead && !link.StaysParked()) || (link.HasOutput && link.Channel.CanWrite && !link.HasHeldOutput))
                return true;
        }

        return false;
    }

    /// <summary>Output of another thread collects while the driver sleeps: it has to leave without the next wait.</summary>
    private void WakeForOutput(Link link)
    {
        if (link.Channel.Descriptor >= 0)
            WatchWrites();
        else
            _poller.Wake();
    }

    private void WatchWrites()
    {
        foreach (Link link in _dirty)
        {
            if (!link.WritingWatched && link.HasOutput && link.Channel.Descriptor >= 0)
            {
                link.WritingWatched = true;
                _poller.Watch(link.Slot, link.Channel, !link.ReadingUnwatched, write: true);
            }
        }
    }

    private void UnwatchWrites()
    {
        foreach (Link link in _dirty)
        {
            if (link.WritingWatched)
            {
                link.WritingWatched = false;
                _poller.Watch(link.Slot, link.Channel, !link.ReadingUnwatched, write: false);
            }
        }
    }

    /// <summary>When a wait ends. The clock is first read after a miss: most waits of a busy program are over before.</summary>
    private struct WaitLimit(TimeSpan timeout)
    {
        private long _deadline;
        private long _stopped;

        /// <summary>Timestamp of <see cref="Stopwatch"/>; <see cref="long.MaxValue"/> for none. Counted from the first call.</summary>
        /// <remarks>Time in which the process was stopped does not count: found out when the deadline seems to be there.</remarks>
        public long Deadline(long now)
        {
            if (_deadline == 0)
            {
                _deadline = After(now, timeout);
                _stopped = RunningTime.Instance.Stopped;
            }
            else if (now >= _deadline)
            {
                RunningTime.Instance.GetTimestamp();
                long stopped = RunningTime.Instance.Stopped;
                _deadline += stopped - _stopped;
                _stopped = stopped;
            }

            return _deadline;
        }

        public bool IsOver
        {
            get
            {
                long now = Stopwatch.GetTimestamp();
                return now >= Deadline(now);
            }
        }
    }

    private static int RemainingMilliseconds(long deadline)
    {
        if (deadline == long.MaxValue)
            return -1;
        double left = (deadline - Stopwatch.GetTimestamp()) * 1000.0 / Stopwatch.Frequency;
        return left <= 0 ? 0 : (int)Math.Min(Math.Ceiling(left), 3_600_000);
    }
}
