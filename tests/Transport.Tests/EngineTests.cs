using System.Diagnostics;
using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>Who moves the bytes, and who is woken when.</summary>
public sealed class EngineTests
{
    public static TheoryData<TransportKind> Kinds => Transports.All;

    [Theory, MemberData(nameof(Kinds))]
    public void A_wait_ends_at_its_deadline(TransportKind kind)
    {
        (Channel first, Channel second) = kind.Connect();
        using Station station = kind.NewStation();
        using (second)
        {
            station.Add(first);
            long start = Stopwatch.GetTimestamp();
            Assert.False(station.TryWait(() => false, TimeSpan.FromMilliseconds(40)));
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 39.9, 60_000);
            Assert.True(station.TryWait(() => true, TimeSpan.FromTicks(1)));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Steady_traffic_does_not_put_a_deadline_off(TransportKind kind)
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        b.Recorder.Target = _ => [];
        bool over = false;
        byte[] payload = Bytes.Of(60_000, 1);
        Thread flood = new(() =>
        {
            while (!Volatile.Read(ref over))
            {
                a.Send(link, payload);
                a.Wait(() => !link.HasOutput || Volatile.Read(ref over));
            }
        });
        flood.Start();
        long start = Stopwatch.GetTimestamp();
        Assert.False(b.TryWait(() => Stopwatch.GetElapsedTime(start).TotalSeconds > 60, TimeSpan.FromMilliseconds(60)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 59, 59_000);
        Volatile.Write(ref over, true);
        while (!flood.Join(TimeSpan.FromMilliseconds(1)))
            b.Poll();
        Assert.NotEmpty(b.Recorder.Frames);
    }

    [Fact]
    public void Input_without_end_puts_off_neither_a_deadline_nor_another_thread()
    {
        using Station station = new();
        station.Recorder.Ended = (_, _) => station.Recorder.Frames.Clear();
        station.Add(new EndlessChannel());
        long start = Stopwatch.GetTimestamp();
        bool entered = false;
        Thread other = new(() =>
        {
            lock (station.Engine.Gate)
                entered = true;
        });
        Assert.False(station.TryWait(
            () =>
            {
                // It starts while the gate is held, and gets it before all is over.
                if (other.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted))
                    other.Start();
                return Stopwatch.GetElapsedTime(start).TotalSeconds > 20;
            },
            TimeSpan.FromMilliseconds(500)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0.49, 19);
        Assert.True(other.Join(Station.Patience));
        Assert.True(entered);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_waiting_thread_drives_on_when_another_one_is_done(TransportKind kind)
    {
        const int threads = 6, rounds = 60;
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        int[] seen = new int[threads];
        b.Recorder.Ended = (_, header) => seen[header.Tag]++;
        Exception?[] errors = new Exception?[threads];
        Thread[] waiting = [.. Enumerable.Range(0, threads).Select(tag => new Thread(() => errors[tag] = Record.Exception(() =>
        {
            for (int round = 1; round <= rounds; round++)
            {
                int wanted = round;
                b.Wait(() => seen[tag] >= wanted);
            }
        })))];
        Array.ForEach(waiting, thread => thread.Start());

        // The thread that drives is not always the one whose frame comes.
        Random random = new(3);
        int[] order = [.. Enumerable.Range(0, threads * rounds).Select(i => i % threads)];
        random.Shuffle(order);
        foreach (int tag in order)
        {
            a.Send(link, [1], tag);
            if (random.Next(4) == 0)
                Thread.Yield();
        }

        a.Wait(() => !link.HasOutput);
        Array.ForEach(waiting, thread => thread.Join());
        Assert.All(errors, Assert.Null);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_background_thread_takes_over_and_gives_back(TransportKind kind)
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        int? thread = null;
        using SemaphoreSlim arrived = new(0);
        b.Recorder.Ended = (_, _) =>
        {
            thread = Environment.CurrentManagedThreadId;
            arrived.Release();
        };

        int? background = null;
        for (int round = 0; round < 20; round++)
        {
            // Nobody waits, but somebody has started an operation.
            lock (b.Engine.Gate)
                b.Engine.CountAsynchronous(+1);
            a.Send(link, [1]);
            Assert.True(arrived.Wait(Station.Patience, TestContext.Current.CancellationToken));
            lock (b.Engine.Gate)
            {
                background ??= thread;
                Assert.NotEqual(Environment.CurrentManagedThreadId, thread);
                Assert.Equal(background, thread);
            }

            // A caller that waits drives, though the operation goes on.
            int frames = b.Recorder.Frames.Count + 1;
            Thread sender = new(() => a.Send(link, [2]));
            lock (b.Engine.Gate)
                sender.Start();
            b.WaitForFrames(frames);
            Assert.True(arrived.Wait(Station.Patience, TestContext.Current.CancellationToken));
            sender.Join();

            lock (b.Engine.Gate)
                b.Engine.CountAsynchronous(-1);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void No_wake_up_is_lost_in_a_ping_pong_with_pauses(TransportKind kind)
    {
        const int rounds = 1_500;
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link toB = a.Add(first), toA = b.Add(second);
        Exception?[] errors = new Exception?[2];
        Thread[] threads = [new(() => errors[0] = Record.Exception(() => Play(a, toB, 1, starts: true))), new(() => errors[1] = Record.Exception(() => Play(b, toA, 2, starts: false)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(errors, Assert.Null);

        static void Play(Station station, Link link, int seed, bool starts)
        {
            Random random = new(seed);
            for (int round = 1; round <= rounds; round++)
            {
                if (starts)
                    station.Send(link, [1]);
                station.WaitForFrames(round);

                // Around the 50 µs after which the other side goes to sleep.
                long end = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * random.Next(0, 120) / 1_000_000);
                while (Stopwatch.GetTimestamp() < end)
                    Thread.SpinWait(10);
                if (!starts)
                    station.Send(link, [1]);
            }
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Output_of_another_thread_leaves_while_the_driver_sleeps(TransportKind kind)
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first), back = b.Add(second);

        // It sleeps until the answer to what this thread sends.
        Exception? error = null;
        Thread driver = new(() => error = Record.Exception(() => a.WaitForFrames(1)));
        driver.Start();
        Assert.True(SpinWait.SpinUntil(() => a.Engine.IsAsleep, Station.Patience));

        // Small ones collect behind the first; the long one does not fit into the ring or the socket.
        PayloadCounter counter = new();
        for (int i = 0; i < 10; i++)
            a.Send(link, Bytes.Of(10, i), urgent: false);
        b.WaitForFrames(10);
        a.SendInPlace(link, Bytes.Of(4_000_000, 1), counter);
        b.WaitForFrames(11);
        a.Send(link, Bytes.Of(10, 1), urgent: false);
        a.Send(link, Bytes.Of(10, 1), urgent: false);
        b.WaitForFrames(13);
        b.Send(back, [1]);
        driver.Join();
        Assert.Null(error);
        Assert.Equal(1, counter.Sent);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Collected_output_leaves_though_nobody_waits(TransportKind kind)
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        for (int burst = 1; burst <= 5; burst++)
        {
            for (int i = 0; i < 10; i++)
                a.Send(link, Bytes.Of(10, i), urgent: false);
            b.WaitForFrames(10 * burst);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_link_that_comes_while_the_driver_sleeps_is_read(TransportKind kind)
    {
        (Channel first, Channel second) = kind.Connect();
        using Station station = kind.NewStation();
        using (second)
        {
            Bytes.Write(second, Bytes.Frame(0, [1, 2, 3]));
            Exception? error = null;
            Thread driver = new(() => error = Record.Exception(() => station.WaitForFrames(1)));
            driver.Start();
            SpinWait.SpinUntil(() => station.Engine.Epoch > 0, Station.Patience);
            station.Add(first);
            driver.Join();
            Assert.Null(error);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void An_engine_ends_whoever_sleeps(TransportKind kind)
    {
        for (int round = 0; round < 25; round++)
        {
            (Channel first, Channel second) = kind.Connect();
            Station station = kind.NewStation();
            using (second)
            {
                station.Add(first);
                lock (station.Engine.Gate)
                    station.Engine.CountAsynchronous(+1);
                Thread[] callers = [.. Enumerable.Range(0, round % 3).Select(_ => new Thread(() => station.TryWait(() => station.Recorder.Gone.Count > 0, Station.Patience)))];
                Array.ForEach(callers, caller => caller.Start());
                for (int i = 0; i < round % 7; i++)
                    station.Poll();
                if (round % 4 > 0)
                    Assert.True(SpinWait.SpinUntil(() => station.Engine.IsAsleep, Station.Patience));
                station.Dispose();
                station.Dispose();
                station.Poll();
                Assert.All(callers, caller => Assert.True(caller.Join(Station.Patience)));
            }
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Links_may_close_while_the_driver_sleeps(TransportKind kind)
    {
        using Station station = kind.NewStation();
        int gone = 0;
        Exception? error = null;
        Thread driver = new(() => error = Record.Exception(() => station.Wait(() => station.Recorder.Gone.Count >= 40)));
        driver.Start();
        for (int i = 0; i < 40; i++)
        {
            (Channel first, Channel second) = kind.Connect();
            using (second)
            {
                Link link = station.Add(first);
                if (i % 3 == 0)
                    Bytes.Write(second, Bytes.Frame(0, [1]));
                if (i % 2 == 0)
                    continue;
                lock (station.Engine.Gate)
                {
                    link.Close(new IOException("enough"));
                    station.Engine.SignalChange();
                    gone++;
                }
            }
        }

        driver.Join();
        Assert.Null(error);
        Assert.Empty(station.Engine.Links);
    }

    [Fact]
    public void A_look_leaves_the_wake_up_to_the_sleeper()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("epoll is Linux only.");
        using EpollPoller poller = new();
        Span<int> slots = stackalloc int[4];
        poller.Wake();
        Assert.Equal(0, poller.Wait(slots, 0));
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, poller.Wait(slots, 20_000));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 10);
        poller.Dispose();
        poller.Wake();
        poller.Dispose();
    }
}
