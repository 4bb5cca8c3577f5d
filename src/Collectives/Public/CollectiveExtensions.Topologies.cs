using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// Communicators whose ranks have places: boxes, grids and graphs.
public static partial class CollectiveExtensions
{
    /// <summary>A communicator whose ranks are the places of a box, in order.</summary>
    /// <param name="communicator">The communicator; its first ranks take part, as many as the box has places.</param>
    /// <param name="shape">
    /// The extents and which of them are periodic; <see cref="CartesianShape.Balance(int, int)"/> finds extents.
    /// </param>
    /// <returns>The new communicator, or null on a rank beyond the box. Whoever made it disposes it.</returns>
    /// <remarks>All ranks call it, in the same order as everything that makes communicators; nothing is sent. MPI 4.1 §8.5.1.</remarks>
    /// <exception cref="ArgumentException">The box has more places than there are ranks.</exception>
    public static CartesianCommunicator? CreateCartesian(this Communicator communicator, CartesianShape shape)
    {
        CollectiveEngine engine = CollectiveEngine.Of(communicator);
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Size > communicator.Size)
        {
            throw new ArgumentException(
                $"A box of {shape} has {shape.Size} places, \"{communicator.Name}\" has {communicator.Size} ranks. CartesianShape.Balance" +
                $"({communicator.Size}, {shape.Dimensions.Length}) gives " +
                $"{string.Join("x", CartesianShape.Balance(communicator.Size, shape.Dimensions.Length))}.",
                nameof(shape));
        }

        if (communicator.Rank >= shape.Size)
        {
            communicator.SkipChild();
            return null;
        }

        CartesianCommunicator child = new(communicator.PlanChild(Ranks(shape.Size), $"{communicator.Name}.cartesian"), shape);
        CollectiveEngine.Inherit(child, engine.Options);
        return child;
    }

    /// <summary>A communicator of all ranks as the places of a box as cubic as there is.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="dimensions">The number of dimensions.</param>
    /// <param name="periodic">Whether the ends of all dimensions meet.</param>
    /// <returns>The new communicator. Whoever made it disposes it.</returns>
    /// <remarks>All ranks call it, in the same order as everything that makes communicators; nothing is sent.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">There is less than one dimension.</exception>
    public static CartesianCommunicator CreateCartesian(this Communicator communicator, int dimensions, bool periodic = false)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        bool[] all = new bool[Math.Max(0, dimensions)];
        Array.Fill(all, periodic);
        return communicator.CreateCartesian(new CartesianShape(CartesianShape.Balance(communicator.Size, dimensions), all))!;
    }

    /// <inheritdoc cref="CreateCartesian(Communicator, CartesianShape)"/>
    public static ValueTask<CartesianCommunicator?> CreateCartesianAsync(
        this Communicator communicator, CartesianShape shape, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(communicator.CreateCartesian(shape));
    }

    /// <summary>Parts a box into boxes of fewer dimensions: those ranks are together that differ in the kept ones only.</summary>
    /// <param name="communicator">The Cartesian communicator.</param>
    /// <param name="keep">For each dimension, whether it stays; at least one does.</param>
    /// <returns>The box of this rank. Whoever made it disposes it.</returns>
    /// <remarks>All ranks call it, in the same order as everything that makes communicators; nothing is sent. MPI 4.1 §8.5.6.</remarks>
    /// <exception cref="ArgumentException">There is not one value for each dimension, or none stays.</exception>
    public static CartesianCommunicator Sub(this CartesianCommunicator communicator, params ReadOnlySpan<bool> keep)
    {
        CollectiveEngine engine = CollectiveEngine.Of(communicator);
        CartesianShape whole = communicator.Shape;
        if (keep.Length != whole.Dimensions.Length || !keep.Contains(true))
        {
            throw new ArgumentException(
                $"Sub says for each of the {whole.Dimensions.Length} dimensions of \"{communicator.Name}\" " +
                "whether it stays, and keeps at least one.",
                nameof(keep));
        }

        List<int> extents = [];
        List<bool> periodic = [];
        for (int d = 0; d < keep.Length; d++)
        {
            if (!keep[d])
                continue;
            extents.Add(whole.Dimensions[d]);
            periodic.Add(whole.Periodic[d]);
        }

        List<int> members = [];
        for (int rank = 0; rank < whole.Size; rank++)
        {
            int[] coordinates = whole.Coordinates(rank);
            bool isHere = true;
            for (int d = 0; d < keep.Length; d++)
                isHere &= keep[d] || coordinates[d] == communicator.Coordinates[d];
            if (isHere)
                members.Add(rank);
        }

        CartesianCommunicator child = new(
            communicator.PlanChild([.. members], $"{communicator.Name}.{members[0]}"),
            new CartesianShape([.. extents], [.. periodic]));
        CollectiveEngine.Inherit(child, engine.Options);
        return child;
    }

    /// <summary>A communicator of all ranks in full rows and columns, with communicators of this rank's row and column.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="rows">The rows, or 0 for as many as fit.</param>
    /// <param name="columns">
    /// The columns, or 0 for as many as fit. Without both, those of the job's grid if it is full, else as square as there is.
    /// </param>
    /// <returns>The new communicator. Whoever made it disposes it, and with it its row and column.</returns>
    /// <remarks>All ranks call it, in the same order as everything that makes communicators; nothing is sent.</remarks>
    /// <exception cref="ArgumentException">Rows times columns is not the number of ranks.</exception>
    public static GridCommunicator CreateGrid(this Communicator communicator, int rows = 0, int columns = 0)
    {
        CollectiveEngine engine = CollectiveEngine.Of(communicator);
        int size = communicator.Size;
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        Topology topology = communicator.Topology;
        if (rows == 0 && columns == 0 && topology.Kind == TopologyKind.Grid && topology.Rows * topology.Columns == size)
            (rows, columns) = (topology.Rows, topology.Columns);
        int[] square = CartesianShape.Balance(size, 2);
        if (rows == 0)
            rows = columns == 0 ? square[1] : size / columns;
        if (columns == 0)
            columns = size / rows;
        if ((long)rows * columns != size)
        {
            throw new ArgumentException(
                $"A grid of {rows}x{columns} has {(long)rows * columns} places, \"{communicator.Name}\" has {size} ranks: all places are " +
                $"taken, " +
                $"once each. {square[1]}x{square[0]} fits.");
        }

        GridCommunicator grid = new(communicator.PlanChild(Ranks(size), $"{communicator.Name}.grid"), columns);
        CollectiveEngine.Inherit(grid, engine.Options);
        int[] row = new int[columns];
        for (int c = 0; c < columns; c++)
            row[c] = grid.RankAt(grid.RowIndex, c);
        int[] column = new int[rows];
        for (int r = 0; r < rows; r++)
            column[r] = grid.RankAt(r, grid.ColumnIndex);
        grid.Row = grid.CreateChild(row, $"{grid.Name}.row{grid.RowIndex}");
        grid.Column = grid.CreateChild(column, $"{grid.Name}.column{grid.ColumnIndex}");
        CollectiveEngine.Inherit(grid.Row, engine.Options);
        CollectiveEngine.Inherit(grid.Column, engine.Options);
        return grid;
    }

    /// <inheritdoc cref="CreateGrid(Communicator, int, int)"/>
    public static ValueTask<GridCommunicator> CreateGridAsync(
        this Communicator communicator, int rows = 0, int columns = 0, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(communicator.CreateGrid(rows, columns));
    }

    /// <summary>A communicator whose ranks have the neighbours that each names.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="sources">Whom this rank receives from, in the order of its blocks.</param>
    /// <param name="destinations">Whom this rank sends to, in the order of its blocks.</param>
    /// <returns>The new communicator. Whoever made it disposes it.</returns>
    /// <remarks>Collective: the ranks tell each other their neighbours, so that all find out if they do not fit. MPI 4.1 §8.5.4.</remarks>
    /// <exception cref="ArgumentException">
    /// A rank does not exist; or one rank names another as often as that one does not name it. On every rank.
    /// </exception>
    public static GraphCommunicator CreateGraph(this Communicator communicator, ReadOnlySpan<int> sources, ReadOnlySpan<int> destinations)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = StepsOfGraph(communicator);
        (int[] all, BlockLayout counts) = AllOf<int>(communicator, steps, [sources.Length, .. sources, .. destinations]);
        return GraphOf(communicator, steps, sources.ToArray(), destinations.ToArray(), all, counts);
    }

    /// <inheritdoc cref="CreateGraph(Communicator, ReadOnlySpan{int}, ReadOnlySpan{int})"/>
    public static async ValueTask<GraphCommunicator> CreateGraphAsync(
        this Communicator communicator, int[] sources, int[] destinations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentNullException.ThrowIfNull(destinations);
        using CollectiveSteps steps = StepsOfGraph(communicator);
        int[] own = [sources.Length, .. sources, .. destinations];
        int[] length = [own.Length];
        int[] lengths = new int[communicator.Size];
        PlanKey key = AllGatherKey<int>(communicator, length, lengths);
        await steps.RunAsync<int>(key, length, lengths, cancellationToken).ConfigureAwait(false);
        BlockLayout counts = BlockLayout.FromCounts(lengths);
        int[] all = new int[counts.Total];
        key = AllGatherVKey<int>(communicator, own, all, counts);
        await steps.RunAsync<int>(key, own, all, cancellationToken).ConfigureAwait(false);
        return GraphOf(communicator, steps, sources: own[1..(own[0] + 1)], destinations: own[(own[0] + 1)..], all, counts);
    }

    /// <summary>A communicator whose ranks have the neighbours that the edges of all ranks make.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="edges">
    /// Any edges, also between other ranks; every edge is named by one rank. Neighbours are in the order of the ranks that name them.
    /// </param>
    /// <returns>The new communicator. Whoever made it disposes it.</returns>
    /// <remarks>Collective: the edges travel to all. MPI 4.1 §8.5.4, MPI_Dist_graph_create.</remarks>
    /// <exception cref="ArgumentException">An edge has a rank that does not exist. On every rank.</exception>
    public static GraphCommunicator CreateGraph(this Communicator communicator, ReadOnlySpan<(int From, int To)> edges)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using CollectiveSteps steps = StepsOfGraph(communicator);
        ((int From, int To)[] all, _) = AllOf(communicator, steps, edges);
        List<int> sources = [];
        List<int> destinations = [];
        foreach ((int from, int to) in all)
        {
            if ((uint)from >= (uint)communicator.Size || (uint)to >= (uint)communicator.Size)
                throw new ArgumentException(
                    $"Edge {from}-{to}: \"{communicator.Name}\" has ranks 0 to {communicator.Size - 1}.", nameof(edges));
            if (to == communicator.Rank)
                sources.Add(from);
            if (from == communicator.Rank)
                destinations.Add(to);
        }

        return GraphOf(communicator, steps, [.. sources], [.. destinations]);
    }

    private static CollectiveSteps StepsOfGraph(Communicator communicator) => new(communicator, nameof(CreateGraph), makesChild: true);

    /// <summary>What all ranks say, of any length.</summary>
    private static (T[] All, BlockLayout Counts) AllOf<T>(Communicator communicator, CollectiveSteps steps, ReadOnlySpan<T> own)
        where T : unmanaged
    {
        ReadOnlySpan<int> length = [own.Length];
        int[] lengths = new int[communicator.Size];
        steps.Run(AllGatherKey(communicator, length, lengths), length, lengths);
        BlockLayout counts = BlockLayout.FromCounts(lengths);
        T[] all = new T[counts.Total];
        steps.Run(AllGatherVKey(communicator, own, all, counts), own, all);
        return (all, counts);
    }

    /// <summary>Checks what all ranks said: for each rank the number of its sources, they, and its destinations.</summary>
    private static GraphCommunicator GraphOf(
        Communicator communicator, CollectiveSteps steps, int[] sources, int[] destinations, int[] all, BlockLayout counts)
    {
        // Edges that destinations name count up, those that sources name count down: none is left over.
        Dictionary<(int From, int To), int> edges = [];
        for (int rank = 0; rank < communicator.Size; rank++)
        {
            ReadOnlySpan<int> said = all.AsSpan((int)counts.Displacement(rank), (int)counts.Count(rank));
            for (int i = 1; i < said.Length; i++)
            {
                int peer = said[i];
                bool isSource = i <= said[0];
                if ((uint)peer >= (uint)communicator.Size)
                {
                    throw new ArgumentException(
                        $"Rank {rank} names rank {peer} as a neighbour; \"{communicator.Name}\" has ranks 0 to {communicator.Size - 1}.");
                }

                (int, int) edge = isSource ? (peer, rank) : (rank, peer);
                edges[edge] = edges.GetValueOrDefault(edge) + (isSource ? -1 : 1);
            }
        }

        foreach (((int from, int to), int difference) in edges)
        {
            if (difference != 0)
            {
                string more = difference > 0 ? $"rank {from} names rank {to} as a destination" : $"rank {to} names rank {from} as a source";
                string less = difference > 0 ? $"rank {to} names it as a source" : $"rank {from} names it as a destination";
                throw new ArgumentException(
                    $"The neighbours of \"{communicator.Name}\" do not fit: {more} {Math.Abs(difference)} time(s) more than {less}.");
            }
        }

        return GraphOf(communicator, steps, sources, destinations);
    }

    private static GraphCommunicator GraphOf(Communicator communicator, CollectiveSteps steps, int[] sources, int[] destinations)
    {
        GraphCommunicator child = new(
            steps.PlanChild(Ranks(communicator.Size), $"{communicator.Name}.graph"), sources, destinations);
        steps.HandDown(child);
        return child;
    }

    private static int[] Ranks(int count)
    {
        int[] ranks = new int[count];
        for (int rank = 0; rank < count; rank++)
            ranks[rank] = rank;
        return ranks;
    }
}
