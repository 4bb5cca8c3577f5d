namespace BoxerMpi.Tests;

/// <summary>Communicators that are freed while operations are pending.</summary>
public sealed class FreeTests
{
    [Theory, InlineData(LocalTransport.Memory), InlineData(LocalTransport.Tcp)]
    public Task Pending_operations_complete_on_a_communicator_that_is_freed(LocalTransport transport) =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            Communicator child = world.CreateChild([0, 1], "child");
            int[] large = Ranks.Numbers(2_000_000, world.Rank), small = new int[1], received = new int[large.Length];
            if (world.Rank == 0)
            {
                Request request = child.StartReceive<int>(small, 1, 1);
                Request sending = child.StartSend<int>(large, 1, 2);
                Task<Status> receiving = child.ReceiveAsync<int>(received, Communicator.AnySource, 3, token).AsTask();
                Task<MatchedMessage> probing = child.MatchedProbeAsync(1, 4, token).AsTask();
                child.Free();
                Task ended = child.FreeAsync(token).AsTask();
                Assert.Throws<ObjectDisposedException>(() => child.Send(1, 1));
                Assert.Throws<ObjectDisposedException>(() => child.CreateChild([0, 1], "grandchild"));
                child.Dispose();
                Assert.False(ended.IsCompleted);
                world.Send(1, 1);

                Assert.Equal(4, request.Wait().ByteCount);
                Assert.Equal(77, small[0]);
                sending.Wait();
                Assert.Equal(1, (await receiving).Source);
                Assert.Equal(Ranks.Numbers(large.Length, 1), received);
                using MatchedMessage probed = await probing;
                await ended;
                Assert.True(IsClosed(child));
                Assert.Equal(4, probed.Receive<int>(small).Tag);
                world.Send(1, 1);
                return;
            }

            world.Receive<int>(0);
            child.Send(77, 0, tag: 1);
            child.Receive<int>(received, 0, 2);
            Assert.Equal(Ranks.Numbers(large.Length, 0), received);
            child.Send<int>(large, 0, 3);
            child.Send(5, 0, tag: 4);
            world.Receive<int>(0);

            // Nobody has it any more on the other rank, and nobody is told.
            child.Send(6, 0, tag: 5);
            child.Free();
            Assert.True(IsClosed(child));
        }, Ranks.Over(transport));

    [Fact]
    public Task A_communicator_that_is_freed_ends_with_operations_that_fail() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            Communicator child = world.CreateChild([0, 1], "child");
            Communicator other = world.CreateChild([0, 1], "other");
            if (world.Rank == 1)
            {
                world.Receive<int>(0);
                child.Revoke("enough");
                Assert.Equal(3, world.Receive<int>(0));
                child.Dispose();
                other.Free();
                return;
            }

            using CancellationTokenSource cancelled = new();
            Task<Status> first = child.ReceiveAsync<int>(new int[1], 1, 0, token).AsTask();
            Task<Status> second = other.ReceiveAsync<int>(new int[1], 1, 0, cancelled.Token).AsTask();
            Task[] ended = [child.FreeAsync(token).AsTask(), other.FreeAsync(token).AsTask()];
            Task givenUp = other.FreeAsync(cancelled.Token).AsTask();
            world.Send(2, 1);
            Assert.Equal("enough", (await Assert.ThrowsAsync<CommunicatorRevokedException>(() => first)).Reason);
            await ended[0];
            Assert.False(ended[1].IsCompleted);
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
            await ended[1];
            await Record.ExceptionAsync(() => givenUp);
            world.Send(3, 1);
        }, Ranks.Over(LocalTransport.Memory));

    [Fact]
    public async Task A_communicator_that_is_freed_ends_with_its_rank()
    {
        Task ended;
        using (Pair pair = new())
        {
            Communicator child = pair.First.CreateChild([0, 1], "child");
            Task<Status> receiving = child.ReceiveAsync<int>(new int[1], 1).AsTask();
            ended = child.FreeAsync().AsTask();
            Assert.False(ended.IsCompleted || receiving.IsCompleted);
        }

        await ended.WaitAsync(Ranks.Patience);
    }

    private static bool IsClosed(Communicator communicator)
    {
        lock (communicator.Messenger.Gate)
            return communicator.Messenger.Contexts.IsClosed(communicator.Identity);
    }
}
