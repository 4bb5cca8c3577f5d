using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>When small frames leave that nobody waits for, counted in calls of the channel.</summary>
public sealed class BurstTests : IDisposable
{
    private const int FrameBytes = 48;

    private readonly CountingChannel _counting;
    private readonly Station _sender = new();
    private readonly Station _receiver = new();
    private readonly Link _link;
    private int _sent;

    public BurstTests()
    {
        (Channel first, Channel second) = MemoryChannel.CreatePair();
        _counting = new CountingChannel(first);
        _link = _sender.Add(_counting);
        _receiver.Add(second);
    }

    [Fact]
    public void A_lone_frame_leaves_at_once()
    {
        for (int i = 1; i <= 3; i++)
        {
            Send(1);
            Assert.False(_link.HasOutput);
            Assert.Equal(i, _counting.Writes);
            EndBurst();
        }
    }

    [Fact]
    public void A_burst_after_a_long_one_leaves_in_one_call()
    {
        Send(64);
        EndBurst();
        Assert.Equal(2, _counting.Writes);

        Send(64);
        EndBurst();
        Assert.Equal(3, _counting.Writes);
    }

    [Fact]
    public void After_a_short_burst_the_first_frame_leaves_at_once_again()
    {
        Send(64);
        EndBurst();
        Send(2);
        EndBurst();
        int before = _counting.Writes;
        Send(1);
        Assert.False(_link.HasOutput);
        Assert.Equal(before + 1, _counting.Writes);
    }

    [Fact]
    public void A_burst_leaves_in_parts_while_it_grows()
    {
        lock (_sender.Engine.Gate)
        {
            // With the gate held nothing else can make it leave.
            for (int i = 0; i < 1_000; i++)
                Send(1);
            Assert.InRange(_link.BytesSent, 1_000 * FrameBytes - (16 * 1024), 1_000 * FrameBytes);
        }

        EndBurst();
        _receiver.WaitForFrames(_sent);
        Assert.Equal(Enumerable.Range(0, _sent), _receiver.Recorder.Frames.Select(frame => frame.Header.Tag));
    }

    [Fact]
    public void A_burst_into_a_full_channel_does_not_try_again_with_every_frame()
    {
        (Channel first, Channel second) = MemoryChannel.CreatePair(capacityBytes: 1024);
        CountingChannel counting = new(first);
        Link link = _sender.Add(counting);
        Link other = _receiver.Add(second);
        lock (_sender.Engine.Gate)
        {
            for (int i = 0; i < 1_000; i++)
                _sender.Send(link, Bytes.Of(8, i), i, urgent: false);
        }

        Assert.InRange(counting.Writes, 1, 3);
        Thread receiving = new(() => _receiver.Wait(() => other.FramesReceived == 1_000));
        receiving.Start();
        _sender.Wait(() => !link.HasOutput);
        receiving.Join();
    }

    [Fact]
    public void What_fills_a_call_but_for_its_header_leaves_in_one_call()
    {
        (Channel first, Channel second) = MemoryChannel.CreatePair(capacityBytes: 2 * Link.SendCallBytes);
        CountingChannel counting = new(first);
        using (second)
        {
            Link link = _sender.Add(counting);
            byte[] payload = GC.AllocateArray<byte>(Link.SendCallBytes, pinned: true);
            PayloadCounter owner = new();
            _sender.SendInPlace(link, payload, owner);
            Assert.False(link.HasOutput);
            Assert.Equal(1, owner.Sent);
            Assert.Equal(1, counting.Writes);
        }
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    private void Send(int frames)
    {
        // The background thread takes what has collected after a millisecond: within the gate it cannot.
        lock (_sender.Engine.Gate)
        {
            for (int i = 0; i < frames; i++)
                _sender.Send(_link, Bytes.Of(8, _sent), _sent++, urgent: false);
        }
    }

    private void EndBurst() => _sender.Wait(() => !_link.HasOutput);
}
