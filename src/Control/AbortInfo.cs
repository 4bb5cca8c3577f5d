namespace BoxerMpi.Control;

/// <summary>The end of a job before its time: who ended it, with which exit code, and what it said.</summary>
/// <param name="Rank">The rank that aborted, or -1 for the launcher or the coordinator.</param>
/// <param name="Code">Exit code for the job.</param>
/// <param name="Message">What the one who aborted said.</param>
/// <param name="IsConsequence">Whether it only tells of what happened to other ranks: the cause is to be looked for there.</param>
/// <param name="Suspect">The rank that it misses, when it knows one, or -1.</param>
internal sealed record AbortInfo(int Rank, int Code, string Message, bool IsConsequence = false, int Suspect = -1)
{
    /// <summary>A rank ends the job because of an error.</summary>
    public static AbortInfo Of(int rank, int code, string message, Exception error)
    {
        MpiException? news = NewsOfOthers(error);
        int suspect = news switch
        {
            PeerFailedException failed => failed.FailedRanks.FirstOrDefault(-1),
            MpiTimeoutException late => late.MissingRanks.FirstOrDefault(-1),
            CommunicatorRevokedException revoked => revoked.RevokedBy,
            LinkException link => link.Peer,
            JobAbortedException aborted => aborted.AbortingRank,
            _ => -1,
        };
        return new AbortInfo(rank, code, message, news is not null, suspect == rank ? -1 : suspect);
    }

    /// <summary>What in an error, or in what it was caused by, other ranks have done to this one; null for an error of its own.</summary>
    public static MpiException? NewsOfOthers(Exception? error) => error switch
    {
        null => null,
        PeerFailedException or MpiTimeoutException or CommunicatorRevokedException or LinkException or JobAbortedException => (MpiException)error,
        AggregateException several => several.InnerExceptions.Select(NewsOfOthers).FirstOrDefault(news => news is not null),
        _ => NewsOfOthers(error.InnerException),
    };

    /// <summary>The exception that a rank's waiting operations end with.</summary>
    public JobAbortedException ToException() =>
        new($"The job was aborted by {(Rank < 0 ? "its launcher" : $"rank {Rank}")} with exit code {Code}: {Message}")
        {
            AbortingRank = Rank,
            ExitCode = Code,
            RemoteMessage = Message,
        };
}
