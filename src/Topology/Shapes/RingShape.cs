namespace BoxerMpi.Shapes;

/// <summary>Rank r to r+1, the last to the first; the shorter way round, upwards when both are equal.</summary>
internal sealed class RingShape(int size) : Shape(size)
{
    public override TopologyKind Kind => TopologyKind.Ring;

    public override string Spec => "ring";

    public override string Title => "ring";

    // Of two ranks the one before is the one after: one link, not two.
    public override long LinkCount => Size <= 2 ? Size - 1 : Size;

    public override int Diameter => Size / 2;

    private int Last => Size - 1;

    public override int Degree(int rank) => Math.Min(2, Size - 1);

    public override int[] Neighbours(int rank)
    {
        if (Size <= 2)
            return Size == 1 ? [] : [1 - rank];
        int before = rank == 0 ? Last : rank - 1;
        int after = rank == Last ? 0 : rank + 1;
        return before < after ? [before, after] : [after, before];
    }

    public override bool HasLink(int a, int b)
    {
        int apart = Math.Abs(a - b);
        return apart == 1 || apart == Last;
    }

    public override int NextHop(int from, int to)
    {
        int upwards = to >= from ? to - from : to - from + Size;
        if (upwards <= Size - upwards)
            return from == Last ? 0 : from + 1;
        return from == 0 ? Last : from - 1;
    }
}
