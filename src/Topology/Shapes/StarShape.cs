namespace BoxerMpi.Shapes;

/// <summary>Rank 0 in the centre, linked to all others.</summary>
internal sealed class StarShape(int size) : Shape(size)
{
    public override TopologyKind Kind => TopologyKind.Star;

    public override string Spec => "star";

    public override string Title => "star";

    public override long LinkCount => Size - 1;

    public override int Diameter => Math.Min(2, Size - 1);

    public override int Degree(int rank) => rank == 0 ? Size - 1 : 1;

    public override int[] Neighbours(int rank)
    {
        if (rank != 0)
            return [0];
        int[] neighbours = new int[Size - 1];
        for (int i = 0; i < neighbours.Length; i++)
            neighbours[i] = i + 1;
        return neighbours;
    }

    public override bool HasLink(int a, int b) => a == 0 || b == 0;

    public override int NextHop(int from, int to) => from == 0 ? to : 0;
}
