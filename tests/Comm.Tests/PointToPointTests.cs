namespace BoxerMpi.Tests;

/// <summary>Messages between two or more ranks, over every transport.</summary>
public sealed class PointToPointTests
{
    public static TheoryData<LocalTransport, int> Shapes => new()
    {
        { LocalTransport.Memory, 0 },
        { LocalTransport.Memory, 1 },
        { LocalTransport.Memory, 1000 },
        { LocalTransport.Memory, 20_000 },
        { LocalTransport.Memory, 3_000_001 },
        { LocalTransport.Tcp, 0 },
        { LocalTransport.Tcp, 1 },
        { LocalTransport.Tcp, 1000 },
        { LocalTransport.Tcp, 20_000 },
        { LocalTransport.Tcp, 3_000_001 },
    };

    private static LocalClusterOptions Over(LocalTransport transport) => Ranks.Over(transport);

    [Theory, MemberData(nameof(Shapes))]
    public Task Elements_arrive_as_they_were_sent(LocalTransport transport, int count) =>
        LocalCluster.RunAsync(2, world =>
        {
            int[] data = Numbers(count, world.Rank);
            int[] received = new int[count];
            if (world.Rank == 0)
            {
                world.Send<int>(data, 1, tag: 3);
                Assert.Equal(new Status(1, 4, count * 4L), world.Receive<int>(received, 1, 4));
            }
            else
            {
                Assert.Equal(new Status(0, 3, count * 4L), world.Receive<int>(received, 0, 3));
                world.Send<int>(data, 0, tag: 4);
            }

            Assert.Equal(Numbers(count, 1 - world.Rank), received);
        }, Over(transport));

    [Theory, MemberData(nameof(Shapes))]
    public Task Both_ranks_may_send_and_receive_at_once(LocalTransport transport, int count) =>
        LocalCluster.RunAsync(2, world =>
        {
            int[] received = new int[count];
            for (int round = 0; round < 3; round++)
                world.SendReceive<int>(Numbers(count, world.Rank + round), 1 - world.Rank, received, 1 - world.Rank);
            Assert.Equal(Numbers(count, 3 - world.Rank), received);
        }, Over(transport));

    [Theory, MemberData(nameof(Shapes))]
    public Task Asynchronous_sends_and_receives_meet(LocalTransport transport, int count) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            int next = (world.Rank + 1) % 3, previous = (world.Rank + 2) % 3;
            int[] received = new int[count];
            for (int round = 0; round < 5; round++)
            {
                ValueTask<Status> receiving = world.ReceiveAsync<int>(received, previous, 1, token);
                await world.SendAsync<int>(Numbers(count, world.Rank), next, 1, token);
                Assert.Equal(count * 4L, (await receiving).ByteCount);
                Assert.Equal(Numbers(count, previous), received);
            }
        }, Over(transport));

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task Messages_of_one_rank_and_tag_keep_their_order(LocalTransport transport) =>
        LocalCluster.RunAsync(2, world =>
        {
            const int count = 20_000;
            if (world.Rank == 0)
            {
                for (int i = 0; i < count; i++)
                    world.Send(i, 1, tag: i % 3);
            }
            else
            {
                for (int tag = 2; tag >= 0; tag--)
                {
                    for (int i = tag; i < count; i += 3)
                        Assert.Equal(i, world.Receive<int>(0, tag));
                }
            }
        }, Over(transport));

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task Unexpected_messages_beyond_the_credit_wait_at_the_sender(LocalTransport transport) =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            const int count = 200, bytes = 100_000;
            if (world.Rank == 0)
            {
                Task[] sends = [.. Enumerable.Range(0, count).Select(i => world.SendAsync<byte>(Enumerable.Repeat((byte)i, bytes).ToArray(), 1, 0, token).AsTask())];
                world.Send(1, 1, tag: 9);
                await Task.WhenAll(sends);
            }
            else
            {
                // The small message behind overtakes none of the others, but its tag is asked for first.
                Assert.Equal(1, world.Receive<int>(0, 9));
                byte[] received = new byte[bytes];
                for (int i = 0; i < count; i++)
                {
                    world.Receive<byte>(received, 0, 0);
                    Assert.Equal((byte)i, received[bytes - 1]);
                }
            }
        }, Over(transport));

    [Fact]
    public Task A_message_may_be_received_from_any_rank_with_any_tag() =>
        LocalCluster.RunAsync(5, world =>
        {
            if (world.Rank > 0)
            {
                world.Send(world.Rank * 10, 0, tag: world.Rank);
                return;
            }

            HashSet<int> seen = [];
            for (int i = 0; i < 4; i++)
            {
                int[] value = new int[1];
                Status status = world.Receive<int>(value);
                Assert.Equal(status.Source * 10, value[0]);
                Assert.Equal(status.Source, status.Tag);
                seen.Add(status.Source);
            }

            Assert.Equal([1, 2, 3, 4], seen.Order());
        });

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public Task A_rank_can_send_to_itself(int count) =>
        LocalCluster.RunAsync(1, async (world, token) =>
        {
            int[] received = new int[count];
            ValueTask sending = world.SendAsync<int>(Numbers(count, 5), 0, 2, token);
            Status status = world.Receive<int>(received, 0, 2);
            await sending;
            Assert.Equal(new Status(0, 2, count * 4L), status);
            Assert.Equal(Numbers(count, 5), received);

            // The other way round: the receive is posted first.
            ValueTask<Status> receiving = world.ReceiveAsync<int>(received, 0, 3, token);
            world.Send<int>(Numbers(count, 6), 0, 3);
            await receiving;
            Assert.Equal(Numbers(count, 6), received);
        });

    [Theory]
    [InlineData(LocalTransport.Memory, 8)]
    [InlineData(LocalTransport.Memory, 500_000)]
    [InlineData(LocalTransport.Tcp, 8)]
    [InlineData(LocalTransport.Tcp, 500_000)]
    public Task A_synchronous_send_ends_after_the_receive_has_matched(LocalTransport transport, int bytes) =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                Task send = world.SynchronousSendAsync<byte>(new byte[bytes], 1, 1, token).AsTask();
                Assert.Equal(0, world.Receive<int>(1, 2));
                Assert.False(send.IsCompleted);
                world.Send(0, 1, tag: 3);
                await send;
            }
            else
            {
                world.Send(0, 0, tag: 2);
                world.Receive<int>(0, 3);
                world.Receive<byte>(new byte[bytes], 0, 1);
            }
        }, Over(transport));

    [Fact]
    public Task Strict_mode_exposes_two_ranks_that_both_send_first() =>
        LocalCluster.RunAsync(2, world =>
        {
            MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(() => world.Send(1, 1 - world.Rank, tag: 0));
            Assert.Contains("posted no matching receive", error.Message, StringComparison.Ordinal);
            Assert.Equal([1 - world.Rank], error.MissingRanks);
        }, new LocalClusterOptions { Strict = true, OperationTimeout = TimeSpan.FromMilliseconds(200) });

    [Fact]
    public Task Short_sends_do_not_wait_for_their_receives() =>
        LocalCluster.RunAsync(2, world =>
        {
            int[] data = new int[16 * 1024], received = new int[16 * 1024];
            world.Send<int>(data, 1 - world.Rank);
            world.Receive<int>(received, 1 - world.Rank);
        });

    [Fact]
    public Task A_message_longer_than_the_buffer_is_an_error_and_the_link_stays_usable() =>
        LocalCluster.RunAsync(2, world =>
        {
            foreach (int count in new[] { 10, 100_000, 3_000_000 })
            {
                if (world.Rank == 0)
                {
                    world.Send<int>(Numbers(count, 1), 1, 1);
                    world.Send(77, 1, tag: 2);
                    continue;
                }

                int[] small = new int[7];
                MessageTruncatedException error = Assert.Throws<MessageTruncatedException>(() => world.Receive<int>(small, 0, 1));
                Assert.Equal(28, error.ExpectedBytes);
                Assert.Equal(count * 4L, error.ActualBytes);
                Assert.Equal(0, error.Peer);
                Assert.Equal(Numbers(7, 1), small);
                Assert.Equal(77, world.Receive<int>(0, 2));
            }
        });

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(2_000_000)]
    public Task A_message_of_unknown_length_comes_in_memory_of_its_own(int count) =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                world.Send<int>(Numbers(count, 1), 1, 1);
                world.Send<int>(Numbers(count, 2), 1, 2);
                await world.SendAsync<int>(Numbers(count, 3), 1, 3, token);
                return;
            }

            using (Received<int> first = world.ReceiveOwned<int>(0, 1))
                Assert.Equal(Numbers(count, 1), first.Span);
            using (MatchedMessage probed = world.MatchedProbe(0, 2))
            {
                Assert.Equal(count, probed.Count<int>());
                Assert.Null(world.TryMatchedProbe(0, 2));
                using Received<int> second = probed.ReceiveOwned<int>();
                Assert.Equal(Numbers(count, 2), second.Span);
                Assert.Throws<InvalidOperationException>(() => probed.Receive<int>(new int[1]));
            }

            using Received<int> third = await world.ReceiveOwnedAsync<int>(0, 3, token);
            Assert.Equal(new Status(0, 3, count * 4L), third.Status);
            Assert.Equal(Numbers(count, 3), third.Memory.ToArray());
        });

    [Fact]
    public Task A_matched_message_is_out_of_reach_of_other_receives() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                world.Send(1, 1);
                world.Send(2, 1);
                return;
            }

            using MatchedMessage first = await world.MatchedProbeAsync(0, 0, token);
            Assert.Equal(2, world.Receive<int>(0, 0));
            int[] value = new int[1];
            await first.ReceiveAsync<int>(value, token);
            Assert.Equal(1, value[0]);
        });

    [Fact]
    public Task Objects_travel_through_MemoryPack() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            Dictionary<string, int[]> value = new() { ["a"] = [1, 2], ["b"] = [] };
            if (world.Rank == 0)
            {
                world.SendObject(value, 1, 5);
                await world.SendObjectAsync<string?>(null, 1, 6, token);
                world.Send<byte>(new byte[] { 255, 255, 255, 127, 1 }, 1, 7);
                return;
            }

            (Dictionary<string, int[]>? received, Status status) = world.ReceiveObject<Dictionary<string, int[]>>(0, 5);
            Assert.Equal(value, received);
            Assert.Equal(5, status.Tag);
            Assert.Null((await world.ReceiveObjectAsync<string>(0, 6, token)).Value);
            Assert.Throws<WireFormatException>(() => world.ReceiveObject<int[]>(0, 7));
        });

    [Fact]
    public Task Requests_can_be_polled_and_waited_for_in_any_order() =>
        LocalCluster.RunAsync(3, world =>
        {
            if (world.Rank > 0)
            {
                world.Receive<int>(0, 1);
                world.Send(world.Rank, 0, tag: 2);
                world.Send<int>(Numbers(100_000, world.Rank), 0, 3);
                return;
            }

            int[][] small = [new int[1], new int[1]], large = [new int[100_000], new int[100_000]];
            Request[] receives = [world.StartReceive<int>(small[0], 1, 2), world.StartReceive<int>(small[1], 2, 2)];
            Request[] others = [world.StartReceive<int>(large[0], 1, 3), world.StartReceive<int>(large[1], 2, 3)];
            Assert.False(receives[0].Test(out _));
            world.Send(0, 2, tag: 1);
            (int index, Status status) = Request.WaitAny(receives);
            Assert.Equal((1, 2), (index, status.Source));
            world.StartSend<int>(new int[1], 1, 1).Wait();
            while (!receives[0].Test(out status))
                Thread.Yield();
            Assert.Equal(1, status.Source);
            Assert.Equal([400_000, 400_000], Request.WaitAll(others).Select(s => (int)s.ByteCount));
            Assert.Equal(Numbers(100_000, 2), large[1]);
        });

    [Fact]
    public void Short_messages_to_this_rank_wait_for_no_receive_whatever_the_eager_limit()
    {
        using Pair pair = new(new() { EagerLimitBytes = 0 });
        const int limit = Transport.Link.CopyLimitBytes;
        foreach (int rank in (int[])[0, 1])
            pair.First.Send<byte>(new byte[limit], rank, timeout: Ranks.Patience);
        Assert.Equal(limit, pair.First.Receive<byte>(new byte[limit], 0).ByteCount);
        Assert.Equal(limit, pair.Second.Receive<byte>(new byte[limit], 0).ByteCount);
        Assert.Throws<MpiTimeoutException>(() => pair.First.Send<byte>(new byte[limit + 1], 0, timeout: TimeSpan.FromMilliseconds(50)));
        Assert.Throws<MpiTimeoutException>(() => pair.First.SynchronousSend<byte>(new byte[1], 0, timeout: TimeSpan.FromMilliseconds(50)));
    }

    [Fact]
    public Task Several_threads_may_wait_on_one_communicator() =>
        LocalCluster.RunAsync(2, world =>
        {
            Exception?[] errors = new Exception?[8];
            Thread[] threads = [.. Enumerable.Range(0, 8).Select(thread => new Thread(() => errors[thread] = Record.Exception(() =>
            {
                for (int i = 0; i < 200; i++)
                {
                    world.Send(i, 1 - world.Rank, tag: thread);
                    Assert.Equal(i, world.Receive<int>(1 - world.Rank, thread));
                }
            })))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.All(errors, Assert.Null);
        });

    private static int[] Numbers(int count, int seed)
    {
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++)
            numbers[i] = unchecked((i * 31) + seed);
        return numbers;
    }
}
