namespace BoxerMpi;

/// <summary>A rank of a <see cref="LocalCluster"/> threw, or all ranks together took too long.</summary>
public sealed class RankFailedException(int rank, string message, Exception? inner) : Exception(message, inner)
{
    /// <summary>The rank that failed first, or -1 when the time was over.</summary>
    public int Rank { get; } = rank;
}
