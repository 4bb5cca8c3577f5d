namespace BoxerMpi.Schedules;

/// <summary>
/// The largest power of two of ranks that take part when the algorithm needs one: the first surplus ranks are paired with their
/// neighbours, the even one of a pair takes part for both.
/// </summary>
/// <remarks>Pairs are neighbours, so that every participant stands for a range of ranks and folds stay in rank order.</remarks>
internal readonly struct FoldedRanks
{
    private readonly int _surplus;

    public FoldedRanks(int size)
    {
        Participants = 1;
        while (Participants * 2 <= size)
            Participants *= 2;
        _surplus = size - Participants;
    }

    public int Participants { get; }

    /// <summary>The other rank of the pair, or -1.</summary>
    public int Partner(int rank) => rank < 2 * _surplus ? rank ^ 1 : -1;

    /// <summary>Whether the partner takes part for this rank.</summary>
    public bool IsFolded(int rank) => rank < 2 * _surplus && (rank & 1) == 1;

    /// <summary>The number of a rank among the participants.</summary>
    public int Participant(int rank) => rank < 2 * _surplus ? rank / 2 : rank - _surplus;

    /// <summary>The rank that a participant is; the second rank of its pair, if it has one, is the next.</summary>
    public int Rank(int participant) => participant < _surplus ? 2 * participant : participant + _surplus;
}
