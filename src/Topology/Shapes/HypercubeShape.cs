using System.Numerics;

namespace BoxerMpi.Shapes;

/// <summary>Ranks that differ in one bit are linked; of the next power of two only the links whose both ends exist.</summary>
/// <remarks>
/// Clearing bits of the source first and setting those of the destination after passes only through numbers below one of
/// the two, so every such path exists for any size: distances are Hamming distances, as in the full hypercube.
/// </remarks>
internal sealed class HypercubeShape(int size) : Shape(size)
{
    public override TopologyKind Kind => TopologyKind.Hypercube;

    public override string Spec => "hypercube";

    public override string Title => "hypercube";

    /// <summary>A rank has one link downwards for each bit that is set: the set bits of all ranks.</summary>
    public override long LinkCount
    {
        get
        {
            long links = 0;
            for (int bit = 0; bit < Dimensions; bit++)
            {
                long half = 1L << bit;
                (long periods, long rest) = Math.DivRem(Size, 2 * half);
                links += periods * half + Math.Max(0, rest - half);
            }

            return links;
        }
    }

    // A rank of the upper half and its complement in the lower half always exist both.
    public override int Diameter => Dimensions;

    private int Dimensions => BitOperations.Log2((uint)(Size - 1)) + (Size > 1 ? 1 : 0);

    public override int Degree(int rank)
    {
        int degree = 0;
        for (int bit = 0; bit < Dimensions; bit++)
            degree += (rank ^ 1 << bit) < Size ? 1 : 0;
        return degree;
    }

    public override int[] Neighbours(int rank)
    {
        int[] neighbours = new int[Degree(rank)];
        int count = 0;
        for (int bit = 0; bit < Dimensions; bit++)
        {
            if ((rank ^ 1 << bit) < Size)
                neighbours[count++] = rank ^ 1 << bit;
        }

        Array.Sort(neighbours);
        return neighbours;
    }

    public override bool HasLink(int a, int b) => BitOperations.IsPow2(a ^ b);

    public override int NextHop(int from, int to)
    {
        int clear = from & ~to;
        int differing = clear != 0 ? clear : to & ~from;
        return from ^ (differing & -differing);
    }
}
