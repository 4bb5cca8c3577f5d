namespace BoxerMpi.Tests;

/// <summary>Messages to and from <see cref="Communicator.NoRank"/> are none, in every form.</summary>
public sealed class NoRankTests
{
    private const int None = Communicator.NoRank;
    private static readonly Status Nothing = new(None, Communicator.AnyTag, 0);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task What_lies_beyond_an_edge_is_nobody(bool periodic) => LocalCluster.RunAsync(4, world =>
    {
        // The message that a halo code at the edge took by mistake.
        using CartesianCommunicator line = world.CreateCartesian(new CartesianShape([4], [periodic]))!;
        line.Send(99, 0, tag: 7);
        (int source, int destination) = line.Shift(0);
        int[] halo = [-5], edge = [line.Rank];
        Status status = line.SendReceive<int>(edge, destination, halo, source, tag: 7);
        bool hasNone = !periodic && line.Rank == 0;
        Assert.Equal(hasNone ? Nothing : new Status((line.Rank + 3) % 4, 7, sizeof(int)), status);
        Assert.Equal(hasNone ? -5 : line.Rank == 0 ? 99 : line.Rank - 1, halo[0]);
    }, Ranks.Over(LocalTransport.Memory));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_sent_to_no_rank_and_nothing_waits(bool isStrict)
    {
        using Pair pair = new(new() { Strict = isStrict });
        Communicator world = pair.First;
        int[] data = [1, 2, 3];
        byte[] large = new byte[20 << 20];
        world.Send(1, None);
        world.Send<int>(data, None, tag: 3);
        world.Send<byte>(large, None);
        world.SynchronousSend<int>(data, None);
        world.SendObject("text", None);
        await world.SendAsync(1, None, cancellationToken: Token);
        await world.SendAsync<byte>(large, None, cancellationToken: Token);
        await world.SynchronousSendAsync<int>(data, None, cancellationToken: Token);
        await world.SendObjectAsync("text", None, cancellationToken: Token);
        Request request = world.StartSend<byte>(large, None);
        Assert.True(request.IsCompleted);
        Assert.Equal((0, Nothing), Request.WaitAny([request]));
        Assert.True(request.Test(out Status status));
        Assert.Equal([Nothing], Request.WaitAll(request));
        Assert.Equal(Nothing, status);
        request.Cancel();
        Assert.Equal(new BoxerMpi.Control.Traffic(0, 0, 0, 0), world.Messenger.Traffic);
        Assert.Empty(world.Messenger.PendingOperations());
    }

    [Fact]
    public async Task Nothing_comes_from_no_rank_whoever_has_sent()
    {
        using Pair pair = new();
        Communicator world = pair.First;
        pair.Second.Send(42, 0, tag: 3);
        int[] data = [7];
        Assert.Equal(Nothing, world.Receive<int>(data, None));
        Assert.Equal(Nothing, world.Receive<int>(data, None, tag: 3));
        Assert.Equal(0, world.Receive<int>(None));
        Assert.Equal(Nothing, await world.ReceiveAsync<int>(data, None, cancellationToken: Token));
        Assert.Equal((null, Nothing), world.ReceiveObject<string>(None));
        Assert.Equal((null, Nothing), await world.ReceiveObjectAsync<string>(None, cancellationToken: Token));
        using (Received<int> owned = world.ReceiveOwned<int>(None))
            Assert.Equal((0, Nothing), (owned.Span.Length, owned.Status));
        using (Received<int> owned = await world.ReceiveOwnedAsync<int>(None, cancellationToken: Token))
            Assert.Equal((0L, Nothing), (owned.Count, owned.Status));
        Request request = world.StartReceive<int>(data, None, tag: 3);
        Assert.Equal(Nothing, request.Wait());
        Assert.Equal([7], data);
        Assert.Equal(42, world.Receive<int>(1));
    }

    [Fact]
    public async Task A_probe_of_no_rank_finds_nothing_to_receive_once()
    {
        using Pair pair = new();
        Communicator world = pair.First;
        pair.Second.Send(42, 0, tag: 3);
        int[] data = [7];
        MatchedMessage?[] probed =
            [world.MatchedProbe(None), world.TryMatchedProbe(None, 3), await world.MatchedProbeAsync(None, 3, Token), world.MatchedProbe(None), world.MatchedProbe(None)];
        foreach (MatchedMessage? message in probed)
            Assert.Equal(Nothing, new Status(message!.Source, message.Tag, message.ByteCount));
        Assert.Equal(Nothing, world.Probe(None));
        Assert.Equal(Nothing, world.TryProbe(None, 3));
        Assert.Equal(Nothing, await world.ProbeAsync(None, 3, Token));
        Assert.Equal(0, probed[0]!.Count<int>());
        Assert.Equal(Nothing, probed[0]!.Receive<int>(data));
        Assert.Equal(Nothing, await probed[1]!.ReceiveAsync<int>(data, Token));
        using (Received<int> owned = probed[2]!.ReceiveOwned<int>())
            Assert.Equal((0L, Nothing), (owned.Count, owned.Status));
        probed[3]!.Dispose();
        foreach (MatchedMessage? message in probed[..4])
            Assert.Throws<InvalidOperationException>(() => message!.Receive<int>(data));
        Assert.Equal([7], data);
        Assert.Equal(42, world.Receive<int>(1));
    }

    [Fact]
    public async Task Either_half_of_an_exchange_may_be_with_no_rank()
    {
        using Pair pair = new();
        (Communicator first, Communicator second) = (pair.First, pair.Second);
        int[] one = [1], halo = [-5];
        Assert.Equal(Nothing, first.SendReceive<int>(one, 1, halo, None));
        Assert.Equal(1, second.Receive<int>(0));
        Assert.Equal(Nothing, await first.SendReceiveAsync<int>(one, 1, halo, None, cancellationToken: Token));
        Assert.Equal(1, second.Receive<int>(0));
        Assert.Equal(Nothing, first.SendReceiveReplace<int>(halo, None, None));
        Assert.Equal([-5], halo);
        second.Send(2, 0);
        Assert.Equal(new Status(1, 0, 4), first.SendReceive<int>(one, None, halo, 1));
        second.Send(3, 0);
        Assert.Equal(new Status(1, 0, 4), await first.SendReceiveAsync<int>(one, None, halo, 1, cancellationToken: Token));
        second.Send(4, 0);
        Assert.Equal(new Status(1, 0, 4), first.SendReceiveReplace<int>(halo, None, 1));
        Assert.Equal([4], halo);
    }

    [Fact]
    public void Wrong_arguments_and_disposed_communicators_are_refused_beside_no_rank()
    {
        using Pair pair = new();
        Communicator world = pair.First;
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Send(1, None, tag: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Receive<int>(new int[1], None, tag: -2));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.Receive<int>(new int[1], None, timeout: TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => world.BroadcastObject("text", None));
        world.Dispose();
        Assert.Throws<ObjectDisposedException>(() => world.Send(1, None));
        Assert.Throws<ObjectDisposedException>(() => world.Receive<int>(None));
    }

    [Fact]
    public Task Blocks_beyond_an_edge_are_neither_sent_nor_written() => LocalCluster.RunAsync(3, async (world, token) =>
    {
        using CartesianCommunicator line = world.CreateCartesian(new CartesianShape([3]))!;
        int[] near = [line.Rank == 0 ? None : line.Rank - 1, line.Rank == 2 ? None : line.Rank + 1];
        Assert.Equal(near, line.Sources.ToArray());
        Assert.Equal(near, line.Destinations.ToArray());
        int[] gathered = [-5, -5], all = [-5, -5];
        line.NeighbourAllGather<int>([line.Rank], gathered);
        await line.NeighbourAllToAllAsync<int>(new[] { line.Rank, line.Rank }, all, token);
        int[] expected = [.. near.Select(rank => rank == None ? -5 : rank)];
        Assert.Equal(expected, gathered);
        Assert.Equal(expected, all);
        Assert.Equal(near.Select(rank => rank == None ? null : $"{rank}"), line.NeighbourAllGatherObject($"{line.Rank}"));
        string?[] dealt = await line.NeighbourAllToAllObjectAsync<string>([$"{line.Rank}", $"{line.Rank}"], token);
        Assert.Equal(near.Select(rank => rank == None ? null : $"{rank}"), dealt);
    }, Ranks.Over(LocalTransport.Memory));
}
