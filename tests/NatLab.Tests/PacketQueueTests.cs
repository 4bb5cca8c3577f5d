using BoxerMpi.NatLab.Relay;

namespace BoxerMpi.NatLab.Tests;

/// <summary>The relay's ring of packets, against a plain queue.</summary>
public sealed unsafe class PacketQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Packets_leave_in_their_order_and_unchanged(int seed)
    {
        // Four of the largest packets: the ring is full and turns over all the time.
        using PacketQueue queue = new(4 * PacketSocket.MostBytes);
        Queue<(int Length, int Link, long Due, byte Fill)> expected = new();
        Random random = new(seed);
        int refused = 0;
        for (int step = 0; step < 5000; step++)
        {
            if (random.Next(2) == 0 && queue.Room() is var room && room is not null)
            {
                int length = random.Next(3) == 0 ? PacketSocket.MostBytes : random.Next(1, 3000);
                byte fill = (byte)random.Next(256);
                new Span<byte>(room, length).Fill(fill);
                queue.Add(length, step, due: step * 10L);
                expected.Enqueue((length, step, step * 10L, fill));
            }
            else if (expected.Count > 0 && (random.Next(2) == 0 || queue.Room() is null))
            {
                refused += queue.Room() is null ? 1 : 0;
                (int length, int link, long due, byte fill) = expected.Dequeue();
                Assert.Equal(due, queue.FirstDue);
                ReadOnlySpan<byte> packet = new(queue.Take(out int takenLength, out int takenLink), length);
                Assert.Equal((length, link), (takenLength, takenLink));
                Assert.Equal(-1, packet.IndexOfAnyExcept(fill));
            }

            Assert.Equal(expected.Count == 0, queue.IsEmpty);
        }

        Assert.True(refused > 0, "The ring was never full.");
    }
}
