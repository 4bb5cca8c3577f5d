using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>Large messages whose receive comes while they arrive: the rest goes right into its buffer.</summary>
public sealed class EarlyMessageTests
{
    private const int Length = 1_000_003;

    [Theory]
    [InlineData(Length)]
    [InlineData(Length + 10)]
    public void The_rest_of_an_early_message_goes_into_the_buffer_of_its_receive(int capacity)
    {
        using Pair pair = new();
        byte[] sent = Ranks.Bytes(Length, 3);
        Request send = Begin(pair, sent, tag: 5);
        byte[] received = new byte[capacity];
        Request receive = pair.Second.StartReceive<byte>(received, 0, 5);
        Status status = End(pair, send, receive);
        Assert.Equal((0, 5, Length), (status.Source, status.Tag, (int)status.ByteCount));
        Assert.True(sent.AsSpan().SequenceEqual(received.AsSpan(0, Length)));
        Assert.All(received[Length..], value => Assert.Equal(0, value));
        Assert.Equal(0, pair.Second.Messenger.UnexpectedBytes);
    }

    [Fact]
    public void An_early_message_that_nobody_asks_for_is_taken_in()
    {
        using Pair pair = new();
        byte[] sent = Ranks.Bytes(Length, 4);
        Request send = Begin(pair, sent, tag: 1);
        DriveBoth(pair, () => send.IsCompleted || send.Test(out _));
        DriveBoth(pair, () => pair.Second.LinkTo(0).BytesReceived > Length);
        Assert.False(pair.Second.LinkTo(0).IsParked);
        byte[] received = new byte[Length];
        Assert.Equal(Length, pair.Second.Receive<byte>(received, 0, 1).ByteCount);
        Assert.Equal(sent, received);
    }

    [Fact]
    public void What_is_behind_an_early_message_is_received_first_when_it_is_asked_for()
    {
        using Pair pair = new();
        byte[] sent = Ranks.Bytes(Length, 5);
        Request send = Begin(pair, sent, tag: 1);
        pair.First.Send(77, 1, 2);
        byte[] small = new byte[4];
        Request receive = pair.Second.StartReceive<byte>(small, 0, 2);
        End(pair, send, receive);
        Assert.Equal(77, BitConverter.ToInt32(small));
        byte[] received = new byte[Length];
        pair.Second.Receive<byte>(received, 0, 1);
        Assert.Equal(sent, received);
    }

    [Fact]
    public void An_early_message_that_is_too_long_fails_its_receive_only()
    {
        using Pair pair = new();
        Request send = Begin(pair, Ranks.Bytes(Length, 6), tag: 1);
        byte[] received = new byte[200_000];
        Request receive = pair.Second.StartReceive<byte>(received.AsMemory(0, 150_000), 0, 1);
        MessageTruncatedException exception = Assert.Throws<MessageTruncatedException>(() => End(pair, send, receive));
        Assert.Equal((150_000, Length), (exception.ExpectedBytes, (int)exception.ActualBytes));
        Assert.True(Ranks.Bytes(150_000, 6).AsSpan().SequenceEqual(received.AsSpan(0, 150_000)));
        Assert.All(received[150_000..], value => Assert.Equal(0, value));
        CheckNext(pair);
    }

    [Fact]
    public void A_receive_that_took_over_an_early_message_gets_it_though_it_is_cancelled()
    {
        using Pair pair = new();
        Request send = Begin(pair, Ranks.Bytes(Length, 7), tag: 1);
        byte[] received = new byte[Length];
        Request receive = pair.Second.StartReceive<byte>(received, 0, 1);
        receive.Cancel();
        Assert.False(receive.IsCompleted);
        End(pair, send, receive);
        Assert.Equal(Ranks.Bytes(Length, 7), received);
        CheckNext(pair);
    }

    [Fact]
    public void A_receive_that_took_over_an_early_message_fails_with_its_link()
    {
        using Pair pair = new();
        Begin(pair, Ranks.Bytes(Length, 8), tag: 1);
        Request receive = pair.Second.StartReceive<byte>(new byte[Length], 0, 1);
        pair.Second.Messenger.BreakLink(0, "cut");
        Assert.Throws<PeerFailedException>(() => receive.Wait());
    }

    [Fact]
    public async Task An_early_message_of_unknown_length_is_handed_over_without_a_copy()
    {
        using Pair pair = new();
        byte[] sent = Ranks.Bytes(Length, 9);
        Request send = Begin(pair, sent, tag: 1);
        ValueTask<Received<byte>> owned = pair.Second.ReceiveOwnedAsync<byte>(0, 1);
        DriveBoth(pair, () => send.IsCompleted || send.Test(out _));
        using Received<byte> received = await owned.Soon();
        Assert.True(sent.AsSpan().SequenceEqual(received.Span));
    }

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task A_rank_that_sleeps_does_not_hold_up_who_sends_to_it(LocalTransport transport) => LocalCluster.RunAsync(
        3,
        world =>
        {
            // 0 waits for 2, 2 waits for 1, and 1 sends to 0 first what fits into no socket.
            byte[] data = new byte[3_500_000];
            for (int round = 0; round < 20; round++)
            {
                switch (world.Rank)
                {
                    case 0:
                        Assert.Equal(round, world.Receive<int>(2, 1));
                        Assert.Equal(data.Length, world.Receive<byte>(data, 1, 0).ByteCount);
                        Assert.Equal(round, data[^1]);
                        break;
                    case 1:
                        data[^1] = (byte)round;
                        world.Send<byte>(data, 0, 0);
                        world.Send(round, 2, 1);
                        break;
                    case 2:
                        world.Send(world.Receive<int>(1, 1), 0, 1);
                        break;
                }

                world.Barrier();
            }
        },
        Ranks.Over(transport));

    /// <summary>Sends from the first rank until the second one has the header and part of the payload.</summary>
    private static Request Begin(Pair pair, byte[] data, int tag)
    {
        Request send = pair.First.StartSend<byte>(data, 1, tag);
        Link link = pair.Second.LinkTo(0);
        pair.Second.DriveUntil(() => link.FramesReceived == 1);
        Assert.InRange(link.BytesReceived, 1, data.Length);
        return send;
    }

    private static Status End(Pair pair, Request send, Request receive)
    {
        Status status = default;
        bool received = false;
        DriveBoth(pair, () => send.IsCompleted || send.Test(out _));
        DriveBoth(pair, () => received = received || receive.Test(out status));
        return status;
    }

    private static void DriveBoth(Pair pair, Func<bool> done) => pair.Second.DriveUntil(() =>
    {
        lock (pair.First.Messenger.Gate)
            pair.First.Messenger.Engine.Poll();
        return done();
    });

    private static void CheckNext(Pair pair)
    {
        pair.First.Send(42, 1, 9);
        Assert.Equal(42, pair.Second.Receive<int>(0, 9));
    }
}
