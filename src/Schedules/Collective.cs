namespace BoxerMpi.Schedules;

/// <summary>The collective operations that have schedules.</summary>
internal enum Collective
{
    Barrier,
    Broadcast,
    Reduce,
    AllReduce,
    Gather,
    GatherV,
    Scatter,
    ScatterV,
    AllGather,
    AllGatherV,
    AllToAll,
    AllToAllV,
    ReduceScatterBlock,
    ReduceScatter,
    Scan,
    ExclusiveScan,
    NeighbourAllGather,
    NeighbourAllGatherV,
    NeighbourAllToAll,
    NeighbourAllToAllV,
}
