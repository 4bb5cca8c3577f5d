using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>Ranks with neighbours as the program names them: the edges of a directed graph. MPI 4.1 §8.5.4.</summary>
/// <remarks>Made by <c>CreateGraph</c>. Edges may repeat and may lead from a rank to itself.</remarks>
public sealed class GraphCommunicator : NeighbourCommunicator
{
    internal GraphCommunicator(in Membership membership, int[] sources, int[] destinations)
        : base(membership) => Neighbourhood = Neighbourhood.OfGraph(sources, destinations);

    internal override Neighbourhood Neighbourhood { get; }
}
