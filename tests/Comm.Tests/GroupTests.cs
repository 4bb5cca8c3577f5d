using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Set operations on groups.</summary>
public sealed class GroupTests
{
    private static readonly Gen<int[]> Members = Gen.Int[0, 12].Array[0, 9].Select(ranks => ranks.Distinct().ToArray());

    [Fact]
    public void Set_operations_keep_the_order_of_the_first_group()
    {
        Group a = new([5, 1, 3, 0], own: 3), b = new([3, 7, 5], own: 3);
        Assert.Equal([5, 1, 3, 0, 7], a.Union(b).Members.ToArray());
        Assert.Equal([5, 3], a.Intersection(b).Members.ToArray());
        Assert.Equal([1, 0], a.Difference(b).Members.ToArray());
        Assert.Equal([0, 5], a.Include(3, 0).Members.ToArray());
        Assert.Equal([1, 3], a.Exclude(3, 0).Members.ToArray());
        Assert.Equal([2, Group.Undefined], new[] { b.Translate(2, new Group([1, 2, 5], own: 3)), a.Translate(1, b) });
    }

    [Fact]
    public void Set_operations_agree_with_sets() =>
        Gen.Select(Members, Members).Sample(
            (x, y) =>
            {
                Group a = new(x, own: 3), b = new(y, own: 3);
                Assert.Equal(x.Union(y), a.Union(b).Members.ToArray());
                Assert.Equal(x.Intersect(y), a.Intersection(b).Members.ToArray());
                Assert.Equal(x.Except(y), a.Difference(b).Members.ToArray());
                for (int i = 0; i < x.Length; i++)
                {
                    Assert.Equal(y.Contains(x[i]) ? Array.IndexOf(y, x[i]) : Group.Undefined, a.Translate(i, b));
                    Assert.Equal(i, a.PositionOf(x[i]));
                }

                Assert.Equal(x.Contains(3) ? Array.IndexOf(x, 3) : Group.Undefined, a.Rank);
                Assert.Equal(a.Rank, a.Union(b).Rank < x.Length ? a.Union(b).Rank : Group.Undefined);
                GroupComparison expected = x.SequenceEqual(y) ? GroupComparison.Identical
                    : x.Order().SequenceEqual(y.Order()) ? GroupComparison.Similar : GroupComparison.Unequal;
                Assert.Equal(expected, a.Compare(b));
                Assert.Equal(expected, b.Compare(a));
            },
            iter: 2_000, threads: 1);

    [Fact]
    public void Ranks_out_of_range_and_twice_are_refused()
    {
        Group group = new([0, 1, 2], own: 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Include(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Exclude(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => group.Translate(3, group));
        Assert.Throws<ArgumentException>("ranks", () => group.Include(1, 1));
        Assert.Throws<ArgumentException>("ranks", () => group.Exclude(1, 1));
        Assert.Throws<ArgumentException>("ranks", () => group.IncludeRanges((0, 1, 1), (2, 0, -1)));
        Assert.Throws<ArgumentException>("ranks", () => group.ExcludeRanges((0, 0, 1), (0, 2, 2)));
        Assert.Throws<ArgumentException>("ranges", () => group.IncludeRanges((0, 2, 0)));
        Assert.Throws<ArgumentException>("ranges", () => group.IncludeRanges((0, 2, -1)));
        Assert.Throws<ArgumentException>("ranges", () => group.ExcludeRanges((2, 0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>("ranges", () => group.IncludeRanges((0, 3, 1)));
        Assert.Throws<ArgumentOutOfRangeException>("ranges", () => group.ExcludeRanges((-1, 2, 1)));
        Assert.Throws<ArgumentException>(() => new Group([4, 2, 4], own: 3));
        Assert.Throws<ArgumentNullException>(() => group.Union(null!));
        Assert.Equal(0, new Group([], own: 3).Size);
        Assert.Equal(-1, group.PositionOf(-1));
        Assert.False(new Group([1, 2], own: 3).Contains(0));
    }

    [Fact]
    public void Ranges_go_up_and_down_as_far_as_their_steps_reach()
    {
        Group group = new([10, 11, 12, 13, 14, 15, 16, 17], own: 3);
        Assert.Equal([10, 13, 16, 15, 12, 11, 17], group.IncludeRanges((0, 7, 3), (5, 1, -3), (1, 1, -9), (7, 7, 1)).Members.ToArray());
        Assert.Equal([11, 12, 14], group.ExcludeRanges((0, 7, 3), (7, 5, -2)).Members.ToArray());
        Assert.Equal([16], group.IncludeRanges((6, 7, int.MaxValue)).Members.ToArray());
        Assert.Equal([17], group.IncludeRanges((7, 0, int.MinValue)).Members.ToArray());
        Assert.Equal(0, group.IncludeRanges().Size);
        Assert.Equal(group.Members.ToArray(), group.ExcludeRanges().Members.ToArray());
    }

    [Fact]
    public Task A_group_tells_this_rank_and_its_members() => LocalCluster.RunAsync(4, world =>
    {
        Assert.Equal(world.Rank, world.Group.Rank);
        Assert.Equal([0, 1, 2, 3], world.Group.Members.ToArray());
        Group odd = world.Group.Include(3, 1);
        Assert.Equal(world.Rank switch { 3 => 0, 1 => 1, _ => Group.Undefined }, odd.Rank);
        using Communicator half = world.Split(world.Rank % 2)!;
        Assert.Equal((half.Rank, half.Size), (half.Group.Rank, half.Group.Size));
        Assert.Equal([world.Rank % 2, (world.Rank % 2) + 2], half.Group.Members.ToArray());
        Assert.Equal(Communicator.NoRank, world.Group.Translate(Communicator.NoRank, odd));
    }, Ranks.Over(LocalTransport.Memory));

    [Fact]
    public async Task What_is_not_in_a_group_is_no_rank_for_any_call()
    {
        using Pair pair = new();
        Communicator world = pair.First;
        int none = world.Group.Translate(0, world.Group.Include(1));
        Assert.Equal((Group.Undefined, -32766), (none, Group.Undefined));
        pair.Second.Send(42, 0);
        int[] one = [1];
        CancellationToken token = TestContext.Current.CancellationToken;
        Action[] calls =
        [
            () => world.Send(1, none), () => world.SynchronousSend<int>(one, none), () => world.SendObject("text", none),
            () => world.StartSend<int>(one, none), () => world.Receive<int>(none), () => world.Receive<int>(new int[1], none),
            () => world.ReceiveOwned<int>(none), () => world.ReceiveObject<string>(none), () => world.StartReceive<int>(one, none),
            () => world.Probe(none), () => world.TryProbe(none), () => world.SendReceive<int>(one, none, new int[1], 1),
            () => world.SendReceive<int>(one, 1, new int[1], none), () => world.SendReceiveReplace<int>(one, 1, none),
            () => world.Broadcast<int>(one, none), () => world.Gather<int>(one, new int[2], none),
            () => world.Reduce<int>(one, new int[1], ReduceOp<int>.Sum, none), () => world.BroadcastObject("text", none),
            () => world.Group.Include(none), () => world.Group.Exclude(none), () => world.Group.Translate(none, world.Group),
        ];
        Assert.All(calls, call => Assert.ThrowsAny<ArgumentException>(call));
        Func<Task>[] tasks =
        [
            () => world.SendAsync(1, none, cancellationToken: token).AsTask(),
            () => world.SynchronousSendAsync<int>(one, none, cancellationToken: token).AsTask(),
            () => world.SendObjectAsync("text", none, cancellationToken: token).AsTask(),
            () => world.ReceiveAsync<int>(new int[1], none, cancellationToken: token).AsTask(),
            () => world.ReceiveOwnedAsync<int>(none, cancellationToken: token).AsTask(),
            () => world.ReceiveObjectAsync<string>(none, cancellationToken: token).AsTask(),
            () => world.ProbeAsync(none, cancellationToken: token).AsTask(),
            () => world.SendReceiveAsync<int>(one, 1, new int[1], none, cancellationToken: token).AsTask(),
        ];
        foreach (Func<Task> task in tasks)
            await Assert.ThrowsAnyAsync<ArgumentException>(task);
        Assert.Equal(42, world.Receive<int>(1));
    }
}
