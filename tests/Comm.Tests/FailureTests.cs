namespace BoxerMpi.Tests;

/// <summary>Ranks that die, links that break, frames that are lost, doubled and delayed.</summary>
public sealed class FailureTests
{
    public static TheoryData<LocalTransport> Transports => [LocalTransport.Memory, LocalTransport.Tcp];

    private static readonly byte[] Long = new byte[6_000_000];

    private static readonly (string Name, Action<Communicator> Call)[] OperationsOnRankTwo =
    [
        ("receive", world => world.Receive<int>(new int[1], 2, 1)),
        ("scalar receive", world => world.Receive<int>(2, 1)),
        ("owned receive", world => world.ReceiveOwned<int>(2, 1)),
        ("long send", world => world.Send<byte>(Long, 2, 1)),
        ("synchronous send", world => world.SynchronousSend<byte>(new byte[1], 2, 1)),
        ("probe", world => world.MatchedProbe(2, 1)),
        ("probe that leaves it", world => world.Probe(2, 1)),
        ("any source", world => world.Receive<int>(new int[1], Communicator.AnySource, 1)),
        ("probe of any source", world => world.MatchedProbe(Communicator.AnySource, 1)),
        ("send and receive", world => world.SendReceive<int>(new int[1], 2, new int[1], 2)),
        ("send to it, receive from another", world => world.SendReceive<byte>(Long, 2, new byte[1], 3, 1)),
        ("receive from it, send to another", world => world.SendReceive<byte>(Long, 3, new byte[1], 2, 1)),
        ("asynchronous receive from it, send to another", world => world.SendReceiveAsync<byte>(Long, 3, new byte[1], 2, 1).Soon().GetAwaiter().GetResult()),
        ("request", world => world.StartReceive<int>(new int[1], 2, 1).Wait()),
        ("request among others", world => Request.WaitAny(
            [world.StartReceive<int>(new int[1], 3, 1), world.StartReceive<int>(new int[1], 2, 1)])),
        ("asynchronous receive", world => world.ReceiveAsync<int>(new int[1], 2, 1).Soon().GetAwaiter().GetResult()),
        ("asynchronous send", world => world.SendAsync<byte>(Long, 2, 1).Soon().GetAwaiter().GetResult()),
        ("asynchronous probe", world => world.MatchedProbeAsync(2, 1).Soon().GetAwaiter().GetResult()),
        ("asynchronous probe that leaves it", world => world.ProbeAsync(2, 1).Soon().GetAwaiter().GetResult()),
        ("asynchronous owned receive", world => world.ReceiveOwnedAsync<int>(2, 1).Soon().GetAwaiter().GetResult()),
        ("asynchronous exchange", world => world.SendReceiveAsync<byte>(Long, 2, new byte[1], 3, 1).Soon().GetAwaiter().GetResult()),
        ("round of a collective", world => Rounds.Receive(world, 2)),
        ("round of a collective, awaited", world => Rounds.ReceiveAsync(world, 2).WaitAsync(Ranks.Patience).GetAwaiter().GetResult()),
    ];

    public static TheoryData<string> Operations => [.. OperationsOnRankTwo.Select(operation => operation.Name)];

    [Theory, MemberData(nameof(Operations))]
    public Task Every_operation_that_depends_on_a_dead_rank_fails(string operation)
    {
        Action<Communicator> call = OperationsOnRankTwo.Single(one => one.Name == operation).Call;
        Communicator?[] worlds = new Communicator?[4];
        return LocalCluster.RunAsync(4, world =>
        {
            Volatile.Write(ref worlds[world.Rank], world);
            if (world.Rank == 2)
            {
                // It dies while the others are waiting.
                Assert.True(SpinWait.SpinUntil(() => IsWaiting(worlds, 0) && IsWaiting(worlds, 1), Ranks.Patience));
                world.Send(1, 0, tag: 99);
            }
            else if (world.Rank < 2)
            {
                PeerFailedException first = Assert.Throws<PeerFailedException>(() => call(world));
                PeerFailedException again = Assert.Throws<PeerFailedException>(() => call(world));
                foreach (PeerFailedException error in (PeerFailedException[])[first, again])
                {
                    Assert.Equal([2], error.FailedRanks);
                    Assert.Equal(world.Rank, error.Rank);
                    Assert.Contains("Rank 2 failed", error.Message, StringComparison.Ordinal);
                }

                // But for the requests that nobody gave up, nothing is left behind that would take a later message.
                if (!operation.StartsWith("request among", StringComparison.Ordinal))
                    Assert.Empty(world.Messenger.DescribePending());
            }
        }, Ranks.With(new FaultPlan().Kill(2)));
    }

    private static bool IsWaiting(Communicator?[] worlds, int rank) =>
        Volatile.Read(ref worlds[rank])?.Messenger.DescribePending().Count > 0;

    [Theory, MemberData(nameof(Transports))]
    public Task The_others_go_on_without_the_dead_rank(LocalTransport transport) =>
        LocalCluster.RunAsync(3, world =>
        {
            if (world.Rank == 2)
            {
                world.Send(1, 0);
                return;
            }

            Assert.Throws<PeerFailedException>(() => world.Receive<int>(2));
            int other = 1 - world.Rank;
            int[] received = new int[100_000];
            world.SendReceive<int>(Ranks.Numbers(100_000, world.Rank), other, received, other);
            Assert.Equal(Ranks.Numbers(100_000, other), received);
        }, Ranks.With(new FaultPlan().Kill(2), transport));

    [Theory, MemberData(nameof(Transports))]
    public Task What_a_rank_sent_before_it_died_is_delivered(LocalTransport transport) =>
        LocalCluster.RunAsync(2, world =>
        {
            const int messages = 20;
            byte[] data = Ranks.Bytes(50_000, 1);
            if (world.Rank == 1)
            {
                // Its last frame is the one that it dies of.
                for (int i = 0; i < messages; i++)
                    world.Send<byte>(data, 0, 1);
                world.DriveUntil(() => !world.LinkTo(0).HasOutput);
                world.Send(0, 0, tag: 2);
                return;
            }

            Assert.Throws<PeerFailedException>(() => world.Receive<int>(1, 2));
            byte[] received = new byte[data.Length];
            for (int i = 0; i < messages; i++)
            {
                Assert.Equal(data.Length, world.Receive<byte>(received, i % 2 == 0 ? 1 : Communicator.AnySource, 1).ByteCount);
                Assert.Equal(data, received);
            }

            Assert.Throws<PeerFailedException>(() => world.Receive<byte>(received, 1, 1));
            Assert.Throws<PeerFailedException>(() => world.TryMatchedProbe(1, 1));
        }, Ranks.With(new FaultPlan().Kill(1, frame: 20), transport));

    [Fact]
    public Task A_rank_that_is_known_to_be_gone_is_read_to_its_end()
    {
        ManualResetEventSlim sentAll = new();
        return LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 1)
            {
                world.Send(1, 0, tag: 1);
                world.Send(2, 0, tag: 1);
                world.DriveUntil(() => !world.LinkTo(0).HasOutput);
                sentAll.Set();
                return;
            }

            // The news comes over another way, before anybody has looked at the link.
            Assert.True(sentAll.Wait(Ranks.Patience));
            world.Messenger.PeerLost(1, "the coordinator says so");
            Assert.Equal(1, world.Receive<int>(1, 1));
            Assert.Equal(2, world.Receive<int>(1, 1));
            PeerFailedException error = Assert.Throws<PeerFailedException>(() => world.Receive<int>(1, 1));
            Assert.Contains("the coordinator says so", error.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public Task A_dead_rank_is_known_to_ranks_without_a_link_to_it() =>
        LocalCluster.RunAsync(5, world =>
        {
            if (world.Rank == 0)
                world.Send(1, 1);
            else
                Assert.Equal([0], Assert.Throws<PeerFailedException>(() => world.Receive<int>(0, 5)).FailedRanks);
        }, Ranks.With(new FaultPlan().Kill(0)) with { Topology = "ring" });

    [Fact]
    public async Task A_message_that_was_only_half_there_is_lost_with_its_sender()
    {
        using Pair pair = new();
        ValueTask sending = pair.First.SendAsync<byte>(new byte[2_000_000], 1, 1, TestContext.Current.CancellationToken);
        pair.Second.DriveUntil(() => pair.Second.LinkTo(0).BytesReceived > 100_000);
        using MatchedMessage? half = pair.Second.TryMatchedProbe(0, 1);
        Assert.NotNull(half);
        pair.First.Messenger.BreakLink(1, "the test breaks it");
        PeerFailedException error = await Assert.ThrowsAsync<PeerFailedException>(() => sending.Soon());
        Assert.Contains("the test breaks it", error.Message, StringComparison.Ordinal);
        Assert.Throws<PeerFailedException>(() => pair.Second.Receive<int>(0, 9));
        Assert.Throws<PeerFailedException>(() => half.ReceiveOwned<byte>());
    }

    [Fact]
    public void An_announced_message_is_lost_with_its_sender()
    {
        using Pair pair = new();
        ValueTask sending = pair.First.SynchronousSendAsync<byte>(new byte[10], 1, 1, TestContext.Current.CancellationToken);
        using MatchedMessage probed = pair.Second.MatchedProbe(0, 1);
        pair.First.Messenger.BreakLink(1, "the test breaks it");
        Assert.Throws<PeerFailedException>(() => pair.Second.Receive<int>(0, 9));
        Assert.Throws<PeerFailedException>(() => probed.ReceiveOwned<byte>());
        Assert.True(sending.IsFaulted);
    }

    [Theory, MemberData(nameof(Transports))]
    public Task A_broken_link_fails_both_ends_and_leaves_other_links_alone(LocalTransport transport) =>
        LocalCluster.RunAsync(3, world =>
        {
            if (world.Rank == 0)
                world.Send(1, 1);
            if (world.Rank < 2)
            {
                int other = 1 - world.Rank;
                Assert.Equal([other], Assert.Throws<PeerFailedException>(() => world.Receive<int>(other, 1)).FailedRanks);
                world.Send(world.Rank, 2, tag: 3);
                Assert.Equal(7, world.Receive<int>(2, 4));
                return;
            }

            for (int peer = 0; peer < 2; peer++)
            {
                Assert.Equal(peer, world.Receive<int>(peer, 3));
                world.Send(7, peer, tag: 4);
            }
        }, Ranks.With(new FaultPlan().BreakLink(0, 1), transport));

    [Theory, MemberData(nameof(Transports))]
    public Task A_lost_frame_closes_the_link_with_the_reason(LocalTransport transport) =>
        LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 0)
            {
                for (int i = 0; i < 3; i++)
                    world.Send(i, 1, tag: i);
                Assert.Throws<PeerFailedException>(() => world.Receive<int>(1, 9));
                return;
            }

            PeerFailedException error = Assert.Throws<PeerFailedException>(() => world.Receive<int>(0, 2));
            Assert.IsType<WireFormatException>(error.Cause);
            Assert.Contains("1 frame(s) were lost on the way", error.Message, StringComparison.Ordinal);
            Assert.Equal(0, world.Receive<int>(0, 0));
            Assert.Throws<PeerFailedException>(() => world.Receive<int>(0, 1));
        }, Ranks.With(new FaultPlan().Drop(0, 1, frame: 1), transport));

    [Theory]
    [InlineData(LocalTransport.Memory, 4)]
    [InlineData(LocalTransport.Memory, 30_000)]
    [InlineData(LocalTransport.Memory, 1_000_000)]
    [InlineData(LocalTransport.Memory, 6_000_000)]
    [InlineData(LocalTransport.Tcp, 4)]
    [InlineData(LocalTransport.Tcp, 1_000_000)]
    public Task A_doubled_frame_is_not_noticed(LocalTransport transport, int bytes)
    {
        FaultPlan faults = new();
        for (int frame = 0; frame < 4; frame++)
            faults.Duplicate(0, 1, frame).Duplicate(1, 0, frame);
        return LocalCluster.RunAsync(2, world =>
        {
            byte[] received = new byte[bytes];
            for (int i = 0; i < 6; i++)
            {
                world.SendReceive<byte>(Ranks.Bytes(bytes, i + world.Rank), 1 - world.Rank, received, 1 - world.Rank, i);
                Assert.Equal(Ranks.Bytes(bytes, i + 1 - world.Rank), received);
            }

            Assert.Equal(4, world.LinkTo(1 - world.Rank).DuplicatesDropped);
            Assert.Null(world.TryMatchedProbe());
        }, Ranks.With(faults, transport) with { Checksums = bytes == 30_000 });
    }

    [Theory, MemberData(nameof(Transports))]
    public Task Delayed_frames_keep_their_order(LocalTransport transport) =>
        LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 0)
            {
                long start = Environment.TickCount64;
                for (int i = 0; i < 50; i++)
                    world.Send(i, 1);
                Assert.Equal(1, world.Receive<int>(1));
                Assert.InRange(Environment.TickCount64 - start, 79, 60_000);
                return;
            }

            for (int i = 0; i < 50; i++)
                Assert.Equal(i, world.Receive<int>(0));
            world.Send(1, 0);
        }, Ranks.With(
            new FaultPlan().Delay(0, 1, TimeSpan.FromMilliseconds(80)).Delay(0, 1, TimeSpan.FromMilliseconds(30), frame: 20), transport));

    [Fact]
    public Task A_rank_that_leaves_in_order_is_no_failure_for_receives_from_any_rank() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            if (world.Rank == 2)
            {
                world.Messenger.SayGoodbye(TimeSpan.FromMilliseconds(1));
                return;
            }

            if (world.Rank == 0)
            {
                ValueTask<Status> any = world.ReceiveAsync<int>(new int[1], Communicator.AnySource, 1, token);
                PeerFailedException error = Assert.Throws<PeerFailedException>(() => world.Receive<int>(2, 1));
                Assert.Contains("has left the job", error.Message, StringComparison.Ordinal);
                world.Send(1, 1, tag: 3);
                Assert.Equal(1, (await any).Source);
                return;
            }

            world.Receive<int>(0, 3);
            world.Send(1, 0, tag: 1);
        }, Ranks.Over(LocalTransport.Tcp));
}
