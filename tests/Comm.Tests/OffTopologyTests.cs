namespace BoxerMpi.Tests;

/// <summary>Messages between ranks that the topology does not link.</summary>
public sealed class OffTopologyTests
{
    public static TheoryData<string, OffTopologyPolicy, LocalTransport> Ways
    {
        get
        {
            TheoryData<string, OffTopologyPolicy, LocalTransport> ways = [];
            foreach (string topology in (string[])["ring", "tree", "grid:2x3", "star"])
            {
                ways.Add(topology, OffTopologyPolicy.Connect, LocalTransport.Memory);
                ways.Add(topology, OffTopologyPolicy.Relay, LocalTransport.Memory);
            }

            ways.Add("ring", OffTopologyPolicy.Connect, LocalTransport.Tcp);
            ways.Add("ring", OffTopologyPolicy.Relay, LocalTransport.Tcp);
            return ways;
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public Task Every_rank_reaches_every_other(string topology, OffTopologyPolicy policy, LocalTransport transport) =>
        LocalCluster.RunAsync(6, async (world, token) =>
        {
            foreach (int count in (int[])[1, 30_000])
            {
                List<Task> tasks = [];
                int[][] received = [.. Enumerable.Range(0, world.Size).Select(_ => new int[count])];
                for (int peer = 0; peer < world.Size; peer++)
                {
                    tasks.Add(world.ReceiveAsync<int>(received[peer], peer, 1, token).AsTask());
                    tasks.Add(world.SendAsync<int>(Ranks.Numbers(count, (world.Rank * 10) + peer), peer, 1, token).AsTask());
                }

                await Task.WhenAll(tasks);
                for (int peer = 0; peer < world.Size; peer++)
                    Assert.Equal(Ranks.Numbers(count, (peer * 10) + world.Rank), received[peer]);
            }

            // The others may still need this rank on their way.
            for (int peer = 0; peer < world.Size; peer++)
                world.Send(0, peer, tag: 2);
            for (int peer = 0; peer < world.Size; peer++)
                world.Receive<int>(peer, 2);
        }, Ranks.Over(transport) with { Topology = topology, OffTopology = policy });

    [Theory]
    [InlineData(OffTopologyPolicy.Connect)]
    [InlineData(OffTopologyPolicy.Relay)]
    public Task A_rank_without_a_link_is_reached_in_order_by_several_threads(OffTopologyPolicy policy) =>
        LocalCluster.RunAsync(4, world =>
        {
            int other = (world.Rank + 2) % 4;
            Thread[] threads = [.. Enumerable.Range(0, 3).Select(tag => new Thread(() =>
            {
                for (int i = 0; i < 300; i++)
                    world.Send(i, other, tag);
            }))];
            Array.ForEach(threads, thread => thread.Start());
            for (int tag = 2; tag >= 0; tag--)
            {
                for (int i = 0; i < 300; i++)
                    Assert.Equal(i, world.Receive<int>(other, tag));
            }

            Array.ForEach(threads, thread => thread.Join());
        }, Ranks.Over(LocalTransport.Memory) with { Topology = "ring", OffTopology = policy });

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task Long_messages_are_relayed_by_a_rank_that_is_busy_with_something_else(LocalTransport transport)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return LocalCluster.RunAsync(3, async (world, token) =>
        {
            const int bytes = 9_000_000;
            switch (world.Rank)
            {
                case 1:
                    await world.SendAsync<byte>(Ranks.Bytes(bytes, 1), 2, 1, token);
                    await world.SendAsync<byte>(Ranks.Bytes(3_000_000, 2), 2, 2, token);
                    world.Receive<int>(2, 3);
                    done.SetResult();
                    break;
                case 2:
                    byte[] buffer = new byte[bytes];
                    Assert.Equal(bytes, world.Receive<byte>(buffer, 1, 1).ByteCount);
                    Assert.Equal(Ranks.Bytes(bytes, 1), buffer);
                    using (Received<byte> second = world.ReceiveOwned<byte>(1, 2))
                        Assert.Equal(Ranks.Bytes(3_000_000, 2), second.Span);
                    world.Send(1, 1, tag: 3);
                    break;
                default:
                    await done.Task.WaitAsync(token);

                    // What passed through was bounded: no more than grants and credit allow at once.
                    Assert.True(world.Messenger.Engine.Links.All(link => !link.HasOutput));
                    Assert.Null(world.TryMatchedProbe());
                    break;
            }
        }, Ranks.Over(transport) with { Topology = "star", OffTopology = OffTopologyPolicy.Relay });
    }

    [Fact]
    public Task A_relayed_receive_that_is_cancelled_half_way_ends_well() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            const int bytes = 9_000_000;
            if (world.Rank == 1)
            {
                await world.SendAsync<byte>(Ranks.Bytes(bytes, 1), 2, 1, token);
                world.Send(6, 2, tag: 1);
                world.Receive<int>(2, 3);
            }
            else if (world.Rank == 2)
            {
                using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
                byte[] buffer = new byte[bytes];
                ValueTask<Status> receiving = world.ReceiveAsync<byte>(buffer, 1, 1, source.Token);
                world.DriveUntil(() => world.LinkTo(0).BytesReceived > 500_000);
                await source.CancelAsync();
                Assert.Equal(bytes, (await receiving).ByteCount);
                Assert.Equal(Ranks.Bytes(bytes, 1), buffer);
                Assert.Equal(6, world.Receive<int>(1, 1));
                world.Send(1, 1, tag: 3);
            }
        }, Ranks.Over(LocalTransport.Memory) with { Topology = "star", OffTopology = OffTopologyPolicy.Relay });

    [Fact]
    public Task A_refused_send_names_both_ranks() =>
        LocalCluster.RunAsync(4, async (world, token) =>
        {
            if (world.Rank != 0)
                return;
            LinkException error = Assert.Throws<LinkException>(() => world.Send(1, 2));
            Assert.Equal((0, 2), (error.Rank, error.Peer));
            Assert.Contains("Rank 0 may not send to rank 2: the topology ring has no such link", error.Message, StringComparison.Ordinal);
            Assert.Throws<LinkException>(() => world.SynchronousSend<int>(new int[1], 2));
            Assert.Throws<LinkException>(() => world.StartSend<int>(new int[1], 2).Wait());
            await Assert.ThrowsAsync<LinkException>(() => world.SendAsync<int>(new int[1], 2, 0, token).Soon());
            await Assert.ThrowsAsync<LinkException>(() => world.SendReceiveAsync<int>(new int[1], 2, new int[1], 1, 0, cancellationToken: token).Soon());
            Assert.Throws<LinkException>(() => world.SendReceive<int>(new int[1], 2, new int[1], 1));
            Assert.Empty(world.Messenger.DescribePending());
            world.Send(1, 1);
        }, Ranks.Over(LocalTransport.Memory) with { Topology = "ring", OffTopology = OffTopologyPolicy.Refuse });

    [Fact]
    public async Task A_link_that_cannot_be_had_fails_all_that_waits_for_it_and_may_be_wanted_again()
    {
        using Pair pair = new(linked: false);
        int wanted = 0;
        pair.First.Messenger.LinkWanted = _ =>
        {
            wanted++;
            return null;
        };
        Task[] sends = [.. Enumerable.Range(0, 3).Select(i => pair.First.SendAsync(i, 1, 0, TestContext.Current.CancellationToken).Soon())];
        pair.First.Messenger.LinkFailed(1, new LinkException(1, LinkStage.Punch, 3, "no way"));
        foreach (Task send in sends)
            Assert.Equal("no way", (await Assert.ThrowsAsync<LinkException>(() => send)).Message);

        Task again = pair.First.SendAsync(9, 1, 0, TestContext.Current.CancellationToken).Soon();
        Assert.Equal(2, wanted);
        pair.Link();
        await again;
        Assert.Equal(9, pair.Second.Receive<int>(0));
    }
}
