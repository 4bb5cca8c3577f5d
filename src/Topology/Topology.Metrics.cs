namespace BoxerMpi;

public sealed partial class Topology
{
    /// <summary>The number of links, each counted once.</summary>
    public long LinkCount => _shape.LinkCount;

    /// <summary>The links on the longest of the shortest paths, or -1 when not all ranks are connected.</summary>
    public int Diameter => _shape.Diameter;

    /// <summary>One line for people: <c>grid 4x4: 16 ranks, 48 links, degree 6, diameter 2</c>.</summary>
    public string Describe()
    {
        int least = int.MaxValue;
        int most = 0;
        for (int rank = 0; rank < Size; rank++)
        {
            int degree = _shape.Degree(rank);
            least = Math.Min(least, degree);
            most = Math.Max(most, degree);
        }

        string degrees = least == most ? $"{most}" : $"{least} to {most}";
        string reach = IsConnected ? $"diameter {Diameter}" : "not connected";
        return $"{_shape.Title}: {Counted(Size, "rank")}, {Counted(LinkCount, "link")}, degree {degrees}, {reach}";
    }

    private static string Counted(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
