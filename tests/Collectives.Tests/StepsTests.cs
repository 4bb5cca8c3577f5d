namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// Calls that are made of several collectives, in flight together with others: ranks that are late do the first steps of the ones before
/// the others are started, and other ranks after.
/// </summary>
public sealed class StepsTests
{
    private const int Told = 1;

    private delegate Task Call(Communicator world, int salt, CancellationToken token);

    public static TheoryData<int, string, bool, int> Shapes()
    {
        TheoryData<int, string, bool, int> shapes = [];
        foreach (int size in new[] { 2, 3, 4 })
        {
            foreach (bool check in new[] { false, true })
            {
                for (int seed = 0; seed < 6; seed++)
                    shapes.Add(size, seed % 2 == 0 ? "mesh" : "ring", check, seed);
            }
        }

        return shapes;
    }

    [Theory, MemberData(nameof(Shapes))]
    public Task Asynchronous_calls_of_several_steps_do_not_meet_others(int size, string topology, bool check, int seed) =>
        LocalCluster.RunAsync(size, async (world, token) =>
        {
            using CartesianCommunicator ring = world.CreateCartesian(dimensions: 1, periodic: true);
            using Communicator plain = world.Duplicate();
            ring.SetCollectiveOptions(CollectiveOptions.Default with { Check = check });
            Call[] calls = Calls();
            Random same = new(seed), own = new((seed * 100) + world.Rank);
            int[] order = [.. Enumerable.Range(0, size)];
            same.Shuffle(order);
            int[] chosen = [.. Enumerable.Range(0, 12).Select(_ => same.Next(calls.Length))];
            int turn = order.IndexOf(world.Rank), late = own.Next(chosen.Length);

            List<Task> started = [];
            for (int i = 0; i < chosen.Length; i++)
            {
                // Those before this rank have started all by then.
                if (i == late && turn > 0)
                    plain.Receive<int>(order[turn - 1], Told);
                started.Add(calls[chosen[i]](ring, i, token));
            }

            if (turn < size - 1)
                plain.Send(seed, order[turn + 1], Told);

            // Blocking ones, of several steps too, while the others are on their way.
            Assert.Equal(Texts(size, "blocking"), ring.AllGatherObject(Text(world.Rank, "blocking")));
            Assert.Equal(size, ring.AllReduce(1, ReduceOp<int>.Sum));
            using (Exchanged<int> exchanged = ring.Exchange(Parts(size, world.Rank, 3)))
                CheckParts(exchanged, size, world.Rank, 3);

            Task[] awaited = [.. started];
            own.Shuffle(awaited);
            foreach (Task call in awaited)
                await call;
        }, new() { Topology = topology });

    [Theory, InlineData(2), InlineData(3), InlineData(4)]
    public Task Options_are_those_of_the_start_in_all_steps(int size) =>
        LocalCluster.RunAsync(size, async (world, token) =>
        {
            using Communicator plain = world.Duplicate();
            Wait(plain);
            Task<string?[]> texts = world.AllGatherObjectAsync(Text(world.Rank, "before"), token).AsTask();
            Task<string?> text = world.BroadcastObjectAsync(Text(1, "before"), 1, token).AsTask();
            world.SetCollectiveOptions(
                new CollectiveOptions { Check = true, SegmentBytes = 64 }.With(Collective.AllGatherV, "ring").With(Collective.Broadcast, "chain"));
            Task<string?[]> later = world.AllGatherObjectAsync(Text(world.Rank, "after"), token).AsTask();
            Tell(plain);
            Assert.Equal(Texts(size, "after"), await later);
            Assert.Equal(Text(1, "before"), await text);
            Assert.Equal(Texts(size, "before"), await texts);
        });

    [Theory, InlineData(2, false), InlineData(3, false), InlineData(4, true)]
    public Task Communicators_are_told_apart_by_the_order_in_which_they_were_asked_for(int size, bool check) =>
        LocalCluster.RunAsync(size, async (world, token) =>
        {
            using Communicator plain = world.Duplicate();
            world.SetCollectiveOptions(CollectiveOptions.Default with { Check = check });
            Wait(plain);
            Task<Communicator> turned = world.SplitAsync(colour: 1, key: -world.Rank, token).AsTask();
            Task<Communicator?> part = world.SplitAsync(world.Rank == 0 ? null : 2, cancellationToken: token).AsTask();
            (int left, int right) = ((world.Rank + size - 1) % size, (world.Rank + 1) % size);
            Task<GraphCommunicator> graph = world.CreateGraphAsync([left], [right], token).AsTask();
            using Communicator twin = world.Duplicate();
            Task<Communicator> whole = world.SplitAsync(colour: 3, cancellationToken: token).AsTask();
            Tell(plain);

            // Who has it sends at once, also to ranks that have not.
            using Communicator last = await whole;
            Task<int[]> onLast = last.AllGatherAsync(world.Rank, token).AsTask();
            Task<int[]> onTwin = twin.AllGatherAsync(10 * world.Rank, token).AsTask();
            using GraphCommunicator ring = await graph;
            int[] received = new int[1];
            Task onRing = ring.NeighbourAllToAllAsync<int>(new[] { world.Rank }, received, token).AsTask();
            using Communicator? some = await part;
            Task<int[]>? onSome = some?.AllGatherAsync(world.Rank, token).AsTask();
            using Communicator first = await turned;
            Task<int[]> onFirst = first.AllGatherAsync(world.Rank, token).AsTask();
            Assert.Equal(Enumerable.Range(0, size).Reverse(), await onFirst);
            Assert.Equal(Enumerable.Range(0, size), await onLast);
            Assert.Equal(Enumerable.Range(0, size).Select(rank => 10 * rank), await onTwin);
            await onRing;
            Assert.Equal(left, received[0]);
            Assert.Equal(world.Rank == 0, onSome is null);
            if (onSome is not null)
                Assert.Equal(Enumerable.Range(1, size - 1), await onSome);
        });

    [Theory, InlineData(false), InlineData(true)]
    public Task Wrong_arguments_take_no_number(bool check) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            using CartesianCommunicator ring = world.CreateCartesian(dimensions: 1, periodic: true);
            ring.SetCollectiveOptions(CollectiveOptions.Default with { Check = check });
            CancellationToken fired = new(canceled: true);
            if (world.Rank == 1)
            {
                await Fails<ArgumentException>(async () => await ring.BroadcastObjectAsync("", 7, token));
                await Fails<ArgumentException>(async () => await ring.GatherObjectAsync("", -1, token));
                await Fails<ArgumentException>(async () => await ring.ScatterObjectAsync([""], 1, token));
                await Fails<ArgumentException>(async () => await ring.AllToAllObjectAsync([""], token));
                await Fails<ArgumentException>(async () => await ring.NeighbourAllToAllObjectAsync([""], token));
                await Fails<ArgumentException>(async () => await ring.ExchangeAsync<int>(new[] { default(ReadOnlyMemory<int>) }, token));
                await Fails<ArgumentException>(async () => await ring.CreateGraphAsync(null!, [], token));
                await Fails<OperationCanceledException>(async () => await ring.AllGatherObjectAsync("", fired));
                await Fails<OperationCanceledException>(async () => await ring.ExchangeAsync(Parts(3, 1, 0), fired));
                await Fails<OperationCanceledException>(async () => await ring.CreateGraphAsync([], [], fired));
                await Fails<OperationCanceledException>(async () => await ring.SplitAsync(0, 0, fired));
                Assert.ThrowsAny<ArgumentException>(() => ring.ScatterObject([""], 1));
                Assert.ThrowsAny<ArgumentException>(() => ring.Exchange<int>(new[] { default(ReadOnlyMemory<int>) }));
            }

            Task<string?[]> texts = ring.AllGatherObjectAsync(Text(world.Rank, "right"), token).AsTask();
            using Communicator twin = await ring.SplitAsync(0, 0, token);
            Assert.Equal(3, await twin.AllReduceAsync(1, ReduceOp<int>.Sum, token));
            Assert.Equal(Texts(3, "right"), await texts);
        });

    [Theory, InlineData("text"), InlineData("exchange"), InlineData("split"), InlineData("graph"), InlineData("prepared")]
    public Task Ranks_go_on_after_a_mismatch_with_a_call_of_several_steps(string what) =>
        LocalCluster.RunAsync(3, async (world, token) =>
        {
            world.SetCollectiveOptions(new() { Check = true });
            using PersistentCollective prepared = world.PrepareBarrier();
            bool other = world.Rank == 1;
            CollectiveMismatchException error = await Assert.ThrowsAsync<CollectiveMismatchException>(async () =>
            {
                switch (what)
                {
                    case "text" when !other:
                        await world.AllGatherObjectAsync("text", token);
                        break;
                    case "exchange" when !other:
                        using (await world.ExchangeAsync(Parts(3, world.Rank, 1), token))
                            break;
                    case "split" when !other:
                        using (await world.SplitAsync(0, 0, token))
                            break;
                    case "graph" when !other:
                        using (await world.CreateGraphAsync([], [], token))
                            break;
                    case "prepared" when !other:
                        prepared.Start();
                        break;
                    case "exchange":
                        // The same as the first step there.
                        await world.AllToAllAsync<long>(new long[3], new long[3], token);
                        break;
                    case "graph":
                        await world.AllGatherAsync(1, token);
                        break;
                    default:
                        await world.AllReduceAsync(1, ReduceOp<int>.Sum, token);
                        break;
                }
            });
            Assert.NotEqual(error.Mine, error.Theirs);

            using Communicator twin = await world.SplitAsync(0, 0, token);
            Assert.Equal(3, await twin.AllReduceAsync(1, ReduceOp<int>.Sum, token));
            Assert.Equal(Texts(3, "right"), await world.AllGatherObjectAsync(Text(world.Rank, "right"), token));
        });

    [Theory, InlineData(false), InlineData(true)]
    public Task A_call_that_ends_between_its_steps_is_told_to_all(bool blocking)
    {
        // More comes to rank 0 than fits, which only that rank knows.
        BlockLayout large = BlockLayout.FromCounts(1L << 30, 0);
        byte[] data = new byte[1 << 30];
        return LocalCluster.RunAsync(2, async (world, token) =>
        {
            Exception? error = await Record.ExceptionAsync(async () =>
            {
                using Exchanged<byte> received = blocking
                    ? world.Exchange(data, large)
                    : await world.ExchangeAsync<byte>(data, large, token);
            });
            if (world.Rank == 0)
                Assert.IsType<OverflowException>(error);
            else
                Assert.Contains("between its steps", Assert.IsType<CommunicatorRevokedException>(error).Reason, StringComparison.Ordinal);
        });
    }

    private static async Task Fails<T>(Func<Task> call)
        where T : Exception => await Assert.ThrowsAnyAsync<T>(call);

    /// <summary>All but rank 0 start when rank 0 has started.</summary>
    private static void Wait(Communicator plain)
    {
        if (plain.Rank > 0)
            plain.Receive<int>(plain.Rank - 1, Told);
    }

    private static void Tell(Communicator plain)
    {
        if (plain.Rank < plain.Size - 1)
            plain.Send(0, plain.Rank + 1, Told);
    }

    private static Call[] Calls() =>
    [
        async (world, salt, token) => Assert.Equal(Text(0, salt), await world.BroadcastObjectAsync(Text(world.Rank, salt), 0, token)),
        async (world, salt, token) =>
        {
            int root = salt % world.Size;
            string?[] texts = await world.GatherObjectAsync(Text(world.Rank, salt), root, token);
            Assert.Equal(world.Rank == root ? Texts(world.Size, salt) : [], texts);
        },
        async (world, salt, token) =>
            Assert.Equal(Texts(world.Size, salt), await world.AllGatherObjectAsync(Text(world.Rank, salt), token)),
        async (world, salt, token) =>
            Assert.Equal(Text(world.Rank, salt), await world.ScatterObjectAsync(Texts(world.Size, salt), salt % world.Size, token)),
        async (world, salt, token) =>
        {
            string[] given = [.. Enumerable.Range(0, world.Size).Select(to => Text((10 * world.Rank) + to, salt))];
            IEnumerable<string> expected = Enumerable.Range(0, world.Size).Select(from => Text((10 * from) + world.Rank, salt));
            Assert.Equal(expected, await world.AllToAllObjectAsync(given, token));
        },
        async (world, salt, token) =>
        {
            string text = await world.ReduceObjectAsync(Text(world.Rank, salt), string.Concat, 0, token);
            Assert.Equal(world.Rank == 0 ? string.Concat(Texts(world.Size, salt)) : Text(world.Rank, salt), text);
        },
        async (world, salt, token) =>
            Assert.Equal(
                string.Concat(Texts(world.Size, salt)), await world.AllReduceObjectAsync(Text(world.Rank, salt), string.Concat, token)),
        async (world, salt, token) =>
        {
            CartesianCommunicator ring = (CartesianCommunicator)world;
            int left = (ring.Rank + ring.Size - 1) % ring.Size, right = (ring.Rank + 1) % ring.Size;
            Assert.Equal([Text(left, salt), Text(right, salt)], await ring.NeighbourAllGatherObjectAsync(Text(ring.Rank, salt), token));
        },
        async (world, salt, token) =>
        {
            using Exchanged<int> exchanged = await world.ExchangeAsync(Parts(world.Size, world.Rank, salt), token);
            CheckParts(exchanged, world.Size, world.Rank, salt);
        },
        async (world, salt, token) => Assert.Equal(world.Size * salt, await world.AllReduceAsync(salt, ReduceOp<int>.Sum, token)),
        async (world, salt, token) =>
            Assert.Equal(Enumerable.Range(salt, world.Size), await world.AllGatherAsync(salt + world.Rank, token)),
        async (world, _, token) => await world.BarrierAsync(token),
    ];

    private static ReadOnlyMemory<int>[] Parts(int size, int rank, int salt) =>
        [.. Enumerable.Range(0, size).Select(to => (ReadOnlyMemory<int>)new[] { salt, rank, to }.AsMemory(0, (rank + to + salt) % 4))];

    private static void CheckParts(Exchanged<int> exchanged, int size, int rank, int salt)
    {
        for (int source = 0; source < size; source++)
            Assert.Equal(Parts(size, source, salt)[rank].ToArray(), exchanged.From(source).ToArray());
    }

    private static string Text(int rank, object salt) => $"{salt} of {rank}{new string('.', rank)}";

    private static string[] Texts(int size, object salt) => [.. Enumerable.Range(0, size).Select(rank => Text(rank, salt))];
}
