using BoxerMpi.Schedules;
using CsCheck;

namespace BoxerMpi.Collectives.Tests;

/// <summary>
/// Random programs against a sequential oracle: any calls, shapes, folds and algorithms, several in flight, with messages between them.
/// </summary>
public sealed class RandomTests
{
    private static readonly string[] Topologies = ["mesh", "grid", "tree", "ring", "star", "hypercube"];

    private static readonly Collective[] Kinds =
    [
        Collective.Barrier, Collective.Broadcast, Collective.Reduce, Collective.AllReduce, Collective.Gather, Collective.GatherV,
        Collective.Scatter, Collective.ScatterV, Collective.AllGather, Collective.AllGatherV, Collective.AllToAll, Collective.AllToAllV,
        Collective.ReduceScatterBlock,
        Collective.ReduceScatter, Collective.Scan, Collective.ExclusiveScan, Collective.NeighbourAllGather, Collective.NeighbourAllToAllV,
    ];

    private static readonly ReduceOp<long>[] Folds =
    [
        ReduceOp<long>.Sum, ReduceOp<long>.Max, ReduceOp<long>.BitwiseXor, ReduceOp.Create<long>(Compose),
    ];

    private static readonly Gen<Call> Calls =
        from kind in Gen.Int[0, Kinds.Length - 1]
        from length in Gen.OneOf(Gen.Int[0, 9], Gen.Int[10, 300], Gen.Const(1500))
        from root in Gen.Int[0, 99]
        from fold in Gen.Int[0, Folds.Length - 1]
        from shift in Gen.Int[0, 6]
        select new Call(Kinds[kind], length, root, fold, shift);

    private static readonly Gen<(int Size, int Topology, bool Deterministic, Call[] Calls)> Programs =
        from size in Gen.Int[1, 9]
        from topology in Gen.Int[0, Topologies.Length - 1]
        from deterministic in Gen.Bool
        from calls in Calls.Array[1, 7]
        select (size, topology, deterministic, calls);

    [Fact]
    public void Random_programs_give_what_a_loop_over_the_ranks_gives() => Programs.Sample(
        program => LocalCluster.RunAsync(program.Size, async (world, token) =>
        {
            world.SetCollectiveOptions(new() { Deterministic = program.Deterministic, Window = 3, SegmentBytes = 1000 });
            using CartesianCommunicator box = world.CreateCartesian(dimensions: 2, periodic: program.Size % 2 == 0);
            List<Task> running = [];
            for (int i = 0; i < program.Calls.Length; i++)
            {
                Call call = program.Calls[i] with { Number = i, Root = program.Calls[i].Root % world.Size };
                running.Add(call.Kind.IsAmongNeighbours() ? RunAsync(box, call, token) : RunAsync(world, call, token));
                if (call.Shift > 0)
                    running.Add(MessageAsync(world, call, token));
            }

            await Task.WhenAll(running);
        }, new() { Topology = Topologies[program.Topology], EagerLimitBytes = 4096 }).GetAwaiter().GetResult(),
        iter: 120,
        threads: 1,
        print: program => $"{program.Size} ranks, {Topologies[program.Topology]}, deterministic {program.Deterministic}: " +
            string.Join<Call>("; ", program.Calls));

    private static async Task RunAsync(CartesianCommunicator box, Call call, CancellationToken token)
    {
        int rank = box.Rank;
        int[] near = box.Shape.Neighbours(rank);
        if (call.Kind == Collective.NeighbourAllGather)
        {
            long[] gathered = new long[near.Length * call.Length];
            await box.NeighbourAllGatherAsync<long>(Input(call, rank, 0, call.Length), gathered, token);
            Assert.Equal(
                All(near.Length, block => near[block] < 0 ? new long[call.Length] : Input(call, near[block], 0, call.Length)), gathered);
            return;
        }

        // What a neighbour sends back to here is the block of the other direction.
        BlockLayout sends = Layout(near.Length, block => Count(call, rank, block));
        BlockLayout receives = Layout(near.Length, block => near[block] < 0 ? 0 : Count(call, near[block], block ^ 1));
        long[] arrived = new long[receives.Total];
        await box.NeighbourAllToAllVAsync<long>(
            All(near.Length, block => Input(call, rank, block, Count(call, rank, block))), sends, arrived, receives, token);
        Assert.Equal(All(near.Length, block => near[block] < 0 ? [] : Input(
            call, near[block], block ^ 1, Count(call, near[block], block ^ 1))), arrived);
    }

    private static async Task MessageAsync(Communicator world, Call call, CancellationToken token)
    {
        int to = (world.Rank + call.Shift) % world.Size;
        int from = (world.Rank + world.Size * 7 - call.Shift) % world.Size;
        long[] received = new long[call.Length];
        await world.SendReceiveAsync<long>(
            Input(call, world.Rank, 77, call.Length), to, received, from, tag: call.Number, cancellationToken: token);
        Assert.Equal(Input(call, from, 77, call.Length), received);
    }

    private static async Task RunAsync(Communicator world, Call call, CancellationToken token)
    {
        (int rank, int size, int length, int root) = (world.Rank, world.Size, call.Length, call.Root);
        ReduceOp<long> op = Folds[call.Fold];
        long[] own = Input(call, rank, 0, length);
        long[] result = new long[length];
        switch (call.Kind)
        {
            case Collective.Barrier:
                await world.BarrierAsync(token);
                break;
            case Collective.Broadcast:
                long[] vector = rank == root ? own : result;
                await world.BroadcastAsync<long>(vector, root, token);
                Assert.Equal(Input(call, root, 0, length), vector);
                break;
            case Collective.Reduce:
                await world.ReduceAsync(own, result, op, root, token);
                Assert.Equal(rank == root ? Fold(call, size, 0, length) : new long[length], result);
                break;
            case Collective.AllReduce:
                await world.AllReduceAsync(own, result, op, token);
                Assert.Equal(Fold(call, size, 0, length), result);
                break;
            case Collective.Scan:
                await world.ScanAsync(own.AsMemory(), op, token);
                Assert.Equal(Fold(call, rank + 1, 0, length), own);
                break;
            case Collective.ExclusiveScan:
                await world.ExclusiveScanAsync(own, result, op, token);
                Assert.Equal(rank == 0 ? new long[length] : Fold(call, rank, 0, length), result);
                break;
            case Collective.ReduceScatterBlock:
                await world.ReduceScatterBlockAsync(All(size, to => Input(call, rank, to, length)), result, op, token);
                Assert.Equal(Fold(call, size, rank, length), result);
                break;
            case Collective.ReduceScatter:
                BlockLayout parts = Layout(size, to => Count(call, 0, to));
                long[] part = new long[Count(call, 0, rank)];
                await world.ReduceScatterAsync(All(size, to => Input(call, rank, to, Count(call, 0, to))), part, parts, op, token);
                Assert.Equal(Fold(call, size, rank, part.Length), part);
                break;
            case Collective.Gather:
                long[] gathered = new long[rank == root ? size * length : 0];
                await world.GatherAsync<long>(own, gathered, root, token);
                Assert.Equal(rank == root ? All(size, from => Input(call, from, 0, length)) : [], gathered);
                break;
            case Collective.GatherV:
                BlockLayout? from = rank == root ? Layout(size, r => Count(call, r, 0)) : null;
                long[] taken = new long[from?.Total ?? 0];
                await world.GatherVAsync<long>(Input(call, rank, 0, Count(call, rank, 0)), taken, from, root, token);
                Assert.Equal(rank == root ? All(size, r => Input(call, r, 0, Count(call, r, 0))) : [], taken);
                break;
            case Collective.ScatterV:
                BlockLayout? parted = rank == root ? Layout(size, to => Count(call, root, to)) : null;
                long[] mine = new long[Count(call, root, rank)];
                long[] given = rank == root ? All(size, to => Input(call, root, to, Count(call, root, to))) : [];
                await world.ScatterVAsync<long>(given, parted, mine, root, token);
                Assert.Equal(Input(call, root, rank, mine.Length), mine);
                break;
            case Collective.Scatter:
                await world.ScatterAsync<long>(rank == root ? All(size, to => Input(call, root, to, length)) : [], result, root, token);
                Assert.Equal(Input(call, root, rank, length), result);
                break;
            case Collective.AllGather:
                long[] collected = new long[size * length];
                await world.AllGatherAsync<long>(own, collected, token);
                Assert.Equal(All(size, from => Input(call, from, 0, length)), collected);
                break;
            case Collective.AllGatherV:
                BlockLayout layout = Layout(size, from => Count(call, from, 0));
                long[] united = new long[layout.Total];
                await world.AllGatherVAsync<long>(Input(call, rank, 0, Count(call, rank, 0)), united, layout, token);
                Assert.Equal(All(size, from => Input(call, from, 0, Count(call, from, 0))), united);
                break;
            case Collective.AllToAll:
                long[] exchanged = All(size, to => Input(call, rank, to, length));
                await world.AllToAllAsync<long>(exchanged, token);
                Assert.Equal(All(size, from => Input(call, from, rank, length)), exchanged);
                break;
            default:
                BlockLayout sends = Layout(size, to => Count(call, rank, to));
                BlockLayout receives = Layout(size, from => Count(call, from, rank));
                long[] arrived = new long[receives.Total];
                await world.AllToAllVAsync<long>(
                    All(size, to => Input(call, rank, to, Count(call, rank, to))), sends, arrived, receives, token);
                Assert.Equal(All(size, from => Input(call, from, rank, Count(call, from, rank))), arrived);
                break;
        }
    }

    private static long[] Input(Call call, int from, int to, int length)
    {
        long[] block = new long[length];
        for (int i = 0; i < length; i++)
            block[i] = unchecked(
                (from + 3) * 0x1E3779B97F4A7C15L ^ (to * 31 + call.Number) * 0x632BE59BD9B4E019L ^ i * 0x2545F4914F6CDD1DL);
        return block;
    }

    private static int Count(Call call, int from, int to) =>
        (from * 5 + to * 3 + call.Number) % 4 == 0 ? 0 : call.Length / 2 + (from + 2 * to) % 5;

    private static BlockLayout Layout(int size, Func<int, int> count) =>
        BlockLayout.FromCounts([.. Enumerable.Range(0, size).Select(rank => (long)count(rank))]);

    private static long[] Fold(Call call, int ranks, int to, int length)
    {
        long[] fold = Input(call, 0, to, length);
        for (int rank = 1; rank < ranks; rank++)
            Folds[call.Fold].Fold(fold, Input(call, rank, to, length));
        return fold;
    }

    private static long[] All(int size, Func<int, long[]> block) => [.. Enumerable.Range(0, size).SelectMany(block)];

    /// <summary>x → A·x + B modulo 2³², one after the other; A and B are the halves of a long.</summary>
    private static long Compose(long earlier, long later) => unchecked(
        ((long)((uint)(earlier >> 32) * (uint)(later >> 32)) << 32) | ((uint)earlier * (uint)(later >> 32) + (uint)later));

    private sealed record Call(Collective Kind, int Length, int Root, int Fold, int Shift)
    {
        public int Number { get; init; }
    }
}
