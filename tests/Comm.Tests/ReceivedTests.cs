using System.Runtime.InteropServices;

namespace BoxerMpi.Tests;

/// <summary>Messages in memory of their own, also those longer than a span.</summary>
public sealed unsafe class ReceivedTests
{
    [Theory]
    [InlineData(1L << 31)]
    [InlineData((1L << 32) + 1)]
    public void A_message_longer_than_a_span_names_its_pieces(long count)
    {
        // Nothing reads it, so a byte is enough.
        using Received<byte> received = new((byte*)NativeMemory.Alloc(1), count, new Status(0, 0, count));
        Func<object>[] calls = [() => received.Span.Length, () => received.GetSpan().Length, () => received.Memory.Length];
        foreach (Func<object> call in calls)
        {
            InvalidOperationException error = Assert.Throws<InvalidOperationException>(call);
            Assert.Contains($"{count} elements", error.Message, StringComparison.Ordinal);
            Assert.Contains("Pieces", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(count, received.Count);
        Assert.Equal(count, received.Pieces().Sum(piece => (long)piece.Length));
        nint start = (nint)received.Pin().Pointer;
        Assert.Equal(int.MaxValue, (nint)received.Pin(int.MaxValue).Pointer - start);
        Assert.Throws<ArgumentOutOfRangeException>(() => received.Pin(-1));
    }

    [Fact]
    public void Pins_lie_within_the_message()
    {
        Received<int> received = new((byte*)NativeMemory.Alloc(12), 12, new Status(0, 0, 12));
        nint start = (nint)received.Pin().Pointer;
        Assert.Equal(12, (nint)received.Pin(3).Pointer - start);
        Assert.Throws<ArgumentOutOfRangeException>(() => received.Pin(4));
        ReadOnlyMemory<int> piece = received.Pieces().Single();
        using (var pin = piece.Slice(1).Pin())
            Assert.Equal(4, (nint)pin.Pointer - start);
        ((IDisposable)received).Dispose();
        Assert.Throws<ObjectDisposedException>(() => received.Pin());
        Assert.Throws<ObjectDisposedException>(() => piece.Pin());
    }
}
