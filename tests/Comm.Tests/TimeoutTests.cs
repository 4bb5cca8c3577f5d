namespace BoxerMpi.Tests;

/// <summary>Every wait has a deadline, and its error tells what was missing.</summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(60);

    [Fact]
    public void A_receive_that_times_out_tells_peer_operation_time_and_link()
    {
        using Pair pair = new();
        int[] buffer = [0];
        MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(() => pair.First.Receive<int>(buffer, 1, 7, Short));
        Assert.Equal("Receive from rank 1, tag 7", error.Operation);
        Assert.Equal("world", error.Communicator);
        Assert.Equal((0, Short), (error.Rank, error.Deadline));
        Assert.Equal([1], error.MissingRanks);
        Assert.InRange(error.Elapsed, Short, Ranks.Patience);
        Assert.Contains("has been silent for", Assert.Single(error.StateOfEachPeer), StringComparison.Ordinal);
        Assert.StartsWith("Receive from rank 1, tag 7 on \"world\" (2 ranks), rank 0 timed out after 0.1 s: the link to rank 1, in-process link, has been silent for", error.Message, StringComparison.Ordinal);
        Assert.Contains("Communicator.Timeout", error.Message, StringComparison.Ordinal);

        // The late message is not lost, and does not go to the buffer of the receive that gave up.
        pair.Second.Send(5, 0, tag: 7);
        Assert.Equal(5, pair.First.Receive<int>(1, 7));
        Assert.Equal(0, buffer[0]);
    }

    [Fact]
    public void A_receive_from_any_rank_names_no_missing_rank()
    {
        using Pair pair = new();
        MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(() => pair.First.Receive<int>(new int[1], timeout: Short));
        Assert.Empty(error.MissingRanks);
        Assert.Contains("Receive from any rank on", error.Message, StringComparison.Ordinal);
        Assert.Contains("no rank has sent a matching message", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_send_that_times_out_says_that_nobody_receives()
    {
        using Pair pair = new();
        byte[] data = new byte[5_000_000];
        MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(() => pair.First.Send<byte>(data, 1, 3, Short));
        Assert.Equal("Send of 5000000 bytes to rank 1, tag 3", error.Operation);
        Assert.Contains("the receiver has posted no matching receive", error.Message, StringComparison.Ordinal);
        Assert.Equal([1], error.MissingRanks);
        Assert.Throws<MpiTimeoutException>(() => pair.First.SynchronousSend<byte>(new byte[1], 1, 3, Short));
    }

    [Fact]
    public void A_send_whose_link_is_not_set_up_in_time_says_so()
    {
        using Pair pair = new(linked: false);
        pair.First.Messenger.LinkWanted = _ => null;
        MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(() => pair.First.Send<int>(new int[1], 1, 0, Short));
        Assert.Contains("there is no link to rank 1; it is being set up", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_timeout_of_a_call_goes_before_that_of_the_communicator()
    {
        using Pair pair = new();
        pair.First.Timeout = Ranks.Patience;
        Assert.Throws<MpiTimeoutException>(() => pair.First.Receive<int>(new int[1], 1, 0, Short));
        Assert.Throws<MpiTimeoutException>(() => pair.First.Probe(1, 0, Short));
        Assert.Throws<MpiTimeoutException>(() => pair.First.MatchedProbe(1, 0, Short));
        Assert.Throws<MpiTimeoutException>(() => pair.First.ReceiveOwned<int>(1, 0, Short));
        Assert.Throws<MpiTimeoutException>(() => pair.First.StartReceive<int>(new int[1], 1, 0).Wait(Short));
        Assert.Throws<MpiTimeoutException>(() => Request.WaitAny([pair.First.StartReceive<int>(new int[1], 1, 0)], Short));

        pair.First.Timeout = Short;
        pair.Second.Send(1, 0, tag: 5);
        Assert.Equal(4, pair.First.Receive<int>(new int[1], 1, 5, Ranks.Patience).ByteCount);
    }

    [Fact]
    public async Task Asynchronous_operations_have_the_deadline_of_the_communicator()
    {
        using Pair pair = new();
        pair.First.Timeout = Short;
        CancellationToken token = TestContext.Current.CancellationToken;
        MpiTimeoutException[] errors =
        [
            await Assert.ThrowsAsync<MpiTimeoutException>(() => pair.First.ReceiveAsync<int>(new int[1], 1, 4, token).Soon()),
            await Assert.ThrowsAsync<MpiTimeoutException>(() => pair.First.ReceiveOwnedAsync<int>(1, 4, token).Soon()),
            await Assert.ThrowsAsync<MpiTimeoutException>(() => pair.First.MatchedProbeAsync(1, 4, token).Soon()),
            await Assert.ThrowsAsync<MpiTimeoutException>(() => pair.First.SendAsync<byte>(new byte[5_000_000], 1, 4, token).Soon()),
            await Assert.ThrowsAsync<MpiTimeoutException>(
                () => pair.First.SendReceiveAsync<int>(new int[1], 1, new int[1], 1, 4, cancellationToken: token).Soon()),
        ];
        Assert.All(errors, error => Assert.Equal([1], error.MissingRanks));
        Assert.All(errors, error => Assert.Equal(Short, error.Deadline));
        Assert.Empty(pair.First.Messenger.DescribePending());
    }

    [Fact]
    public void An_exchange_waits_no_longer_than_its_timeout_for_both_halves()
    {
        using Pair pair = new();
        pair.First.Timeout = TimeSpan.FromMilliseconds(1500);
        long start = Environment.TickCount64;
        Assert.Throws<MpiTimeoutException>(() => pair.First.SendReceive<byte>(new byte[5_000_000], 1, new byte[1], 1));
        Assert.InRange(Environment.TickCount64 - start, 1_490, 2_980);
    }

    [Theory]
    [InlineData(LocalTransport.Memory)]
    [InlineData(LocalTransport.Tcp)]
    public Task Traffic_of_others_does_not_put_a_deadline_off(LocalTransport transport)
    {
        bool over = false;
        return LocalCluster.RunAsync(2, world =>
        {
            byte[] data = new byte[60_000];
            if (world.Rank == 0)
            {
                while (!Volatile.Read(ref over))
                    world.Send<byte>(data, 1, 1);
                world.Send<byte>([], 1, 1);
                return;
            }

            // Another thread takes in what rank 0 sends, as fast as it can.
            Thread taker = new(() =>
            {
                while (world.Receive<byte>(data, 0, 1).ByteCount > 0)
                {
                }
            });
            taker.Start();
            long start = Environment.TickCount64;
            Assert.Throws<MpiTimeoutException>(() => world.Receive<int>(new int[1], 0, 2, TimeSpan.FromMilliseconds(100)));
            long elapsed = Environment.TickCount64 - start;
            Volatile.Write(ref over, true);
            taker.Join();
            Assert.InRange(elapsed, 90, 60_000);
        }, Ranks.Over(transport));
    }
}
