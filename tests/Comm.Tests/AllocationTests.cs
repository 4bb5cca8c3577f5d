namespace BoxerMpi.Tests;

/// <summary>Calls that are made millions of times allocate nothing after the first ones.</summary>
public sealed class AllocationTests
{
    private const int Calls = 10_000;

    // A pool or a table may still grow once; a single object for each call would be 60,000 at least.
    private const long Allowed = 4_000;

    [Theory]
    [InlineData(LocalTransport.Memory, 8)]
    [InlineData(LocalTransport.Tcp, 8)]
    [InlineData(LocalTransport.Tcp, 20_000)]
    public Task A_round_trip_allocates_nothing(LocalTransport transport, int bytes) =>
        LocalCluster.RunAsync(2, world =>
        {
            byte[] data = new byte[bytes];
            int other = 1 - world.Rank, calls = transport == LocalTransport.Memory ? Calls : Calls / 4;
            Rounds(200);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Rounds(calls);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Allowed);

            void Rounds(int count)
            {
                for (int i = 0; i < count; i++)
                {
                    if (world.Rank == 0)
                        world.Send<byte>(data, other);
                    world.Receive<byte>(data, other);
                    if (world.Rank == 1)
                        world.Send<byte>(data, other);
                }
            }
        }, Ranks.Over(transport));

    [Fact]
    public Task Asynchronous_calls_that_end_at_once_allocate_nothing() =>
        LocalCluster.RunAsync(1, world =>
        {
            byte[] data = new byte[100];
            Calls(200);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Calls(AllocationTests.Calls);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Allowed);

            void Calls(int count)
            {
                for (int i = 0; i < count; i++)
                {
                    ValueTask sending = world.SendAsync<byte>(data, 0);
                    ValueTask<Status> receiving = world.ReceiveAsync<byte>(data, 0);
                    Assert.True(sending.IsCompletedSuccessfully && receiving.IsCompletedSuccessfully);
                    sending.GetAwaiter().GetResult();
                    receiving.GetAwaiter().GetResult();
                }
            }
        });

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task Asynchronous_sends_to_another_rank_allocate_nothing(LocalTransport transport) =>
        LocalCluster.RunAsync(2, world =>
        {
            byte[] data = new byte[100];
            Calls(500);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Calls(AllocationTests.Calls);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Allowed);

            void Calls(int count)
            {
                for (int i = 0; i < count; i++)
                {
                    if (world.Rank == 0)
                    {
                        ValueTask sending = world.SendAsync<byte>(data, 1);
                        Assert.True(sending.IsCompletedSuccessfully);
                        sending.GetAwaiter().GetResult();
                    }
                    else
                    {
                        world.Receive<byte>(data, 0);
                    }

                    // The sender never gets far ahead, so that the credit lasts.
                    if (i % 64 == 63)
                        world.SendReceive<byte>(data.AsSpan(0, 1), 1 - world.Rank, data.AsSpan(1, 1), 1 - world.Rank, tag: 1);
                }
            }
        }, Ranks.Over(transport));
}
