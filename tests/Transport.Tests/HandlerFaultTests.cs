using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>What a frame makes the layer above throw ends its link, and nothing else.</summary>
public sealed class HandlerFaultTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_exception_of_a_handler_closes_the_link_with_the_reason(bool atBegin)
    {
        using Station station = new();
        (MemoryChannel near, MemoryChannel far) = MemoryChannel.CreatePair();
        (MemoryChannel otherNear, MemoryChannel otherFar) = MemoryChannel.CreatePair();
        Link link = station.Add(near), other = station.Add(otherNear);
        if (atBegin)
            station.Recorder.Target = header => header.Tag == 0 ? throw new InvalidOperationException("a mistake") : null;
        else
            station.Recorder.Ended = (_, header) => Assert.NotEqual(0, header.Tag);
        using Station sender = new();
        Link sending = sender.Add(far), sendingOther = sender.Add(otherFar);
        sender.Send(sending, [1, 2, 3]);
        IOException reason = Assert.IsType<IOException>(station.WaitForEnd());
        Assert.Contains("Eager frame of 3 bytes", reason.Message, StringComparison.Ordinal);
        Assert.NotNull(reason.InnerException);
        Assert.True(link.IsClosed);

        // The other link works on.
        sender.Send(sendingOther, [4], tag: 7);
        station.Wait(() => station.Recorder.Frames.Any(frame => frame.Header.Tag == 7));
        Assert.False(other.IsClosed);
    }
}
