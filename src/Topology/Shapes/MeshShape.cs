namespace BoxerMpi.Shapes;

/// <summary>All pairs: P(P−1)/2 links, diameter 1.</summary>
internal sealed class MeshShape(int size) : Shape(size)
{
    public override TopologyKind Kind => TopologyKind.Mesh;

    public override string Spec => "mesh";

    public override string Title => "mesh";

    public override long LinkCount => (long)Size * (Size - 1) / 2;

    public override int Diameter => Size > 1 ? 1 : 0;

    public override int Degree(int rank) => Size - 1;

    public override int[] Neighbours(int rank)
    {
        int[] neighbours = new int[Size - 1];
        for (int i = 0; i < neighbours.Length; i++)
            neighbours[i] = i < rank ? i : i + 1;
        return neighbours;
    }

    public override bool HasLink(int a, int b) => true;

    public override int NextHop(int from, int to) => to;

    public override Shape TryInduce(ReadOnlySpan<int> members) => new MeshShape(members.Length);
}
