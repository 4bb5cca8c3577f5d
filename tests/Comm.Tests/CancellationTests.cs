using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>Operations that are taken back: the caller's memory is left alone and the link goes on.</summary>
public sealed class CancellationTests
{
    private const int EagerBytes = 2_000_000;
    private const int OfferedBytes = 6_000_000;

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task A_posted_receive_is_withdrawn(LocalTransport transport) =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                Assert.Equal(1, world.Receive<int>(1, 2));
                world.Send(77, 1, tag: 1);
                return;
            }

            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
            int[] first = [0], second = [0];
            ValueTask<Status> receiving = world.ReceiveAsync<int>(first, 0, 1, source.Token);
            await source.CancelAsync();
            OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
            Assert.Equal(source.Token, error.CancellationToken);

            world.Send(1, 0, tag: 2);
            Assert.Equal(4, world.Receive<int>(second, 0, 1).ByteCount);
            Assert.Equal((0, 77), (first[0], second[0]));
        }, Ranks.Over(transport));

    [Fact]
    public async Task A_token_that_has_fired_starts_nothing()
    {
        using Pair pair = new();
        CancellationToken fired = new(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.First.ReceiveAsync<int>(new int[1], 1, 0, fired));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.First.SendAsync<int>(new int[1], 1, 0, fired));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.First.MatchedProbeAsync(1, 0, fired));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.First.ReceiveOwnedAsync<int>(1, 0, fired));
        Assert.Empty(pair.First.Messenger.DescribePending());
    }

    [Theory]
    [InlineData(LocalTransport.Memory, EagerBytes)]
    [InlineData(LocalTransport.Memory, OfferedBytes)]
    [InlineData(LocalTransport.Tcp, EagerBytes)]
    [InlineData(LocalTransport.Tcp, OfferedBytes)]
    public Task A_receive_whose_message_is_arriving_gets_it_though_it_is_cancelled(LocalTransport transport, int bytes) =>
        CancelHalfWay(transport, bytes, async (world, cancelled) =>
        {
            byte[] buffer = new byte[bytes];
            ValueTask<Status> receiving = world.ReceiveAsync<byte>(buffer, 0, 1, cancelled.Token);
            await cancelled.HalfWayAsync();
            Assert.Equal(bytes, (await receiving).ByteCount);
            Assert.Equal(Ranks.Bytes(bytes, 1), buffer);
        });

    [Theory]
    [InlineData(LocalTransport.Memory, EagerBytes, false)]
    [InlineData(LocalTransport.Memory, EagerBytes, true)]
    [InlineData(LocalTransport.Tcp, EagerBytes, false)]
    [InlineData(LocalTransport.Tcp, OfferedBytes, false)]
    [InlineData(LocalTransport.Memory, OfferedBytes, true)]
    public Task The_message_of_a_receive_that_times_out_while_it_is_arriving_goes_to_the_next(LocalTransport transport, int bytes, bool posted) =>
        CancelHalfWay(transport, bytes, async (world, cancelled) =>
        {
            byte[] first = new byte[bytes], second = new byte[bytes];
            Request receiving = world.StartReceive<byte>(first, 0, 1);
            Request? waiting = posted ? world.StartReceive<byte>(second, Communicator.AnySource, 1) : null;
            world.DriveUntil(() => world.LinkTo(0).BytesReceived > 100_000);
            Assert.Throws<MpiTimeoutException>(() => receiving.Wait(TimeSpan.FromTicks(1)));
            byte[] seen = (byte[])first.Clone();
            await cancelled.HalfWayAsync();
            waiting ??= world.StartReceive<byte>(second, 0, 1);
            Assert.Equal(bytes, waiting.Wait().ByteCount);
            Assert.Equal(Ranks.Bytes(bytes, 1), second);
            Assert.Equal(seen, first);
        });

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task A_receive_that_waits_for_a_message_in_library_memory_gets_it_though_it_is_cancelled(LocalTransport transport) =>
        CancelHalfWay(transport, EagerBytes, async (world, cancelled) =>
        {
            // It begins to arrive before there is a receive; the receive claims it, to get the library's memory.
            world.DriveUntil(() => world.LinkTo(0).BytesReceived > 100_000);
            ValueTask<Received<byte>> receiving = world.ReceiveOwnedAsync<byte>(0, 1, cancelled.Token);
            await cancelled.HalfWayAsync();
            using Received<byte> received = await receiving;
            Assert.True(received.Span.SequenceEqual(Ranks.Bytes(EagerBytes, 1)));
        });

    [Theory]
    [InlineData(100, true)]
    [InlineData(OfferedBytes, false)]
    [InlineData(OfferedBytes, true)]
    public async Task An_announced_send_is_taken_back(int bytes, bool synchronous)
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        byte[] received = new byte[bytes];
        ValueTask sending = Start(pair.First, Ranks.Bytes(bytes, 3), synchronous, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        Assert.Equal(0, pair.First.Messenger.AnnouncedSends);
        Assert.Equal(0, pair.First.Messenger.Engine.AsynchronousOperations);

        pair.First.Send(5, 1, tag: 2);
        Assert.Equal(5, pair.Second.Receive<int>(0, 2));
        Assert.Null(pair.Second.TryMatchedProbe(0, 1));
        ValueTask next = Start(pair.First, Ranks.Bytes(bytes, 4), synchronous, TestContext.Current.CancellationToken);
        pair.Second.Receive<byte>(received, 0, 1);
        await next.Soon();
        Assert.Equal(Ranks.Bytes(bytes, 4), received);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(OfferedBytes, false)]
    public async Task A_receive_whose_message_is_taken_back_as_it_asks_for_it_gets_the_next(int bytes, bool owned)
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        CancellationToken token = TestContext.Current.CancellationToken;
        byte[][] buffers = [new byte[bytes], new byte[bytes]];
        ValueTask sending = Start(pair.First, Ranks.Bytes(bytes, 3), synchronous: true, source.Token);

        // The receiver asks for the message, and only then hears that it was taken back.
        ValueTask<Status> receiving = default;
        ValueTask<Received<byte>> receivingOwned = default;
        lock (pair.First.Messenger.Gate)
        {
            if (owned)
                receivingOwned = pair.Second.ReceiveOwnedAsync<byte>(0, 1, token);
            else
                receiving = pair.Second.ReceiveAsync<byte>(buffers[0], 0, 1, token);
            Assert.Equal(1, pair.Second.Messenger.AskedFor);
            source.Cancel();
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        ValueTask<Status> second = pair.Second.ReceiveAsync<byte>(buffers[1], Communicator.AnySource, 1, token);
        Task[] more =
        [
            Start(pair.First, Ranks.Bytes(bytes, 4), false, token).Soon(),
            Start(pair.First, Ranks.Bytes(bytes, 5), false, token).Soon(),
        ];
        if (owned)
        {
            using Received<byte> received = await receivingOwned.Soon();
            received.Span.CopyTo(buffers[0]);
        }
        else
        {
            await receiving.Soon();
        }

        await second.Soon();
        await Task.WhenAll(more);
        Assert.Equal(Ranks.Bytes(bytes, 4), buffers[0]);
        Assert.Equal(Ranks.Bytes(bytes, 5), buffers[1]);
        Assert.Equal(0, pair.Second.Messenger.AskedFor);
    }

    [Fact]
    public async Task A_send_that_others_have_followed_is_delivered_or_taken_back_as_the_receiver_says()
    {
        using Pair pair = new();
        using CancellationTokenSource first = new(), second = new();
        CancellationToken token = TestContext.Current.CancellationToken;
        byte[] data = Ranks.Bytes(100, 3), received = new byte[100];
        ValueTask matched = Start(pair.First, data, synchronous: true, first.Token);
        ValueTask waiting = Start(pair.First, data, synchronous: true, second.Token);
        pair.First.Send(5, 1, tag: 1);
        ValueTask<Status> receiving = default, overtaking = default;
        lock (pair.First.Messenger.Gate)
        {
            // Both receives have their message before the sender hears of it; the order would be another if the first lost it now.
            receiving = pair.Second.ReceiveAsync<byte>(received, 0, 1, token);
            Assert.Equal(1, pair.Second.Messenger.AskedFor);
            first.Cancel();
            second.Cancel();
        }

        await matched.Soon();
        await receiving.Soon();
        Assert.Equal(data, received);
        Task taken = waiting.Soon();
        int[] next = [0];
        overtaking = pair.Second.ReceiveAsync<int>(next, 0, 1, token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);
        await overtaking.Soon();
        Assert.Equal(5, next[0]);
    }

    [Fact]
    public async Task A_message_that_is_taken_back_after_it_was_probed_is_lost_to_the_holder()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        ValueTask sending = Start(pair.First, new byte[100], synchronous: true, source.Token);
        using MatchedMessage probed = pair.Second.MatchedProbe(0, 1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        pair.First.Send(5, 1, tag: 2);
        Assert.Equal(5, pair.Second.Receive<int>(0, 2));
        MessageLostException error = Assert.Throws<MessageLostException>(() => probed.Receive<byte>(new byte[100]));
        Assert.Equal((0, 1), (error.Peer, error.Tag));
    }

    [Fact]
    public async Task A_send_that_is_leaving_ends_well_though_it_is_cancelled()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        byte[] data = Ranks.Bytes(EagerBytes, 3), received = new byte[EagerBytes];

        // Nobody reads: the ring is full before the message has left.
        ValueTask sending = pair.First.SendAsync<byte>(data, 1, 1, source.Token);
        Assert.False(sending.IsCompleted);
        await source.CancelAsync();
        await sending.Soon();
        data.AsSpan().Clear();

        await pair.Second.ReceiveAsync<byte>(received, 0, 1, TestContext.Current.CancellationToken).Soon();
        Assert.Equal(Ranks.Bytes(EagerBytes, 3), received);
    }

    [Fact]
    public void A_send_that_times_out_is_not_received()
    {
        using Pair pair = new();
        Assert.Throws<MpiTimeoutException>(() => pair.First.SynchronousSend<int>([1], 1, 1, TimeSpan.FromMilliseconds(10)));
        pair.First.Send(2, 1, tag: 1);
        Assert.Equal(2, pair.Second.Receive<int>(0, 1));
        Assert.Null(pair.Second.TryMatchedProbe(0, 1));
    }

    [Fact]
    public async Task A_send_that_waits_for_its_link_is_withdrawn_and_its_neighbours_are_not()
    {
        using Pair pair = new(linked: false);
        int wanted = 0;
        pair.First.Messenger.LinkWanted = _ =>
        {
            wanted++;
            return null;
        };
        using CancellationTokenSource source = new();
        ValueTask first = pair.First.SendAsync(1, 1, 0, TestContext.Current.CancellationToken);
        ValueTask second = pair.First.SendAsync(2, 1, 0, source.Token);
        ValueTask third = pair.First.SendAsync(3, 1, 0, TestContext.Current.CancellationToken);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await second);
        Assert.Equal(1, wanted);

        pair.Link();
        await first.Soon();
        await third.Soon();
        Assert.Equal(1, pair.Second.Receive<int>(0));
        Assert.Equal(3, pair.Second.Receive<int>(0));
    }

    [Fact]
    public async Task All_sends_that_wait_for_a_link_can_be_cancelled_and_the_next_one_still_leaves()
    {
        using Pair pair = new(linked: false);
        pair.First.Messenger.LinkWanted = _ => null;
        using CancellationTokenSource source = new();
        ValueTask only = pair.First.SendAsync(1, 1, 0, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await only);

        ValueTask next = pair.First.SendAsync(2, 1, 0, TestContext.Current.CancellationToken);
        pair.Link();
        await next.Soon();
        Assert.Equal(2, pair.Second.Receive<int>(0));
    }

    [Fact]
    public async Task Cancelling_a_long_message_to_oneself_that_was_probed_leaves_the_others_alone()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        Communicator world = pair.First;
        byte[] data = Ranks.Bytes(EagerBytes, 1), received = new byte[EagerBytes];
        ValueTask sending = world.SendAsync<byte>(data, 0, 1, source.Token);
        world.Send(5, 0, tag: 2);
        using MatchedMessage probed = world.MatchedProbe(0, 1);
        await source.CancelAsync();
        await sending.Soon();
        data.AsSpan().Clear();

        Assert.Equal(5, world.Receive<int>(0, 2));
        Assert.Equal(EagerBytes, probed.Receive<byte>(received).ByteCount);
        Assert.Equal(Ranks.Bytes(EagerBytes, 1), received);
    }

    [Fact]
    public async Task A_long_message_to_oneself_is_withdrawn()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        ValueTask sending = pair.First.SendAsync<byte>(new byte[EagerBytes], 0, 1, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        Assert.Null(pair.First.TryMatchedProbe(0, 1));
    }

    [Fact]
    public async Task A_probe_is_withdrawn_and_takes_no_message()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        ValueTask<MatchedMessage> probing = pair.Second.MatchedProbeAsync(0, 1, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await probing);
        pair.First.Send(4, 1, tag: 1);
        Assert.Equal(4, pair.Second.Receive<int>(0, 1));
    }

    [Fact]
    public async Task An_owned_receive_is_withdrawn_and_takes_no_message()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        ValueTask<Received<int>> receiving = pair.Second.ReceiveOwnedAsync<int>(0, 1, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
        pair.First.Send(4, 1, tag: 1);
        using Received<int> received = await pair.Second.ReceiveOwnedAsync<int>(0, 1, TestContext.Current.CancellationToken).Soon();
        Assert.Equal([4], received.Span);
    }

    [Fact]
    public void A_cancelled_request_is_over_and_leaves_nothing_to_drive()
    {
        using Pair pair = new();
        int[] first = [0], second = [0];
        Request request = pair.Second.StartReceive<int>(first, 0, 1);
        request.Cancel();
        request.Cancel();
        Assert.True(request.IsCompleted);
        Assert.ThrowsAny<OperationCanceledException>(() => request.Wait());
        Assert.ThrowsAny<OperationCanceledException>(() => request.Test(out _));
        Assert.Equal(0, pair.Second.Messenger.Engine.AsynchronousOperations);

        pair.First.Send(4, 1, tag: 1);
        pair.Second.Receive<int>(second, 0, 1);
        Assert.Equal((0, 4), (first[0], second[0]));
    }

    [Fact]
    public async Task A_cancelled_exchange_withdraws_both_halves()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        byte[] data = Ranks.Bytes(OfferedBytes, 1), incoming = new byte[10];
        ValueTask<Status> exchanging = pair.First.SendReceiveAsync<byte>(data, 1, incoming, 1, cancellationToken: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await exchanging);
        Assert.Empty(pair.First.Messenger.DescribePending());
    }

    private static ValueTask Start(Communicator world, byte[] data, bool synchronous, CancellationToken token) =>
        synchronous ? world.SynchronousSendAsync<byte>(data, 1, 1, token) : world.SendAsync<byte>(data, 1, 1, token);

    /// <summary>Rank 0 sends and stops half-way; rank 1 cancels then, after which rank 0 goes on.</summary>
    private static Task CancelHalfWay(LocalTransport transport, int bytes, Func<Communicator, HalfWay, Task> receive)
    {
        SemaphoreSlim halfWay = new(0), cancelled = new(0);
        return LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                ValueTask sending;
                lock (world.Messenger.Gate)
                {
                    sending = world.SendAsync<byte>(Ranks.Bytes(bytes, 1), 1, 1, token);
                    world.DriveUntil(() => world.LinkTo(1).BytesSent > 200_000);
                    halfWay.Release();
                    Assert.True(cancelled.Wait(Ranks.Patience, CancellationToken.None));
                }

                await sending;
                world.Send(7, 1, tag: 1);
                return;
            }

            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
            await receive(world, new HalfWay(world, source, halfWay, cancelled));
            Assert.Equal(7, world.Receive<int>(0, 1));
        }, Ranks.Over(transport));
    }

    private sealed class HalfWay(Communicator world, CancellationTokenSource source, SemaphoreSlim halfWay, SemaphoreSlim cancelled)
    {
        public CancellationToken Token => source.Token;

        public async Task HalfWayAsync()
        {
            world.DriveUntil(() => world.LinkTo(0).BytesReceived > 100_000);
            Assert.True(await halfWay.WaitAsync(Ranks.Patience, CancellationToken.None));
            await source.CancelAsync();
            cancelled.Release();
        }
    }
}
