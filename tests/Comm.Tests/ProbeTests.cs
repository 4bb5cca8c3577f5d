namespace BoxerMpi.Tests;

/// <summary>Probes that leave the message where it is.</summary>
public sealed class ProbeTests
{
    private const int OfferedBytes = 6_000_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(12)]
    [InlineData(OfferedBytes)]
    public async Task A_probed_message_stays_for_the_receive_that_follows(int bytes)
    {
        using Pair pair = new();
        Task sending = pair.First.SendAsync<byte>(Ranks.Bytes(bytes, 1), 1, 7, Token).Soon();
        Status expected = new(0, 7, bytes);
        Assert.Equal(expected, pair.Second.Probe());
        Assert.Equal(expected, pair.Second.Probe(0, 7));
        Assert.Equal(expected, pair.Second.TryProbe());
        Assert.Equal(expected, await pair.Second.ProbeAsync(0, 7, Token));
        Assert.Null(pair.Second.TryProbe(0, 8));
        byte[] buffer = new byte[expected.Count<byte>()];
        Assert.Equal(expected, await pair.Second.ReceiveAsync<byte>(buffer, 0, 7, Token).Soon());
        await sending;
        Assert.Equal(Ranks.Bytes(bytes, 1), buffer);
        Assert.Null(pair.Second.TryProbe());
    }

    [Fact]
    public void The_first_message_sent_is_probed_and_received()
    {
        using Pair pair = new();
        for (int tag = 0; tag < 30; tag++)
            pair.First.Send(tag, 1, tag);
        for (int tag = 0; tag < 30; tag++)
        {
            Assert.Equal(tag, pair.Second.Probe(Communicator.AnySource).Tag);
            Assert.Equal(tag, pair.Second.Receive<int>(0));
        }
    }

    [Fact]
    public async Task All_probes_that_wait_are_told_of_a_message_and_one_that_takes_it_comes_last()
    {
        using Pair pair = new();
        Task<Status> any = pair.Second.ProbeAsync(cancellationToken: Token).Soon();
        Task<Status> own = pair.Second.ProbeAsync(0, 3, Token).Soon();
        Task<MatchedMessage> taking = pair.Second.MatchedProbeAsync(0, 3, Token).Soon();
        Task<Status> late = pair.Second.ProbeAsync(0, 3, Token).Soon();
        pair.First.Send(1, 1, 3);
        Status expected = new(0, 3, 4);
        Assert.Equal([expected, expected], await Task.WhenAll(any, own));
        using MatchedMessage taken = await taking;
        Assert.False(late.IsCompleted);
        pair.First.Send(2, 1, 3);
        Assert.Equal(expected, await late);
        Assert.Equal(2, pair.Second.Receive<int>(0, 3));
    }

    [Fact]
    public async Task A_receive_that_was_posted_before_goes_before_probes()
    {
        using Pair pair = new();
        int[] first = [0];
        Task<Status> receiving = pair.Second.ReceiveAsync<int>(first, 0, 3, Token).Soon();
        Task<Status> probing = pair.Second.ProbeAsync(0, 3, Token).Soon();
        pair.First.Send(1, 1, 3);
        await receiving;
        Assert.False(probing.IsCompleted);
        pair.First.Send(2, 1, 3);
        await probing;
        Assert.Equal((1, 2), (first[0], pair.Second.Receive<int>(0, 3)));
    }

    [Fact]
    public async Task A_probe_is_withdrawn_by_its_token()
    {
        using Pair pair = new();
        using CancellationTokenSource source = new();
        Task<Status> probing = pair.Second.ProbeAsync(0, 3, source.Token).Soon();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probing);
        Assert.Empty(pair.Second.Messenger.DescribePending());
    }
}
