using BoxerMpi.Schedules;


namespace BoxerMpi.Launcher.Bench;

/// <summary>The operations of `boxer bench`. Those that bench/peers/mpi_bench.c has, too, are the same step for step.</summary>
internal static partial class BenchOperations
{
    /// <summary>Messages of `stream` and `mrate` before the acknowledgement.</summary>
    public const int Window = 64;

    /// <summary>Neighbours of a rank in the box of the `neighbour_` operations: below and above in both dimensions.</summary>
    public const int Neighbours = 2 * Dimensions;

    /// <summary>Dimensions of that box; both are periodic.</summary>
    public const int Dimensions = 2;

    public static IReadOnlyList<BenchOperation> All { get; } =
    [
        new("pingpong", true, 1, Vector, Vector, FillForPeer, PingPong, CheckFromPeer),
        new("stream", true, 1, Vector, WindowOfMessages, FillForPeer, Stream, CheckWindow),
        new("mrate", true, 1, Vector, WindowOfMessages, FillForPeer, MessageRate, CheckWindow),
        new("barrier", false, 1, Nothing, Nothing, NoData, b => b.World.Barrier(), NoData) { Plan = b => Key(b, Collective.Barrier) },
        new("bcast", false, 1, Vector, Nothing, FillBroadcast, b => b.World.Broadcast<byte>(b.Send, root: 0), CheckBroadcast)
        {
            Plan = b => Key(b, Collective.Broadcast),
        },
        new("reduce", false, sizeof(double), Vector, Vector, FillReduce, Reduce, CheckReduce)
        {
            Plan = b => Key(b, Collective.Reduce, sizeof(double)),
        },
        new("allreduce", false, sizeof(float), Vector, Vector, FillAllReduce, AllReduce, CheckAllReduce)
        {
            Plan = b => Key(b, Collective.AllReduce, sizeof(float)),
        },
        new("allgather", false, 1, Vector, BlockPerRank, FillOwn, b => b.World.AllGather<byte>(b.Send, b.Receive), CheckAllGather)
        {
            Plan = b => Key(b, Collective.AllGather),
        },
        new("alltoall", false, 1, BlockPerRank, BlockPerRank, FillAllToAll, b => b.World.AllToAll<byte>(b.Send, b.Receive), CheckAllToAll)
        {
            Plan = b => Key(b, Collective.AllToAll),
        },
        new("alltoallv", false, 1, BlockPerRank, BlockPerRank, FillAllToAll, AllToAllV, CheckAllToAll)
        {
            Plan = b => new(Collective.AllToAllV, 0, 1) { SendLayout = b.Blocks, ReceiveLayout = b.Blocks },
        },
        new("reduce_scatter_block", false, sizeof(double), BlockPerRank, Vector, FillReduce, ReduceScatterBlock, CheckReduceScatter)
        {
            Plan = b => Key(b, Collective.ReduceScatterBlock, sizeof(double)),
        },
        new("reduce_scatter", false, sizeof(double), BlockPerRank, Vector, FillReduce, ReduceScatter, CheckReduceScatter)
        {
            Plan = b => Key(b, Collective.ReduceScatter, sizeof(double)) with { SendLayout = b.Blocks },
        },
        new("gather", false, 1, Vector, BlockPerRank, FillOwn, b => b.World.Gather<byte>(b.Send, b.Receive), CheckGather)
        {
            Plan = b => Key(b, Collective.Gather),
        },
        new("gatherv", false, 1, Vector, BlockPerRank, FillOwn, GatherV, CheckGather)
        {
            Plan = b => Key(b, Collective.GatherV) with { ReceiveLayout = b.Blocks },
        },
        new("scatter", false, 1, BlockPerRank, Vector, FillAllToAll, b => b.World.Scatter<byte>(b.Send, b.Receive), CheckScatter)
        {
            Plan = b => Key(b, Collective.Scatter),
        },
        new("scatterv", false, 1, BlockPerRank, Vector, FillAllToAll, ScatterV, CheckScatter)
        {
            Plan = b => Key(b, Collective.ScatterV) with { SendLayout = b.Blocks },
        },
        new("allgatherv", false, 1, Vector, BlockPerRank, FillOwn, AllGatherV, CheckAllGather)
        {
            Plan = b => Key(b, Collective.AllGatherV) with { ReceiveLayout = b.Blocks },
        },
        new("scan", false, sizeof(double), Vector, Vector, FillReduce, Scan, CheckScan)
        {
            Plan = b => Key(b, Collective.Scan, sizeof(double)),
        },
        new("exscan", false, sizeof(double), Vector, Vector, FillReduce, ExclusiveScan, CheckExclusiveScan)
        {
            Plan = b => Key(b, Collective.ExclusiveScan, sizeof(double)),
        },
        new("neighbour_allgather", false, 1, Vector, BlockPerNeighbour, FillOwn, NeighbourAllGather, CheckNeighbourAllGather)
        {
            On = b => b.Box,
            Plan = b => Key(b, Collective.NeighbourAllGather),
        },
        new("neighbour_allgatherv", false, 1, Vector, BlockPerNeighbour, FillOwn, NeighbourAllGatherV, CheckNeighbourAllGather)
        {
            On = b => b.Box,
            Plan = b => Key(b, Collective.NeighbourAllGatherV) with { ReceiveLayout = b.Halos },
        },
        new("neighbour_alltoall", false, 1, BlockPerNeighbour, BlockPerNeighbour, FillHalos, NeighbourAllToAll, CheckHalos)
        {
            On = b => b.Box,
            Plan = b => Key(b, Collective.NeighbourAllToAll),
        },
        new("neighbour_alltoallv", false, 1, BlockPerNeighbour, BlockPerNeighbour, FillHalos, NeighbourAllToAllV, CheckHalos)
        {
            On = b => b.Box,
            Plan = b => new(Collective.NeighbourAllToAllV, 0, 1) { SendLayout = b.Halos, ReceiveLayout = b.Halos },
        },
    ];

    private static PlanKey Key(BenchBuffers b, Collective collective, int elementSize = 1) => new(collective, b.Bytes, elementSize);

    private static long Nothing(long bytes, int size) => 0;
    private static long Vector(long bytes, int size) => bytes;
    private static long BlockPerRank(long bytes, int size) => bytes * size;
    private static long BlockPerNeighbour(long bytes, int size) => bytes * Neighbours;
    private static long WindowOfMessages(long bytes, int size) => bytes * Window;
    private static void NoData(BenchBuffers b) { }

    // Data is a formula of sender, receiver and index, so every expected value is a formula too.
    private static byte Pattern(int from, int to, int i) => (byte)(from * 31 + to * 17 + i * 7 + 1);

    // Small integers: their sums are exact in float and double, whatever the order.
    private static int Term(int from, int i) => from + 1 + i % 17;
    private static int Sum(int size, int i) => size * (size + 1) / 2 + size * (i % 17);

    private static void FillBlock(Span<byte> block, int from, int to)
    {
        for (int i = 0; i < block.Length; i++)
            block[i] = Pattern(from, to, i);
    }

    private static void CheckBlock(ReadOnlySpan<byte> block, int from, int to)
    {
        for (int i = 0; i < block.Length; i++)
        {
            if (block[i] != Pattern(from, to, i))
                throw Wrong($"byte {i} from rank {from} to rank {to}", block[i], Pattern(from, to, i));
        }
    }

    private static InvalidDataException Wrong(string what, double found, double expected) =>
        new($"Wrong data received: {what} is {found}, expected {expected}.");
}
