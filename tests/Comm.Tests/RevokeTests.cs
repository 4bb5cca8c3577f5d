using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>Communicators that are revoked, disposed and made from others.</summary>
public sealed class RevokeTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(80);

    [Theory]
    [InlineData("mesh")]
    [InlineData("ring")]
    public Task A_round_that_times_out_revokes_the_communicator_on_every_rank(string topology) =>
        LocalCluster.RunAsync(5, world =>
        {
            if (world.Rank == 0)
            {
                world.Timeout = Short;
                MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(() => Rounds.Receive(world, 1, 4));
                Assert.Equal("Barrier #0", error.Operation);
                Assert.Equal([1, 4], error.MissingRanks);
                Assert.Equal(2, error.StateOfEachPeer.Count);
                Assert.Contains("waiting for rank(s) 1, 4", error.Message, StringComparison.Ordinal);
                Assert.Contains("The communicator is revoked", error.Message, StringComparison.Ordinal);
                Assert.Throws<CommunicatorRevokedException>(() => world.Send(1, 1));
                return;
            }

            CommunicatorRevokedException revoked = Assert.Throws<CommunicatorRevokedException>(
                () => world.Receive<int>((world.Rank + 1) % 5));
            Assert.Contains("Barrier #0", revoked.Reason, StringComparison.Ordinal);
            Assert.Throws<CommunicatorRevokedException>(() => Rounds.Receive(world, 0));
            Assert.Throws<CommunicatorRevokedException>(() => world.TryMatchedProbe());
        }, Ranks.Over(LocalTransport.Memory) with { Topology = topology, OffTopology = OffTopologyPolicy.Refuse });

    [Fact]
    public Task An_awaited_round_that_times_out_tells_all_missing_ranks() =>
        LocalCluster.RunAsync(2, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                world.Timeout = Short;
                MpiTimeoutException error = await Assert.ThrowsAsync<MpiTimeoutException>(() => Rounds.ReceiveAsync(world, 1, token));
                Assert.Equal("Barrier #0", error.Operation);
                Assert.Equal([1], error.MissingRanks);
                return;
            }

            await Assert.ThrowsAsync<CommunicatorRevokedException>(async () => await world.ReceiveAsync<int>(new int[1], 0, 0, token));
        });

    [Fact]
    public Task Cancelling_a_round_revokes_the_communicator() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            if (world.Rank == 0)
            {
                using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
                Task round = Rounds.ReceiveAsync(world, 1, source.Token);
                await source.CancelAsync();
                OperationCanceledException error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round);
                Assert.Equal(source.Token, error.CancellationToken);
                await Assert.ThrowsAsync<CommunicatorRevokedException>(() => Rounds.ReceiveAsync(world, 1, token));
                return;
            }

            CommunicatorRevokedException revoked = await Assert.ThrowsAsync<CommunicatorRevokedException>(
                () => Rounds.ReceiveAsync(world, 2 - world.Rank + 1, token));
            Assert.Contains("was cancelled", revoked.Reason, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_round_that_cannot_be_posted_takes_back_what_was_posted_and_nothing_else() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            if (world.Rank == 2)
            {
                world.Send(1, 0, tag: 1);
                return;
            }

            Assert.Throws<PeerFailedException>(() => world.Receive<int>(2, 1));
            if (world.Rank == 1)
            {
                world.Send(5, 0, tag: 8);
                return;
            }

            ValueTask<Status> pending = world.ReceiveAsync<int>(new int[1], 1, 8, token);
            for (int i = 0; i < 3; i++)
                Assert.Throws<PeerFailedException>(() => Rounds.Receive(world, 2));
            Assert.Equal(1, (await pending).Source);
        }, Ranks.With(new FaultPlan().Kill(2)));

    [Fact]
    public async Task A_round_on_a_revoked_communicator_leaves_the_operations_of_others_alone()
    {
        using Pair pair = new();
        CancellationToken token = TestContext.Current.CancellationToken;
        using Communicator child = pair.First.CreateChild([0, 1], "child");
        child.Revoke();
        ValueTask<Status> first = pair.First.ReceiveAsync<int>(new int[1], 1, 1, token), second = pair.First.ReceiveAsync<int>(
            new int[1], 1, 2, token);
        Assert.Throws<CommunicatorRevokedException>(() => Rounds.Receive(child, 1));
        Assert.Equal(2, pair.First.Messenger.DescribePending().Count);
        pair.Second.Send(2, 0, tag: 2);
        pair.Second.Send(1, 0, tag: 1);
        Assert.Equal(1, (await first.Soon()).Tag);
        Assert.Equal(2, (await second.Soon()).Tag);
    }

    [Fact]
    public Task A_round_with_another_length_is_an_error() =>
        LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 0)
            {
                Rounds.Send(world, 1, new byte[3]);
                Rounds.Send(world, 1, new byte[5]);
                return;
            }

            foreach (int bytes in (int[])[3, 5])
            {
                MessageTruncatedException error = Assert.Throws<MessageTruncatedException>(() => Rounds.Receive(world, 0));
                Assert.Equal((4, bytes), (error.ExpectedBytes, error.ActualBytes));
                Assert.Contains("give all ranks the same count", error.Message, StringComparison.Ordinal);
            }
        });

    [Fact]
    public Task Rounds_do_not_meet_messages_of_the_program() =>
        LocalCluster.RunAsync(2, world =>
        {
            if (world.Rank == 0)
            {
                world.Send(1, 1, tag: 0);
                Rounds.Send(world, 1, new byte[] { 9, 9, 9, 9 });
                return;
            }

            Assert.Equal(1, world.Receive<int>());
            Rounds.Receive(world, 0);
            Assert.Null(world.TryMatchedProbe());
        });

    [Fact]
    public Task Disposing_with_operations_pending_revokes() =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            Communicator child = world.CreateChild([0, 1, 2], "child");
            if (world.Rank == 0)
            {
                ValueTask<Status> pending = child.ReceiveAsync<int>(new int[1], 1, 0, token);
                await child.DisposeAsync();
                await Assert.ThrowsAsync<CommunicatorRevokedException>(async () => await pending);
                Assert.Throws<ObjectDisposedException>(() => child.Send(1, 1));
            }
            else
            {
                CommunicatorRevokedException error = await Assert.ThrowsAsync<CommunicatorRevokedException>(
                    async () => await child.ReceiveAsync<int>(new int[1], 0, 0, token));
                Assert.Equal(0, error.RevokedBy);
                Assert.Equal("child", error.Communicator);
                Assert.Contains("disposed it with operations pending", error.Reason, StringComparison.Ordinal);
            }

            // The parent is another communicator.
            int other = (world.Rank + 1) % 3;
            world.Send(world.Rank, other, tag: 1);
            Assert.Equal((world.Rank + 2) % 3, world.Receive<int>((world.Rank + 2) % 3, 1));
        });

    [Fact]
    public Task A_revocation_that_comes_before_the_communicator_waits_for_it() =>
        LocalCluster.RunAsync(4, world =>
        {
            // A ring: rank 2 hears of it through rank 1 or 3, which make the communicator later.
            if (world.Rank == 0)
            {
                using Communicator early = world.CreateChild([0, 1, 2, 3], "child");
                early.Revoke("not needed");
                world.Send(0, 1, tag: 1);
                world.Send(0, 3, tag: 1);
                Assert.Equal(1, world.Receive<int>(1, 2));
                Assert.Equal(1, world.Receive<int>(3, 2));
                return;
            }

            if (world.Rank != 2)
                world.Receive<int>(0, 1);
            using Communicator child = world.CreateChild([0, 1, 2, 3], "child");
            CommunicatorRevokedException error = Assert.Throws<CommunicatorRevokedException>(
                () => child.Receive<int>(1 + (world.Rank % 3)));
            Assert.Equal("not needed", error.Reason);
            if (world.Rank != 2)
                world.Send(1, 0, tag: 2);
        }, Ranks.Over(LocalTransport.Memory) with { Topology = "ring", OffTopology = OffTopologyPolicy.Refuse });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public Task Messages_of_a_communicator_that_is_gone_are_dropped_and_their_credit_comes_back(bool revoked) =>
        LocalCluster.RunAsync(2, world =>
        {
            const int bytes = 60_000;
            Communicator child = world.CreateChild([0, 1], "child");
            if (world.Rank == 0)
            {
                // More than the credit, of short sends that nobody receives: none may wait.
                for (int part = 0; part < 4; part++)
                {
                    for (int i = 0; i < 40; i++)
                        child.Send<byte>(new byte[bytes], 1);
                    if (part == 0)
                        world.Send(0, 1, tag: 1);
                    world.Send(0, 1, tag: 2);
                    Assert.Equal(1, world.Receive<int>(1, 2));
                }

                // Announced ones end too.
                child.Send<byte>(new byte[5_000_000], 1);
                return;
            }

            world.Receive<int>(0, 1);
            if (revoked)
                child.Messenger.RevokeQueue(child.Queue, new CommunicatorRevokedException("only here"));
            else
                child.Dispose();
            for (int part = 0; part < 4; part++)
            {
                world.Receive<int>(0, 2);
                world.Send(1, 0, tag: 2);
            }

            Assert.Equal(0, world.Messenger.UnexpectedBytes);

            // Somebody has to move bytes until rank 0 is done.
            world.Messenger.Engine.ProgressAlways();
        });

    [Fact]
    public Task Communicators_of_the_same_ranks_are_apart() =>
        LocalCluster.RunAsync(3, world =>
        {
            using Communicator first = world.CreateChild([2, 1, 0], "first");
            using Communicator second = world.CreateChild([0, 1, 2], "second");
            using Communicator grandchild = first.CreateChild([0, 1, 2], "grandchild");
            Assert.Equal(2 - world.Rank, first.Rank);
            Assert.Equal(world.Rank, second.Rank);
            Communicator[] all = [world, first, second, grandchild];
            Assert.Equal(4, all.Select(one => one.Identity).Distinct().Count());
            for (int i = 0; i < all.Length; i++)
                all[i].Send(i, (all[i].Rank + 1) % 3, tag: 5);
            for (int i = all.Length - 1; i >= 0; i--)
            {
                int[] value = new int[1];
                Status status = all[i].Receive<int>(value);
                Assert.Equal(i, value[0]);
                Assert.Equal((all[i].Rank + 2) % 3, status.Source);
            }
        });

    [Fact]
    public Task Halves_talk_among_themselves() =>
        LocalCluster.RunAsync(5, world =>
        {
            int[] members = world.Rank % 2 == 0 ? [4, 2, 0] : [1, 3];
            using Communicator half = world.CreateChild(members, "half");
            half.Timeout = Ranks.Patience;
            Assert.Equal(Array.IndexOf(members, world.Rank), half.Rank);
            half.Send(world.Rank, (half.Rank + 1) % half.Size);
            Assert.Equal(members[(half.Rank + half.Size - 1) % half.Size], half.Receive<int>());
            Assert.Equal(half.Rank, world.Group.Translate(world.Rank, half.Group));
        });

    [Fact]
    public Task A_group_makes_a_communicator_without_the_others() =>
        LocalCluster.RunAsync(4, world =>
        {
            Group some = world.Group.Include(3, 1);
            if (world.Rank is 0 or 2)
                return;
            using Communicator first = world.CreateFromGroup(some, 7);
            using Communicator second = world.CreateFromGroup(some, 7);
            using Communicator other = world.CreateFromGroup(some, 8);
            Assert.Equal(3, new[] { first.Identity, second.Identity, other.Identity }.Distinct().Count());
            Assert.Equal(world.Rank == 3 ? 0 : 1, first.Rank);
            second.Send(2, 1 - second.Rank);
            first.Send(1, 1 - first.Rank);
            Assert.Equal(1, first.Receive<int>());
            Assert.Equal(2, second.Receive<int>());
            Assert.Null(other.TryMatchedProbe());
        });

    [Fact]
    public Task A_group_with_strangers_makes_no_communicator() =>
        LocalCluster.RunAsync(3, world =>
        {
            Communicator child = world.CreateChild([0, 1], "pair");
            if (world.Rank < 2)
                Assert.Throws<ArgumentException>(() => child.CreateFromGroup(world.Group, 0));
            Assert.Throws<ArgumentException>(() => world.CreateFromGroup(world.Group.Include((world.Rank + 1) % 3), 0));
        });
}
