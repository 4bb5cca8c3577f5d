using System.Runtime.InteropServices;
using BoxerMpi.Collectives;

namespace BoxerMpi.Launcher.Bench;

/// <summary>The operations of `boxer bench`. bench/peers/mpi_bench.c has the same ones, step for step.</summary>
internal static class BenchOperations
{
    /// <summary>Messages of `stream` and `mrate` before the acknowledgement.</summary>
    public const int Window = 64;
    private const int AcknowledgementTag = 1;

    public static IReadOnlyList<BenchOperation> All { get; } =
    [
        new("pingpong", true, 1, Vector, Vector, FillForPeer, PingPong, CheckFromPeer),
        new("stream", true, 1, Vector, WindowOfMessages, FillForPeer, Stream, CheckWindow),
        new("mrate", true, 1, Vector, WindowOfMessages, FillForPeer, MessageRate, CheckWindow),
        new("barrier", false, 1, Nothing, Nothing, NoData, b => b.World.Barrier(), NoData)
        {
            Plan = b => Key(b, Collective.Barrier, 1),
        },
        new("bcast", false, 1, Vector, Nothing, FillBroadcast, b => b.World.Broadcast<byte>(b.Send, root: 0), CheckBroadcast)
        {
            Plan = b => Key(b, Collective.Broadcast, 1),
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
            Plan = b => Key(b, Collective.AllGather, 1),
        },
        new("alltoall", false, 1, BlockPerRank, BlockPerRank, FillAllToAll, b => b.World.AllToAll<byte>(b.Send, b.Receive), CheckAllToAll)
        {
            Plan = b => Key(b, Collective.AllToAll, 1),
        },
        new("alltoallv", false, 1, BlockPerRank, BlockPerRank, FillAllToAll, AllToAllV, CheckAllToAll)
        {
            Plan = b => new(Collective.AllToAllV, 0, 1) { SendLayout = b.Blocks, ReceiveLayout = b.Blocks },
        },
        new("reduce_scatter_block", false, sizeof(double), BlockPerRank, Vector, FillReduceScatter, ReduceScatter, CheckReduceScatter)
        {
            Plan = b => Key(b, Collective.ReduceScatterBlock, sizeof(double)),
        },
    ];

    private static PlanKey Key(BenchBuffers b, Collective collective, int elementSize) => new(collective, b.Bytes, elementSize);

    private static long Nothing(long bytes, int size) => 0;
    private static long Vector(long bytes, int size) => bytes;
    private static long BlockPerRank(long bytes, int size) => bytes * size;
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

    private static void FillForPeer(BenchBuffers b) => FillBlock(b.Send, b.Rank, 1 - b.Rank);
    private static void CheckFromPeer(BenchBuffers b) => CheckBlock(b.Receive, 1 - b.Rank, b.Rank);

    private static void PingPong(BenchBuffers b)
    {
        if (b.Rank == 0)
        {
            b.World.Send<byte>(b.Send, 1);
            b.World.Receive<byte>(b.Receive, 1, 0);
        }
        else
        {
            b.World.Receive<byte>(b.Receive, 0, 0);
            b.World.Send<byte>(b.Send, 0);
        }
    }

    private static void Stream(BenchBuffers b)
    {
        if (b.Rank == 0)
        {
            for (int i = 0; i < Window; i++)
                b.Requests[i] = b.World.StartSend<byte>(b.Send, 1);
            Request.WaitAll(b.Requests);
        }
        else
        {
            for (int i = 0; i < Window; i++)
                b.Requests[i] = b.World.StartReceive<byte>(b.Receive.AsMemory(i * b.Bytes, b.Bytes), 0, 0);
            Request.WaitAll(b.Requests);
        }
        Acknowledge(b);
    }

    private static void MessageRate(BenchBuffers b)
    {
        if (b.Rank == 0)
        {
            for (int i = 0; i < Window; i++)
                b.World.Send<byte>(b.Send, 1);
        }
        else
        {
            for (int i = 0; i < Window; i++)
                b.World.Receive<byte>(b.Receive.AsSpan(i * b.Bytes, b.Bytes), 0, 0);
        }
        Acknowledge(b);
    }

    private static void Acknowledge(BenchBuffers b)
    {
        if (b.Rank == 0)
            b.World.Receive<byte>(b.Acknowledgement, 1, AcknowledgementTag);
        else
            b.World.Send<byte>(b.Acknowledgement, 0, AcknowledgementTag);
    }

    private static void CheckWindow(BenchBuffers b)
    {
        for (int i = 0; i < Window && b.Rank == 1; i++)
            CheckBlock(b.Receive.AsSpan(i * b.Bytes, b.Bytes), 0, 1);
    }

    // The root's vector is filled, the others' are overwritten.
    private static void FillBroadcast(BenchBuffers b)
    {
        if (b.Rank == 0)
            FillBlock(b.Send, 0, 0);
        else
            Array.Clear(b.Send);
    }

    private static void CheckBroadcast(BenchBuffers b) => CheckBlock(b.Send, 0, 0);

    private static Span<double> Doubles(byte[] bytes) => MemoryMarshal.Cast<byte, double>(bytes.AsSpan());
    private static Span<float> Floats(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes.AsSpan());

    private static void FillReduce(BenchBuffers b)
    {
        Span<double> send = Doubles(b.Send);
        for (int i = 0; i < send.Length; i++)
            send[i] = Term(b.Rank, i);
    }

    private static void Reduce(BenchBuffers b) =>
        b.World.Reduce<double>(Doubles(b.Send), Doubles(b.Receive), ReduceOp<double>.Sum, root: 0);

    private static void CheckReduce(BenchBuffers b)
    {
        if (b.Rank == 0)
            CheckSums(b, Doubles(b.Receive), first: 0);
    }

    private static void CheckSums(BenchBuffers b, ReadOnlySpan<double> sums, int first)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] != Sum(b.Size, first + i))
                throw Wrong($"sum {first + i}", sums[i], Sum(b.Size, first + i));
        }
    }

    private static void FillAllReduce(BenchBuffers b)
    {
        Span<float> send = Floats(b.Send);
        for (int i = 0; i < send.Length; i++)
            send[i] = Term(b.Rank, i);
    }

    private static void AllReduce(BenchBuffers b) =>
        b.World.AllReduce<float>(Floats(b.Send), Floats(b.Receive), ReduceOp<float>.Sum);

    private static void CheckAllReduce(BenchBuffers b)
    {
        ReadOnlySpan<float> sums = Floats(b.Receive);
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] != Sum(b.Size, i))
                throw Wrong($"sum {i}", sums[i], Sum(b.Size, i));
        }
    }

    private static void FillReduceScatter(BenchBuffers b) => FillReduce(b);

    private static void ReduceScatter(BenchBuffers b) =>
        b.World.ReduceScatterBlock<double>(Doubles(b.Send), Doubles(b.Receive), ReduceOp<double>.Sum);

    private static void CheckReduceScatter(BenchBuffers b) =>
        CheckSums(b, Doubles(b.Receive), first: b.Rank * (b.Bytes / sizeof(double)));

    private static void FillOwn(BenchBuffers b) => FillBlock(b.Send, b.Rank, 0);

    private static void CheckAllGather(BenchBuffers b)
    {
        for (int from = 0; from < b.Size; from++)
            CheckBlock(b.Receive.AsSpan(from * b.Bytes, b.Bytes), from, 0);
    }

    private static void FillAllToAll(BenchBuffers b)
    {
        for (int to = 0; to < b.Size; to++)
            FillBlock(b.Send.AsSpan(to * b.Bytes, b.Bytes), b.Rank, to);
    }

    private static void AllToAllV(BenchBuffers b) => b.World.AllToAllV<byte>(b.Send, b.Blocks, b.Receive, b.Blocks);

    private static void CheckAllToAll(BenchBuffers b)
    {
        for (int from = 0; from < b.Size; from++)
            CheckBlock(b.Receive.AsSpan(from * b.Bytes, b.Bytes), from, b.Rank);
    }
}
