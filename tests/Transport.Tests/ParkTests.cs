using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>Payloads that nobody has asked for stay where they are, but nothing is held up by them.</summary>
public sealed class ParkTests
{
    // Above what one read takes in along with the header.
    private const int Length = 200_000;

    public static TheoryData<TransportKind> Kinds => Transports.All;

    [Theory, MemberData(nameof(Kinds))]
    public void A_sleeping_driver_takes_it_in_after_a_moment(TransportKind kind)
    {
        using Stations stations = new(kind);
        for (int i = 1; i <= 5; i++)
        {
            stations.Begin(i);
            stations.Receiver.WaitForFrames(i);
            Assert.False(stations.Link.IsParked);
            Assert.Equal(Bytes.Of(Length, i), stations.Receiver.Recorder.Frames[i - 1].Payload);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Whoever_waits_for_its_link_has_it_read(TransportKind kind)
    {
        using Stations stations = new(kind);
        stations.Begin(1);
        lock (stations.Receiver.Engine.Gate)
        {
            stations.Receiver.Engine.Expect(stations.Link, +1);
            Assert.False(stations.Link.IsParked);
            stations.Receiver.WaitForFrames(1);
            stations.Receiver.Engine.Expect(stations.Link, -1);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public unsafe void The_rest_goes_to_a_new_target(TransportKind kind)
    {
        using Stations stations = new(kind);
        byte[] first = GC.AllocateArray<byte>(Length, pinned: true);
        byte[] wanted = GC.AllocateArray<byte>(Length, pinned: true);
        stations.Receiver.Recorder.Target = _ => first;
        stations.Begin(7);
        fixed (byte* begun = first, target = wanted)
        {
            lock (stations.Receiver.Engine.Gate)
            {
                PayloadTarget there = new() { Pointer = target, Capacity = Length, State = wanted };
                Assert.False(stations.Link.Retarget(new object(), begun, there));
                Assert.True(stations.Link.Retarget(first, begun, there));
                Assert.False(stations.Link.IsParked);
            }

            stations.Receiver.WaitForFrames(1);
        }

        Assert.Same(wanted, stations.Receiver.Recorder.Frames[0].Payload);
        Assert.Equal(Bytes.Of(Length, 7), wanted);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_link_may_close_with_it(TransportKind kind)
    {
        using Stations stations = new(kind);
        stations.Begin(1);
        stations.Sender.Dispose();
        stations.Receiver.Wait(() => stations.Receiver.Recorder.Gone.Count == 1);
        Assert.False(stations.Link.IsParked);
    }

    /// <summary>A sender and a receiver that does not want what comes.</summary>
    private sealed class Stations : IDisposable
    {
        private readonly Link _sending;
        private int _frames;

        public Stations(TransportKind kind)
        {
            (Channel first, Channel second) = kind.Connect();
            (Sender, Receiver) = (kind.NewStation(), kind.NewStation());
            _sending = Sender.Add(first);
            Link = Receiver.Add(second);
            Receiver.Recorder.MayWait = true;
        }

        public Station Sender { get; }

        public Station Receiver { get; }

        public Link Link { get; }

        /// <summary>Sends a payload, and reads until its header and part of it have come.</summary>
        public void Begin(int seed)
        {
            Sender.Send(_sending, Bytes.Of(Length, seed));
            _frames++;
            Receiver.Wait(() => Link.FramesReceived == _frames);
            Sender.Wait(() => !_sending.HasOutput);
        }

        public void Dispose()
        {
            Sender.Dispose();
            Receiver.Dispose();
        }
    }
}
