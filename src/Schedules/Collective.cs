namespace BoxerMpi;

/// <summary>The collective operations whose algorithm can be chosen: the methods of the same names on a communicator. MPI 4.1 §6.</summary>
public enum Collective
{
    /// <summary>Waits for all.</summary>
    Barrier,

    /// <summary>One rank's elements to all.</summary>
    Broadcast,

    /// <summary>All ranks' elements folded, to one rank.</summary>
    Reduce,

    /// <summary>All ranks' elements folded, to all.</summary>
    AllReduce,

    /// <summary>A block of each rank, to one rank.</summary>
    Gather,

    /// <summary>Blocks of different lengths, to one rank.</summary>
    GatherV,

    /// <summary>A block for each rank, from one rank.</summary>
    Scatter,

    /// <summary>Blocks of different lengths, from one rank.</summary>
    ScatterV,

    /// <summary>A block of each rank, to all.</summary>
    AllGather,

    /// <summary>Blocks of different lengths, to all.</summary>
    AllGatherV,

    /// <summary>A block from each rank for each rank.</summary>
    AllToAll,

    /// <summary>Blocks of different lengths from each rank for each rank.</summary>
    AllToAllV,

    /// <summary>All ranks' elements folded, an equal block of the result to each.</summary>
    ReduceScatterBlock,

    /// <summary>All ranks' elements folded, a block of the result to each, of different lengths.</summary>
    ReduceScatter,

    /// <summary>All elements up to each rank's own folded.</summary>
    Scan,

    /// <summary>All elements before each rank's own folded.</summary>
    ExclusiveScan,

    /// <summary>A block of each neighbour.</summary>
    NeighbourAllGather,

    /// <summary>Blocks of different lengths of the neighbours.</summary>
    NeighbourAllGatherV,

    /// <summary>A block from each neighbour for each neighbour.</summary>
    NeighbourAllToAll,

    /// <summary>Blocks of different lengths from each neighbour for each neighbour.</summary>
    NeighbourAllToAllV,
}
