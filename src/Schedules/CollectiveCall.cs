namespace BoxerMpi.Schedules;

/// <summary>The shape of a collective call on one rank: everything that an algorithm may look at.</summary>
/// <remarks>
/// <see cref="Bytes"/> is the vector of broadcasts and reductions, and the block of the others: what one rank contributes to a gather,
/// gets of a scatter or of a reduce-scatter, or sends to one other rank of an all-to-all. Forms with counts have layouts besides.
/// </remarks>
internal readonly record struct CollectiveCall
{
    public const int DefaultWindow = 32;

    public const int DefaultSegmentBytes = 128 * 1024;

    public CollectiveCall()
    {
    }

    public required Collective Collective { get; init; }

    public required int Rank { get; init; }

    public required int Size { get; init; }

    public required Topology Topology { get; init; }

    public int Root { get; init; }

    public long Bytes { get; init; }

    /// <summary>Vectors are cut only between elements.</summary>
    public int ElementSize { get; init; } = 1;

    /// <summary>Whether a reduction may fold ranks in any order.</summary>
    public bool Commutative { get; init; } = true;

    /// <summary>Most messages in flight each way in an all-to-all.</summary>
    public int Window { get; init; } = DefaultWindow;

    /// <summary>Piece of a vector that is passed on while the next arrives.</summary>
    public int SegmentBytes { get; init; } = DefaultSegmentBytes;

    /// <summary>
    /// The receive buffer holds what is to be sent, and the algorithm may not assume otherwise: the builder saves it first.
    /// </summary>
    public bool StageSend { get; init; }

    /// <summary>Reductions: what this rank contributes lies where its result will be.</summary>
    public bool InPlace { get; init; }

    /// <summary>Reductions: whether this rank may write to the result before it has folded its own contribution in.</summary>
    public bool MayFoldLate => Commutative && !InPlace;

    /// <summary>
    /// Counts in elements of the blocks by rank. AllToAllV: what goes to each rank. ScatterV: what each rank gets, known at the root.
    /// ReduceScatter: what each rank gets, one after the other.
    /// Null where blocks are uniform, or where this rank does not know.
    /// </summary>
    public BlockLayout? SendLayout { get; init; }

    /// <summary>
    /// AllToAllV: what comes from each rank. GatherV and AllGatherV: what each rank contributes; the root alone knows in GatherV.
    /// </summary>
    public BlockLayout? ReceiveLayout { get; init; }

    /// <summary>
    /// Counts in elements that the ranks told each other beforehand; the algorithm that asked for them knows their order.
    /// </summary>
    public long[]? Known { get; init; }

    /// <summary>Whom this rank exchanges with in a neighbourhood collective; layouts and blocks then count neighbours, not ranks.</summary>
    public Neighbourhood? Neighbours { get; init; }

    /// <summary>What this rank contributes, for calls that do not send blocks by rank.</summary>
    public Region Own => Region.UserSend(0, Bytes);

    public bool IsRoot => Rank == Root;

    /// <summary>Bytes of all blocks of the send buffer, for calls that send blocks by rank.</summary>
    public long SendBytes => SendLayout is { } layout ? layout.Extent * ElementSize : Bytes * Size;

    /// <summary>The rank when counting starts at <paramref name="root"/>.</summary>
    public int RankRelativeTo(int root) => (Rank - root + Size) % Size;

    /// <summary>The rank that <paramref name="virtualRank"/> stands for when counting starts at the root.</summary>
    public int RealRank(int virtualRank) => (virtualRank + Root) % Size;

    /// <summary>The block of the send buffer for <paramref name="rank"/>.</summary>
    public Region SendBlock(int rank) => Block(BufferKind.UserSend, SendLayout, rank);

    /// <summary>The block of the receive buffer for what comes from <paramref name="rank"/>.</summary>
    public Region ReceiveBlock(int rank) => Block(BufferKind.UserReceive, ReceiveLayout, rank);

    /// <summary>
    /// Bytes of the block of <paramref name="rank"/> in a gather, scatter or all-gather, from whichever source this rank has.
    /// </summary>
    public long BlockBytes(int rank)
    {
        if (rank == Rank)
            return Bytes;
        if (Known is not null)
            return Known[rank] * ElementSize;
        BlockLayout? layout = Collective is Collective.ScatterV or Collective.ReduceScatter ? SendLayout : ReceiveLayout;
        return layout is null ? Bytes : layout.Count(rank) * ElementSize;
    }

    private Region Block(BufferKind buffer, BlockLayout? layout, int rank) => layout is null
        ? new(buffer, rank * Bytes, Bytes)
        : new(buffer, layout.Displacement(rank) * ElementSize, layout.Count(rank) * ElementSize);
}
