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
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.First.ProbeAsync(1, 0, fired));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.First.ReceiveOwnedAsync<int>(1, 0, fired));
        Assert.Empty(pair.First.Messenger.PendingOperations());
    }

    [Theory]
    [InlineData(LocalTransport.Memory, EagerBytes)]
    [InlineData(LocalTransport.Memory, OfferedBytes)]
    [InlineData(LocalTransport.Tcp, EagerBytes)]
    [InlineData(LocalTransport.Tcp, OfferedBytes)]
    public Task An_arriving_message_is_dropped_when_its_receive_is_cancelled(LocalTransport transport, int bytes)
    {
        SemaphoreSlim halfWay = new(0), cancelled = new(0);
        return LocalCluster.RunAsync(2, async (world, token) =>
        {
            byte[] data = Ranks.Bytes(bytes, 1), after = new byte[3];
            if (world.Rank == 0)
            {
                ValueTask sending;
                lock (world.Messenger.Gate)
                {
                    sending = world.SendAsync<byte>(data, 1, 1, token);
                    world.DriveUntil(() => world.LinkTo(1).BytesSent > 200_000);
                    halfWay.Release();
                    Assert.True(cancelled.Wait(Ranks.Patience, CancellationToken.None));
                }

                await sending;
                world.Send<byte>(new byte[] { 1, 2, 3 }, 1, 1);
                Assert.Equal(5, world.Receive<int>(1, 9));
                return;
            }

            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
            byte[] buffer = new byte[bytes];
            ValueTask<Status> receiving = world.ReceiveAsync<byte>(buffer, 0, 1, source.Token);
            world.DriveUntil(() => world.LinkTo(0).BytesReceived > 100_000);
            Assert.True(await halfWay.WaitAsync(Ranks.Patience, token));
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
            byte[] seen = (byte[])buffer.Clone();
            Assert.NotEqual(data, seen);
            cancelled.Release();

            Assert.Equal(3, world.Receive<byte>(after, 0, 1).ByteCount);
            Assert.Equal([1, 2, 3], after);
            Assert.Equal(seen, buffer);
            world.Send(5, 0, tag: 9);
        }, Ranks.Over(transport));
    }

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task A_receive_that_waits_for_a_message_in_library_memory_can_be_cancelled(LocalTransport transport)
    {
        SemaphoreSlim halfWay = new(0), cancelled = new(0);
        return LocalCluster.RunAsync(2, async (world, token) =>
        {
            byte[] data = Ranks.Bytes(EagerBytes, 1);
            if (world.Rank == 0)
            {
                ValueTask sending;
                lock (world.Messenger.Gate)
                {
                    sending = world.SendAsync<byte>(data, 1, 1, token);
                    world.DriveUntil(() => world.LinkTo(1).BytesSent > 200_000);
                    halfWay.Release();
                    Assert.True(cancelled.Wait(Ranks.Patience, CancellationToken.None));
                }

                await sending;
                world.Send(7, 1, tag: 1);
                return;
            }

            // It begins to arrive before there is a receive; the receive claims it, to get the library's memory.
            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
            world.DriveUntil(() => world.LinkTo(0).BytesReceived > 100_000);
            ValueTask<Received<byte>> receiving = world.ReceiveOwnedAsync<byte>(0, 1, source.Token);
            Assert.True(await halfWay.WaitAsync(Ranks.Patience, token));
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receiving);
            cancelled.Release();

            Assert.Equal(7, world.Receive<int>(0, 1));
            Assert.Equal(0, world.Messenger.UnexpectedBytes);
        }, Ranks.Over(transport));
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(OfferedBytes, false)]
    [InlineData(OfferedBytes, true)]
    public async Task An_announced_send_is_finished_from_a_copy(int bytes, bool synchronous)
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        byte[] data = Ranks.Bytes(bytes, 3), received = new byte[bytes];
        ValueTask sending = synchronous
            ? pair.First.SynchronousSendAsync<byte>(data, 1, 1, source.Token)
            : pair.First.SendAsync<byte>(data, 1, 1, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        data.AsSpan().Clear();

        // The first rank calls nothing any more: what it owes is sent without it.
        Status status = await pair.Second.ReceiveAsync<byte>(received, 0, 1, TestContext.Current.CancellationToken).Soon();
        Assert.Equal(bytes, status.ByteCount);
        Assert.Equal(Ranks.Bytes(bytes, 3), received);

        ValueTask next = pair.First.SendAsync<byte>(Ranks.Bytes(50, 4), 1, 1, TestContext.Current.CancellationToken);
        pair.Second.Receive<byte>(received.AsSpan(0, Math.Min(bytes, 50)), 0, 1);
        await next.Soon();
    }

    [Fact]
    public async Task A_send_that_is_leaving_is_finished_from_a_copy()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        byte[] data = Ranks.Bytes(EagerBytes, 3), received = new byte[EagerBytes];

        // Nobody reads: the ring is full before the message has left.
        ValueTask sending = pair.First.SendAsync<byte>(data, 1, 1, source.Token);
        Assert.False(sending.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        data.AsSpan().Clear();

        await pair.Second.ReceiveAsync<byte>(received, 0, 1, TestContext.Current.CancellationToken).Soon();
        Assert.Equal(Ranks.Bytes(EagerBytes, 3), received);
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
        using MatchedMessage probed = world.Probe(0, 1);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
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
        Assert.Null(pair.First.TryProbe(0, 1));
    }

    [Fact]
    public async Task A_probe_is_withdrawn_and_takes_no_message()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        ValueTask<MatchedMessage> probing = pair.Second.ProbeAsync(0, 1, source.Token);
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
        Assert.Empty(pair.First.Messenger.PendingOperations());
    }

    [Fact]
    public async Task What_a_cancelled_send_still_owes_is_forgotten_with_the_link()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        ValueTask sending = pair.First.SynchronousSendAsync<byte>(new byte[100], 1, 1, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
        Assert.Equal(1, pair.First.Messenger.AnnouncedSends);
        pair.First.Messenger.BreakLink(1, "the test breaks it");
        Assert.Equal(0, pair.First.Messenger.AnnouncedSends);
        Assert.Equal(0, pair.First.Messenger.Engine.AsynchronousOperations);
    }
}
