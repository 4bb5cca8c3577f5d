using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>Ranks in a box of one or more dimensions, each with a neighbour below and above in every dimension. MPI 4.1 §8.5.</summary>
/// <remarks>
/// Made by <c>CreateCartesian</c>. The neighbours are, for each dimension, the one below and the one above;
/// beyond the edge of a dimension that is not periodic there is none, and its block is neither sent nor written.
/// </remarks>
public sealed class CartesianCommunicator : NeighbourCommunicator
{
    private readonly int[] _coordinates;

    internal CartesianCommunicator(in Membership membership, CartesianShape shape)
        : base(membership)
    {
        Shape = shape;
        _coordinates = shape.Coordinates(Rank);
        Neighbourhood = Neighbourhood.OfShape(shape, Rank);
    }

    /// <summary>The extents, and which of them are periodic.</summary>
    public CartesianShape Shape { get; }

    /// <summary>The extent of each dimension.</summary>
    public ReadOnlySpan<int> Dimensions => Shape.Dimensions;

    /// <summary>Where this rank is.</summary>
    public ReadOnlySpan<int> Coordinates => _coordinates;

    internal override Neighbourhood Neighbourhood { get; }

    /// <inheritdoc cref="CartesianShape.Coordinates(int)"/>
    public int[] CoordinatesOf(int rank) => Shape.Coordinates(rank);

    /// <inheritdoc cref="CartesianShape.RankAt(ReadOnlySpan{int})"/>
    public int RankAt(params ReadOnlySpan<int> coordinates) => Shape.RankAt(coordinates);

    /// <summary>
    /// Whom this rank receives from and sends to when all shift along a dimension; <see cref="Communicator.NoRank"/> beyond an edge,
    /// with which messages do nothing.
    /// </summary>
    /// <param name="dimension">The dimension.</param>
    /// <param name="displacement">How far, up or (negative) down.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such dimension.</exception>
    public (int Source, int Destination) Shift(int dimension, int displacement = 1) => Shape.Shift(Rank, dimension, displacement);
}
