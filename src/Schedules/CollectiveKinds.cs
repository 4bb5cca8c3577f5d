namespace BoxerMpi.Schedules;

/// <summary>What collectives have in common.</summary>
internal static class CollectiveKinds
{
    /// <summary>Calls along a neighbourhood that only its communicator knows: there is nothing to predict, and nothing to choose.</summary>
    public static bool IsAmongNeighbours(this Collective collective) =>
        collective is Collective.NeighbourAllGather or Collective.NeighbourAllGatherV
        or Collective.NeighbourAllToAll or Collective.NeighbourAllToAllV;
}
