using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>A communicator whose ranks have neighbours: the ranks that neighbourhood collectives exchange with.</summary>
/// <remarks>
/// A neighbour may be listed several times, and a rank may be its own neighbour. Messages between neighbours take the link between
/// them; where the job's topology has none, the off-topology policy decides, as it does for messages. MPI 4.1 §8.
/// </remarks>
public abstract class NeighbourCommunicator : Communicator
{
    private protected NeighbourCommunicator(in Membership membership)
        : base(membership)
    {
    }

    /// <summary>
    /// The ranks that this rank receives from, in the order of the blocks of its receive buffer; <see cref="Communicator.NoRank"/>
    /// has a block, too.
    /// </summary>
    public ReadOnlySpan<int> Sources => Neighbourhood.Sources;

    /// <summary>
    /// The ranks that this rank sends to, in the order of the blocks of its send buffer; <see cref="Communicator.NoRank"/>
    /// has a block, too.
    /// </summary>
    public ReadOnlySpan<int> Destinations => Neighbourhood.Destinations;

    internal abstract Neighbourhood Neighbourhood { get; }
}
