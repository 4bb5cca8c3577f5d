namespace BoxerMpi;

/// <summary>What a rank gets that a <see cref="FaultPlan"/> killed.</summary>
public sealed class RankKilledException(int rank) : Exception($"Rank {rank} was killed by the fault plan")
{
    /// <summary>The rank.</summary>
    public int Rank { get; } = rank;
}
