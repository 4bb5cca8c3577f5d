using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous.Tests;

public class FrameBufferTests
{
    private static readonly int[] PayloadBytes = [0, 1, 600, 0, 3000, 5];

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(4, true)]
    [InlineData(7, false)]
    [InlineData(5000, true)]
    [InlineData(5000, false)]
    public void Frames_are_put_together_from_whatever_pieces(int pieceBytes, bool beyond)
    {
        byte[] stream = [.. PayloadBytes.SelectMany((count, i) => Frame(i, count).ToArray())];
        FrameBuffer frames = new();
        List<int> found = [];
        for (int sent = 0; found.Count < PayloadBytes.Length;)
        {
            if (frames.TryTake(out ControlFrame frame))
            {
                Assert.Equal(ControlKind.Signal, frame.Kind);
                Assert.All(frame.Payload.ToArray(), value => Assert.Equal(found.Count, value));
                found.Add(frame.Payload.Length);
                continue;
            }

            Memory<byte> room = frames.Room(beyond);
            int count = Math.Min(Math.Min(pieceBytes, room.Length), stream.Length - sent);
            stream.AsMemory(sent, count).CopyTo(room);
            frames.Add(count);
            sent += count;
        }

        Assert.Equal(PayloadBytes, found);
        Assert.True(frames.Rest.IsEmpty);
    }

    [Fact]
    public void There_is_no_room_beyond_the_frame_when_the_bytes_behind_it_are_anothers()
    {
        ReadOnlyMemory<byte> frame = Frame(7, 600);
        FrameBuffer frames = new();
        for (int sent = 0; !frames.TryTake(out _);)
        {
            Memory<byte> room = frames.Room(beyond: false);
            Assert.Equal(sent == 0 ? ControlFrame.PrefixBytes : frame.Length - sent, room.Length);
            frame.Slice(sent, room.Length).CopyTo(room);
            frames.Add(room.Length);
            sent += room.Length;
        }
    }

    [Fact]
    public void What_came_behind_a_frame_is_kept()
    {
        FrameBuffer frames = new();
        byte[] bytes = [.. Frame(1, 3).ToArray(), 42, 43];
        bytes.CopyTo(frames.Room(beyond: true));
        frames.Add(bytes.Length);
        Assert.True(frames.TryTake(out _));
        Assert.Equal([42, 43], frames.Rest.ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(Limits.StrangerFrameBytes + 1)]
    public void A_frame_that_is_not_allowed_is_refused_before_there_is_room_for_it(int length)
    {
        FrameBuffer frames = new();
        BitConverter.GetBytes(length).CopyTo(frames.Room(beyond: false));
        frames.Add(ControlFrame.PrefixBytes);
        WireFormatException error = Assert.Throws<WireFormatException>(() => frames.TryTake(out _));
        Assert.Contains($"{length} bytes was announced", error.Message, StringComparison.Ordinal);
    }

    private static ReadOnlyMemory<byte> Frame(int value, int count) =>
        new MessageWriter(ControlKind.Signal).Bytes([.. Enumerable.Repeat((byte)value, count)]).Finish();
}
