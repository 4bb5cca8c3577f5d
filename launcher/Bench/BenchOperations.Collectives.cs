using System.Runtime.InteropServices;

namespace BoxerMpi.Launcher.Bench;

// Collectives; every root is rank 0.
internal static partial class BenchOperations
{
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
            CheckSums(Doubles(b.Receive), b.Size, first: 0);
    }

    /// <summary>Compares with the sums over the first so many ranks, from one index on.</summary>
    private static void CheckSums(ReadOnlySpan<double> sums, int ranks, int first)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            if (sums[i] != Sum(ranks, first + i))
                throw Wrong($"sum {first + i}", sums[i], Sum(ranks, first + i));
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

    private static void ReduceScatterBlock(BenchBuffers b) =>
        b.World.ReduceScatterBlock<double>(Doubles(b.Send), Doubles(b.Receive), ReduceOp<double>.Sum);

    private static void ReduceScatter(BenchBuffers b) =>
        b.World.ReduceScatter<double>(Doubles(b.Send), Doubles(b.Receive), b.Blocks, ReduceOp<double>.Sum);

    private static void CheckReduceScatter(BenchBuffers b) =>
        CheckSums(Doubles(b.Receive), b.Size, first: b.Rank * (b.Bytes / sizeof(double)));

    private static void Scan(BenchBuffers b) => b.World.Scan<double>(Doubles(b.Send), Doubles(b.Receive), ReduceOp<double>.Sum);

    private static void CheckScan(BenchBuffers b) => CheckSums(Doubles(b.Receive), ranks: b.Rank + 1, first: 0);

    private static void ExclusiveScan(BenchBuffers b) =>
        b.World.ExclusiveScan<double>(Doubles(b.Send), Doubles(b.Receive), ReduceOp<double>.Sum);

    // Nobody is before rank 0: what it received is the zeros of before.
    private static void CheckExclusiveScan(BenchBuffers b) => CheckSums(Doubles(b.Receive), ranks: b.Rank, first: 0);

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

    private static void AllGatherV(BenchBuffers b) => b.World.AllGatherV<byte>(b.Send, b.Receive, b.Blocks);

    private static void GatherV(BenchBuffers b) => b.World.GatherV<byte>(b.Send, b.Receive, b.Blocks);

    private static void CheckGather(BenchBuffers b)
    {
        if (b.Rank == 0)
            CheckAllGather(b);
    }

    private static void ScatterV(BenchBuffers b) => b.World.ScatterV<byte>(b.Send, b.Blocks, b.Receive);

    private static void CheckScatter(BenchBuffers b) => CheckBlock(b.Receive, 0, b.Rank);

    private static void NeighbourAllGather(BenchBuffers b) => b.Box.NeighbourAllGather<byte>(b.Send, b.Receive);

    private static void NeighbourAllGatherV(BenchBuffers b) => b.Box.NeighbourAllGatherV<byte>(b.Send, b.Receive, b.Halos);

    private static void CheckNeighbourAllGather(BenchBuffers b)
    {
        for (int i = 0; i < Neighbours; i++)
            CheckBlock(b.Receive.AsSpan(i * b.Bytes, b.Bytes), b.Box.Sources[i], 0);
    }

    // What goes to a neighbour is told by the direction it goes: both neighbours of a dimension may be the same rank.
    private static void FillHalos(BenchBuffers b)
    {
        for (int i = 0; i < Neighbours; i++)
            FillBlock(b.Send.AsSpan(i * b.Bytes, b.Bytes), b.Rank, i);
    }

    private static void NeighbourAllToAll(BenchBuffers b) => b.Box.NeighbourAllToAll<byte>(b.Send, b.Receive);

    private static void NeighbourAllToAllV(BenchBuffers b) => b.Box.NeighbourAllToAllV<byte>(b.Send, b.Halos, b.Receive, b.Halos);

    // What a rank sends down arrives from above: directions come in pairs.
    private static void CheckHalos(BenchBuffers b)
    {
        for (int i = 0; i < Neighbours; i++)
            CheckBlock(b.Receive.AsSpan(i * b.Bytes, b.Bytes), b.Box.Sources[i], i ^ 1);
    }
}
