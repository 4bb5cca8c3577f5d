namespace BoxerMpi.Tests;

/// <summary>A synchronous send ends well only when a receive (or a matched probe) has got its message.</summary>
public sealed class SynchronousSendTests
{
    private const int OfferedBytes = 6_000_000;

    [Theory]
    [InlineData(4)]
    [InlineData(OfferedBytes)]
    public async Task It_fails_when_the_receiver_disposes_its_communicator_with_the_message_unreceived(int bytes)
    {
        using Pair pair = new();
        Task sending = pair.First.SynchronousSendAsync<byte>(new byte[bytes], 1, 3, TestContext.Current.CancellationToken).Soon();
        pair.Second.DriveUntil(() => pair.Second.LinkTo(0).FramesReceived > 0);
        pair.Second.Dispose();
        Check(await Assert.ThrowsAsync<MessageLostException>(() => sending), bytes);
    }

    [Fact]
    public async Task It_fails_when_the_receiver_had_disposed_its_communicator()
    {
        using Pair pair = new();
        pair.Second.Dispose();
        Task sending = pair.First.SynchronousSendAsync<byte>(new byte[4], 1, 3, TestContext.Current.CancellationToken).Soon();
        Drive(pair);
        Check(await Assert.ThrowsAsync<MessageLostException>(() => sending), 4);
    }

    [Fact]
    public async Task A_send_that_may_be_buffered_goes_on_though_the_receiver_has_disposed_its_communicator()
    {
        using Pair pair = new();
        pair.Second.Dispose();
        Task sending = pair.First.SendAsync<byte>(new byte[OfferedBytes], 1, 3, TestContext.Current.CancellationToken).Soon();
        Drive(pair);
        await sending;
    }

    [Fact]
    public async Task It_ends_well_when_the_message_was_matched_and_dropped()
    {
        using Pair pair = new();
        Task sending = pair.First.SynchronousSendAsync<byte>(new byte[4], 1, 3, TestContext.Current.CancellationToken).Soon();
        pair.Second.MatchedProbe(0, 3).Dispose();
        await sending;
    }

    [Fact]
    public async Task It_fails_with_the_reason_when_the_receiver_revokes_the_communicator()
    {
        using Pair pair = new();
        Task sending = pair.First.SynchronousSendAsync<byte>(new byte[4], 1, 3, TestContext.Current.CancellationToken).Soon();
        pair.Second.DriveUntil(() => pair.Second.LinkTo(0).FramesReceived > 0);
        pair.Second.Revoke("enough");
        Assert.Equal("enough", (await Assert.ThrowsAsync<CommunicatorRevokedException>(() => sending)).Reason);
    }

    private static void Check(MessageLostException error, int bytes)
    {
        Assert.Equal((0, 1, 3), (error.Rank, error.Peer, error.Tag));
        Assert.StartsWith(
            $"SynchronousSend of {bytes} bytes to rank 1, tag 3 on \"world\" (2 ranks), rank 0 was not received", error.Message, StringComparison.Ordinal);
    }

    private static void Drive(Pair pair)
    {
        Internal.Messenger receiver = pair.Second.Messenger;
        lock (receiver.Gate)
        {
            Transport.Link link = receiver.Engine.Links.Single();
            while (link.FramesReceived == 0)
                receiver.Engine.Poll();
        }
    }
}
