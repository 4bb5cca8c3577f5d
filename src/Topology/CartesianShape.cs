namespace BoxerMpi;

/// <summary>Ranks in a box of one or more dimensions, row by row: the last coordinate runs fastest. MPI 4.1 §8.5.</summary>
/// <remarks>Immutable, and only arithmetic: it says who is whose neighbour, not which links there are.</remarks>
public sealed class CartesianShape
{
    /// <summary>Stands for the rank beyond an edge, where there is none. The number that the MPI ABI gives MPI_PROC_NULL.</summary>
    public const int NoRank = -3;

    private readonly int[] _dimensions;
    private readonly bool[] _periodic;

    /// <summary>A box of the given extents.</summary>
    /// <param name="dimensions">The extent of each dimension.</param>
    /// <param name="periodic">Whether the end of each dimension meets its start; none does when it is empty.</param>
    /// <exception cref="ArgumentException">There are no dimensions, one is less than 1, or the lengths differ.</exception>
    /// <exception cref="OverflowException">The box has more than 2³¹−1 places.</exception>
    public CartesianShape(ReadOnlySpan<int> dimensions, ReadOnlySpan<bool> periodic = default)
    {
        if (dimensions.IsEmpty)
            throw new ArgumentException("A Cartesian shape has at least one dimension.", nameof(dimensions));
        if (periodic.Length != 0 && periodic.Length != dimensions.Length)
        {
            throw new ArgumentException(
                $"There are {dimensions.Length} dimensions but {periodic.Length} periodicities; each dimension has one.", nameof(periodic));
        }

        Size = 1;
        for (int d = 0; d < dimensions.Length; d++)
        {
            if (dimensions[d] < 1)
            {
                throw new ArgumentException(
                    $"Dimension {d} has {dimensions[d]} places; it has at least 1. CartesianShape.Balance finds extents for a number of " +
                    $"ranks.",
                    nameof(dimensions));
            }

            Size = checked(Size * dimensions[d]);
        }

        _dimensions = dimensions.ToArray();
        _periodic = periodic.IsEmpty ? new bool[dimensions.Length] : periodic.ToArray();
    }

    /// <summary>The number of places, the product of the extents.</summary>
    public int Size { get; }

    /// <summary>The extent of each dimension.</summary>
    public ReadOnlySpan<int> Dimensions => _dimensions;

    /// <summary>Whether the end of each dimension meets its start.</summary>
    public ReadOnlySpan<bool> Periodic => _periodic;

    /// <summary>Extents for a number of ranks, as equal as there are, the largest first. MPI_Dims_create.</summary>
    /// <param name="size">The number of ranks: the product of the extents.</param>
    /// <param name="dimensions">The number of dimensions.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is less than 1.</exception>
    public static int[] Balance(int size, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimensions);
        return Factors(size, dimensions, size)!;
    }

    /// <summary>Extents for a number of ranks where some are given.</summary>
    /// <param name="size">The number of ranks.</param>
    /// <param name="dimensions">The extents that are given, and 0 where one is to be found.</param>
    /// <exception cref="ArgumentException">
    /// The given extents do not divide the number of ranks, or leave nothing to be found but are not it.
    /// </exception>
    public static int[] Balance(int size, ReadOnlySpan<int> dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        int open = 0;
        long given = 1;
        foreach (int extent in dimensions)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(extent, nameof(dimensions));
            open += extent == 0 ? 1 : 0;
            given *= Math.Max(1, extent);
        }

        if (given > size || size % given != 0 || (open == 0 && given != size))
        {
            throw new ArgumentException(
                $"{size} ranks do not fill {string.Join("x", dimensions.ToArray())} (0 is free): {given} " +
                $"{(open == 0 ? "is not" : "does not divide")} {size}.", nameof(dimensions));
        }

        int[] result = dimensions.ToArray();
        int[] found = open == 0 ? [] : Factors((int)(size / given), open, size)!;
        for (int d = 0, next = 0; d < result.Length; d++)
        {
            if (result[d] == 0)
                result[d] = found[next++];
        }

        return result;
    }

    /// <summary>Where a rank is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public int[] Coordinates(int rank)
    {
        CheckRank(rank);
        int[] coordinates = new int[_dimensions.Length];
        for (int d = _dimensions.Length - 1; d >= 0; d--)
            (rank, coordinates[d]) = Math.DivRem(rank, _dimensions[d]);
        return coordinates;
    }

    /// <summary>Which rank is somewhere. In periodic dimensions coordinates beyond an end count on from the other.</summary>
    /// <exception cref="ArgumentException">There is not one coordinate for each dimension.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A coordinate is beyond the end of a dimension that is not periodic.</exception>
    public int RankAt(params ReadOnlySpan<int> coordinates)
    {
        if (coordinates.Length != _dimensions.Length)
        {
            throw new ArgumentException(
                $"There are {coordinates.Length} coordinates for {_dimensions.Length} dimensions.", nameof(coordinates));
        }

        int rank = 0;
        for (int d = 0; d < coordinates.Length; d++)
        {
            int coordinate = coordinates[d];
            if (_periodic[d])
            {
                coordinate = (int)(((long)coordinate % _dimensions[d] + _dimensions[d]) % _dimensions[d]);
            }
            else if ((uint)coordinate >= (uint)_dimensions[d])
            {
                throw new ArgumentOutOfRangeException(
                    nameof(coordinates), coordinate, $"Dimension {d} goes from 0 to {_dimensions[d] - 1} and is not periodic.");
            }

            rank = rank * _dimensions[d] + coordinate;
        }

        return rank;
    }

    /// <summary>
    /// Whom a rank receives from and sends to when all shift along a dimension; <see cref="NoRank"/> beyond an edge. MPI_Cart_shift.
    /// </summary>
    /// <param name="rank">The rank that asks.</param>
    /// <param name="dimension">The dimension.</param>
    /// <param name="displacement">How far, up or (negative) down.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank or dimension.</exception>
    public (int Source, int Destination) Shift(int rank, int dimension, int displacement = 1)
    {
        CheckRank(rank);
        if ((uint)dimension >= (uint)_dimensions.Length)
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"There are dimensions 0 to {_dimensions.Length - 1}.");
        return (Moved(rank, dimension, -(long)displacement), Moved(rank, dimension, displacement));
    }

    /// <summary>
    /// The neighbours of a rank: for each dimension the one below and the one above, <see cref="NoRank"/> beyond an edge.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public int[] Neighbours(int rank)
    {
        int[] neighbours = new int[2 * _dimensions.Length];
        for (int d = 0; d < _dimensions.Length; d++)
            (neighbours[2 * d], neighbours[2 * d + 1]) = Shift(rank, d);
        return neighbours;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join("x", _dimensions.Select((extent, d) => _periodic[d] ? $"{extent} (periodic)" : $"{extent}"));

    /// <summary>
    /// Non-increasing factors of which none is above a limit, the largest as small as can be, then the next; null if there are none.
    /// </summary>
    private static int[]? Factors(int size, int count, int limit)
    {
        if (count == 1)
            return size <= limit ? [size] : null;
        for (int factor = 1; factor <= Math.Min(size, limit); factor++)
        {
            // The largest of the factors is at least the root.
            if (size % factor != 0 || Math.Pow(factor, count) < size * (1 - 1e-9))
                continue;
            if (Factors(size / factor, count - 1, factor) is { } rest)
                return [factor, .. rest];
        }

        return null;
    }

    private int Moved(int rank, int dimension, long displacement)
    {
        int stride = 1;
        for (int d = dimension + 1; d < _dimensions.Length; d++)
            stride *= _dimensions[d];
        int extent = _dimensions[dimension];
        int from = rank / stride % extent;
        long to = from + displacement;
        if (_periodic[dimension])
            to = (to % extent + extent) % extent;
        return to < 0 || to >= extent ? NoRank : rank + (int)(to - from) * stride;
    }

    private void CheckRank(int rank)
    {
        if ((uint)rank >= (uint)Size)
            throw new ArgumentOutOfRangeException(nameof(rank), rank, $"A shape of {this} has ranks 0 to {Size - 1}.");
    }
}
