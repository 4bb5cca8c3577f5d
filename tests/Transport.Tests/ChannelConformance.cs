using BoxerMpi.Transport;
using BoxerMpi.Wire;
using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>What every transport does with frames, whatever it is made of.</summary>
public abstract class ChannelConformance(TransportKind kind)
{
    private static readonly int[] Lengths = [0, 1, 39, 40, 41, 8_192, 8_193, 65_536, 300_000];

    private static readonly Gen<(int[] Lengths, int[] Cuts, bool Checksum)> Streams = Gen.Select(
        Gen.Frequency((5, Gen.Int[0, 200]), (2, Gen.Int[8_000, 9_000]), (1, Gen.Int[60_000, 200_000])).Array[1, 12],
        Gen.Frequency((3, Gen.Int[1, 100]), (2, Gen.Int[1_000, 70_000])).Array[1, 30],
        Gen.Bool);

    [Fact]
    public void Frames_arrive_byte_by_byte()
    {
        using Station station = kind.NewStation();
        (Channel writer, Channel reader) = kind.Connect();
        using (writer)
        {
            station.Add(reader);
            byte[] stream = [.. Bytes.Frame(0, Bytes.Of(5, 1)), .. Bytes.Frame(1, [], checksum: true), .. Bytes.Frame(2, Bytes.Of(60, 2), checksum: true)];
            foreach (byte one in stream)
            {
                Bytes.Write(writer, [one]);
                station.Poll();
            }

            station.WaitForFrames(3);
            AssertFrames(station, [5, 0, 60], index => index == 0 ? 1 : 2);
        }
    }

    [Fact]
    public void Frames_arrive_however_the_stream_is_cut() => Streams.Sample(
        shape =>
        {
            using Station station = kind.NewStation();
            (Channel writer, Channel reader) = kind.Connect();
            using (writer)
            {
                station.Add(reader);
                byte[] stream =
                    [.. shape.Lengths.SelectMany((length, i) => Bytes.Frame((uint)i, Bytes.Of(length, i), checksum: shape.Checksum))];
                for (int at = 0, cut = 0; at < stream.Length; cut++)
                {
                    int length = Math.Min(shape.Cuts[cut % shape.Cuts.Length], stream.Length - at);
                    Bytes.Write(writer, stream.AsSpan(at, length), station);
                    at += length;
                }

                station.WaitForFrames(shape.Lengths.Length);
                AssertFrames(station, shape.Lengths, index => index);
            }
        },
        iter: 40,
        threads: 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Long_payloads_travel_both_ways_at_once(bool checksums)
    {
        const int frames = 6;
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link toB = a.Add(first, checksums), toA = b.Add(second, checksums);
        Exception?[] errors = new Exception?[2];
        Thread[] threads = [new(() => errors[0] = Record.Exception(() => Exchange(a, toB, 1, 2))), new(() => errors[1] = Record.Exception(() => Exchange(b, toA, 2, 1)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(errors, Assert.Null);

        static void Exchange(Station station, Link link, int mine, int theirs)
        {
            PayloadCounter counter = new();
            byte[] payload = Bytes.Of(2_500_000, mine);
            for (int i = 0; i < frames; i++)
                station.SendInPlace(link, payload, counter);
            station.Wait(() => station.Recorder.Frames.Count == frames && counter.Sent == frames && !link.HasOutput);
            byte[] expected = Bytes.Of(2_500_000, theirs);
            Assert.All(station.Recorder.Frames, frame => Assert.True(expected.AsSpan().SequenceEqual(frame.Payload)));
            Assert.Equal(0, counter.Lost);
        }
    }

    [Fact]
    public void Small_frames_leave_in_one_call()
    {
        const int frames = 1_000;
        (Channel first, Channel second) = kind.Connect();
        CountingChannel counting = new(first);
        using Station a = kind.NewStation(), b = kind.NewStation();

        // Select takes the sockets of managed channels only; the calls are those of the other poller.
        Link link = a.Add(kind == TransportKind.ManagedTcpSelect ? first : counting);
        b.Add(second);
        for (int i = 0; i < frames; i++)
            a.Send(link, Bytes.Of(8, i), tag: i, urgent: false);
        a.Wait(() => !link.HasOutput);
        b.WaitForFrames(frames);
        Assert.Equal(Enumerable.Range(0, frames), b.Recorder.Frames.Select(frame => frame.Header.Tag));
        Assert.All(b.Recorder.Frames, frame => Assert.Equal(Bytes.Of(8, frame.Header.Tag), frame.Payload));

        // The first at once, for whoever waits for it; the others together (48 bytes each, a call for every 16 KiB).
        Assert.InRange(counting.Writes, link.Channel == counting ? 1 : 0, 5);
        Assert.Equal(frames * 48, link.BytesSent);
    }

    [Fact]
    public void A_payload_goes_where_its_target_is()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        byte[] posted = Bytes.Of(400_000, 0), shorter = Bytes.Of(100_000, 0);
        b.Recorder.Target = header => header.Tag switch
        {
            0 => posted,
            1 => shorter,
            _ => null,
        };
        PayloadCounter counter = new();
        for (int tag = 0; tag < 3; tag++)
        {
            a.SendInPlace(link, Bytes.Of(400_000, 5), counter, tag);
            int frames = tag + 1;
            Both(a, b, () => b.Recorder.Frames.Count >= frames);
        }

        Assert.Same(posted, b.Recorder.Frames[0].Payload);
        Assert.Equal(Bytes.Of(400_000, 5), posted);
        Assert.Equal(Bytes.Of(100_000, 5), shorter);
        Assert.Equal(Bytes.Of(400_000, 5), b.Recorder.Frames[2].Payload);
    }

    [Fact]
    public void A_target_that_is_abandoned_is_not_written_any_more()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first), incoming = b.Add(second);
        byte[] target = new byte[1_000_000];
        target = GC.AllocateArray<byte>(target.Length, pinned: true);
        b.Recorder.Target = header => header.Tag == 0 ? target : null;
        a.SendInPlace(link, Bytes.Of(1_000_000, 1), new PayloadCounter());
        Both(a, b, () => incoming.BytesReceived > 50_000);
        lock (b.Engine.Gate)
            incoming.AbandonTarget(target);
        byte[] seen = (byte[])target.Clone();
        a.Send(link, Bytes.Of(10, 2), tag: 1);
        Both(a, b, () => b.Recorder.Frames.Count == 2);
        Assert.Equal(seen, target);
        Assert.Empty(b.Recorder.Frames[0].Payload);
        Assert.Equal(Bytes.Of(10, 2), b.Recorder.Frames[1].Payload);
    }

    [Fact]
    public void A_payload_that_the_link_has_taken_over_may_be_overwritten()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        PayloadCounter counter = new();
        byte[] payload = Bytes.Of(4_000_000, 3);
        lock (a.Engine.Gate)
        {
            a.SendInPlace(link, payload, counter);
            Assert.True(link.HasOutput);
            link.TakeOver(counter);
            payload.AsSpan().Clear();
        }

        b.Add(second);
        Both(a, b, () => b.Recorder.Frames.Count == 1);
        Assert.Equal(Bytes.Of(4_000_000, 3), b.Recorder.Frames[0].Payload);
        Assert.Equal((0, 0), (counter.Sent, counter.Lost));
    }

    [Fact]
    public void A_goodbye_and_the_end_are_no_failure()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        a.Send(link, Bytes.Of(100_000, 1));
        a.Send(link, [], kind: FrameKind.Goodbye);
        Both(a, b, () => !link.HasOutput);
        lock (a.Engine.Gate)
            link.CloseSend();
        Assert.Null(b.WaitForEnd());
        Assert.Equal([FrameKind.Eager, FrameKind.Goodbye], b.Recorder.Frames.Select(frame => frame.Header.Kind));
        Assert.Empty(b.Engine.Links);
    }

    [Fact]
    public void What_was_sent_before_an_end_without_goodbye_is_delivered_before_the_failure()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station b = kind.NewStation();
        b.Add(second);
        Bytes.Write(
            first,
            [.. Bytes.Frame(0, Bytes.Of(10, 1)), .. Bytes.Frame(1, Bytes.Of(20, 1)), .. Bytes.Frame(2, Bytes.Of(30, 1)).AsSpan(0, 60)]);
        first.Dispose();
        Assert.Contains("without saying goodbye", Assert.IsType<IOException>(b.WaitForEnd()).Message, StringComparison.Ordinal);
        AssertFrames(b, [10, 20], _ => 1);
        Assert.Equal(30, Assert.IsType<byte[]>(b.Recorder.Gone[0].Unfinished).Length);
    }

    [Fact]
    public void What_the_peer_sent_before_it_went_is_delivered_to_one_that_only_sends()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station b = kind.NewStation();
        Link link = b.Add(second);
        Bytes.Write(first, Bytes.Frame(0, Bytes.Of(10, 1)));
        first.Dispose();
        for (int i = 0; i < 1_000 && !link.IsClosed; i++)
        {
            lock (b.Engine.Gate)
            {
                if (!link.IsClosed)
                    b.Send(link, Bytes.Of(60_000, 1));
            }
        }

        Assert.NotNull(b.WaitForEnd());
        AssertFrames(b, [10], _ => 1);
    }

    [Fact]
    public void Payloads_that_had_not_left_are_lost_once()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation();
        using (second)
        {
            Link link = a.Add(first);
            PayloadCounter counter = new();
            for (int i = 0; i < 5; i++)
                a.SendInPlace(link, Bytes.Of(9_000_000, i), counter);
            IOException reason = new("enough");
            lock (a.Engine.Gate)
            {
                link.Close(reason);
                link.Close(null);
            }

            Assert.Equal((0, 5), (counter.Sent, counter.Lost));
            Assert.Same(reason, Assert.Single(a.Recorder.Gone).Reason);
            Assert.Empty(a.Engine.Links);
        }
    }

    [Fact]
    public void With_checksums_no_changed_byte_gets_through()
    {
        byte[] payload = Bytes.Of(50, 9);
        byte[] frames = [.. Bytes.Frame(0, payload, checksum: true), .. Bytes.Frame(1, payload, checksum: true)];
        int first = frames.Length / 2;
        for (int position = 0; position < first; position++)
        {
            foreach (int bit in (int[])[0, 7])
            {
                (Channel writer, Channel reader) = kind.Connect();
                using Station station = kind.NewStation();
                station.Add(reader, checksums: true);
                byte[] changed = (byte[])frames.Clone();
                changed[position] ^= (byte)(1 << bit);
                Bytes.Write(writer, changed);
                writer.Dispose();
                Exception? reason = station.WaitForEnd();
                Assert.True(station.Recorder.Frames.Count == 0, $"Byte {position} was changed and the frame was taken.");

                // A changed length may ask for more than comes; all else is seen for what it is.
                if (position is < 32 or >= 40)
                    Assert.IsType<WireFormatException>(reason);
            }
        }
    }

    [Fact]
    public void A_wrong_checksum_names_the_frame()
    {
        (Channel writer, Channel reader) = kind.Connect();
        using Station station = kind.NewStation();
        using (writer)
        {
            station.Add(reader, checksums: true);
            byte[] frame = Bytes.Frame(0, Bytes.Of(100_000, 1), checksum: true);
            frame[5_000] ^= 1;
            Bytes.Write(writer, frame, station);
            Assert.Contains(
                "Wrong checksum of frame 0 (Eager, 100000 bytes)", Assert.IsType<WireFormatException>(station.WaitForEnd()).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Frames_without_a_checksum_are_refused_where_all_have_one()
    {
        (Channel writer, Channel reader) = kind.Connect();
        using Station station = kind.NewStation();
        using (writer)
        {
            station.Add(reader, checksums: true);
            Bytes.Write(writer, Bytes.Frame(0, Bytes.Of(10, 1)));
            Assert.Contains(
                "without a checksum", Assert.IsType<WireFormatException>(station.WaitForEnd()).Message, StringComparison.Ordinal);
            Assert.Empty(station.Recorder.Frames);
        }
    }

    public static TheoryData<string> Garbage =>
        ["random", "text", "version", "kind 0", "kind 8", "flags", "length", "negative length", "credit with payload", "gap"];

    [Theory, MemberData(nameof(Garbage))]
    public void Garbage_closes_its_link_only_and_makes_nobody_allocate(string what)
    {
        (Channel writer, Channel reader) = kind.Connect();
        (Channel good, Channel goodReader) = kind.Connect();
        using Station station = kind.NewStation();
        using (writer)
        using (good)
        {
            station.Add(reader);
            Link other = station.Add(goodReader);
            byte[] frame = Bytes.Frame(0, Bytes.Of(100, 1));
            switch (what)
            {
                case "random":
                    new Random(5).NextBytes(frame);
                    break;
                case "text":
                    frame = "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl\r\n\r\n"u8.ToArray();
                    break;
                case "version":
                    frame[0] = 2;
                    break;
                case "kind 0":
                    frame[1] = 0;
                    break;
                case "kind 8":
                    frame[1] = 8;
                    break;
                case "flags":
                    frame[3] = 1;
                    break;
                case "length":
                    BitConverter.TryWriteBytes(frame.AsSpan(32), WireLimits.CreditWindowBytes + 1);
                    break;
                case "negative length":
                    BitConverter.TryWriteBytes(frame.AsSpan(32), -1L);
                    break;
                case "credit with payload":
                    frame[1] = (byte)FrameKind.Credit;
                    break;
                case "gap":
                    frame[4] = 3;
                    break;
            }

            Bytes.Write(writer, frame);
            Assert.IsType<WireFormatException>(station.WaitForEnd());
            Assert.Empty(station.Recorder.Frames);
            Assert.Equal(0, station.Recorder.LongestAllocation);
            Assert.Same(other, Assert.Single(station.Engine.Links));
            Bytes.Write(good, Bytes.Frame(0, Bytes.Of(100, 2)));
            station.WaitForFrames(1);
            AssertFrames(station, [100], _ => 2);
        }
    }

    [Fact]
    public void Random_bytes_end_a_link_by_nothing_but_their_format()
    {
        Random random = new(20_260_101);
        for (int round = 0; round < 60; round++)
        {
            (Channel writer, Channel reader) = kind.Connect();
            using Station station = kind.NewStation();
            station.Recorder.Target = header => header.Length > 1 << 20 ? [] : null;
            station.Add(reader);
            using (writer)
            {
                byte[] bytes = new byte[random.Next(1, 2_000)];
                random.NextBytes(bytes);

                // Nearly right headers get further.
                for (int at = 0, sequence = 0; at + 40 <= bytes.Length && round % 3 > 0; at += 40 + random.Next(0, 60), sequence++)
                {
                    bytes[at] = 1;
                    bytes[at + 1] = (byte)random.Next(1, 8);
                    bytes.AsSpan(at + 2, 2).Clear();
                    BitConverter.TryWriteBytes(bytes.AsSpan(at + 4), sequence);
                    if (round % 3 == 1)
                        BitConverter.TryWriteBytes(bytes.AsSpan(at + 32), (long)random.Next(0, 60));
                }

                Bytes.Write(writer, bytes, station);
            }

            Exception? reason = station.WaitForEnd();
            Assert.True(reason is null or WireFormatException or IOException, $"{reason}");
            Assert.InRange(station.Recorder.LongestAllocation, 0, WireLimits.CreditWindowBytes);
        }
    }

    [Fact]
    public void A_frame_that_comes_again_is_dropped()
    {
        (Channel writer, Channel reader) = kind.Connect();
        using Station station = kind.NewStation();
        using (writer)
        {
            Link link = station.Add(reader);
            byte[] first = Bytes.Frame(0, Bytes.Of(70_000, 0), checksum: true), second = Bytes.Frame(1, Bytes.Of(10, 1), checksum: true);
            Bytes.Write(writer, [.. first, .. first, .. second, .. first, .. second], station);
            Bytes.Write(writer, Bytes.Frame(2, Bytes.Of(5, 2)), station);
            station.WaitForFrames(3);
            AssertFrames(station, [70_000, 10, 5], index => index);
            Assert.Equal(3, link.DuplicatesDropped);
        }
    }

    [Fact]
    public void What_came_before_the_link_was_added_is_read()
    {
        (Channel writer, Channel reader) = kind.Connect();
        using Station station = kind.NewStation();
        using (writer)
        {
            Bytes.Write(writer, Bytes.Frame(0, Bytes.Of(1_000, 1)));
            station.Add(reader);
            station.WaitForFrames(1);
            AssertFrames(station, [1_000], _ => 1);
        }
    }

    [Fact]
    public void Frames_of_every_length_arrive()
    {
        (Channel first, Channel second) = kind.Connect();
        using Station a = kind.NewStation(), b = kind.NewStation();
        Link link = a.Add(first);
        b.Add(second);
        PayloadCounter counter = new();
        for (int i = 0; i < Lengths.Length; i++)
        {
            a.Send(link, Bytes.Of(Lengths[i], i), tag: i);
            a.SendInPlace(link, Bytes.Of(Lengths[i], i), counter, i);
        }

        Both(a, b, () => b.Recorder.Frames.Count == 2 * Lengths.Length);
        for (int i = 0; i < 2 * Lengths.Length; i++)
            Assert.Equal(Bytes.Of(Lengths[i / 2], i / 2), b.Recorder.Frames[i].Payload);
        Assert.Equal(Lengths.Length, counter.Sent);
        Assert.Equal(2 * Lengths.Length, link.FramesSent);
    }

    private static void AssertFrames(Station station, int[] lengths, Func<int, int> seed)
    {
        Assert.Equal(lengths, station.Recorder.Frames.Select(frame => frame.Payload.Length));
        for (int i = 0; i < lengths.Length; i++)
            Assert.True(
                Bytes.Of(lengths[i], seed(i)).AsSpan().SequenceEqual(station.Recorder.Frames[i].Payload), $"Frame {i} came changed.");
    }

    /// <summary>Moves bytes of both ends from this thread until something is so.</summary>
    private static void Both(Station a, Station b, Func<bool> done)
    {
        long end = Environment.TickCount64 + (long)Station.Patience.TotalMilliseconds;
        while (true)
        {
            a.Poll();
            lock (b.Engine.Gate)
            {
                b.Engine.Poll();
                if (done())
                    return;
            }

            Assert.True(Environment.TickCount64 < end, "It did not come to that.");
        }
    }
}

/// <summary>Rings in memory.</summary>
public sealed class MemoryChannelTests() : ChannelConformance(TransportKind.Memory);

/// <summary>TCP by system calls, epoll.</summary>
public sealed class TcpChannelTests() : ChannelConformance(TransportKind.Tcp);

/// <summary>TCP by managed sockets.</summary>
public sealed class ManagedTcpChannelTests() : ChannelConformance(TransportKind.ManagedTcp);

/// <summary>TCP by managed sockets, polled by select.</summary>
public sealed class ManagedTcpSelectTests() : ChannelConformance(TransportKind.ManagedTcpSelect);
