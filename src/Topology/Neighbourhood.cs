namespace BoxerMpi;

/// <summary>The neighbours of one rank.</summary>
/// <param name="Sources">Whom it receives from, by block; <see cref="CartesianShape.NoRank"/> for nobody.</param>
/// <param name="Destinations">Whom it sends to, by block; <see cref="CartesianShape.NoRank"/> for nobody.</param>
/// <param name="ReceiveOrder">
/// The blocks of the receive buffer in the order in which messages from one source are to fill them: a source sends in the order of its
/// destinations, and a rank that is a neighbour twice must tell the two messages apart.
/// </param>
internal sealed record Neighbourhood(int[] Sources, int[] Destinations, int[] ReceiveOrder)
{
    /// <summary>Neighbours of a graph: the n-th edge between two ranks is the n-th in the lists of both.</summary>
    public static Neighbourhood OfGraph(int[] sources, int[] destinations) =>
        new(sources, destinations, [.. Enumerable.Range(0, sources.Length)]);

    /// <summary>Neighbours in a box: what a rank sends down arrives from above.</summary>
    public static Neighbourhood OfShape(CartesianShape shape, int rank)
    {
        int[] neighbours = shape.Neighbours(rank);
        int[] order = new int[neighbours.Length];
        for (int i = 0; i < order.Length; i++)
            order[i] = i ^ 1;
        return new(neighbours, neighbours, order);
    }
}
