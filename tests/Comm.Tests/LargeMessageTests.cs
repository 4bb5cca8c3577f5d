namespace BoxerMpi.Tests;

/// <summary>Messages longer than 2³¹ bytes. They need about 5 GiB and run when asked for: <c>Comm.Tests -explicit only</c>.</summary>
public sealed class LargeMessageTests
{
    [Theory(Explicit = true)]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task A_message_of_more_than_two_gibibytes_arrives_whole(LocalTransport transport)
    {
        const int elements = 290_000_000;
        const long bytes = elements * 8L;
        return LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 0)
            {
                long[] data = GC.AllocateUninitializedArray<long>(elements);
                for (int i = 0; i < elements; i++)
                    data[i] = i * 3L;
                world.Send<long>(data, 1, 1);
                return;
            }

            using MatchedMessage message = world.MatchedProbe(0, 1);
            Assert.Equal((bytes, elements), (message.ByteCount, message.Count<long>()));
            using Received<long> received = message.ReceiveOwned<long>();
            long at = 0;
            foreach (ReadOnlyMemory<long> piece in received.Pieces())
            {
                foreach (long value in piece.Span)
                {
                    if (value != at * 3)
                        Assert.Fail($"Element {at} is {value}.");
                    at++;
                }
            }

            Assert.Equal(elements, at);
        }, new() { Transport = transport, Timeout = TimeSpan.FromMinutes(2) });
    }
}
