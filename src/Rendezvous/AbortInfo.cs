namespace BoxerMpi.Rendezvous;

/// <summary>The end of a job before its time: who ended it, with which exit code, and what it said.</summary>
/// <param name="Rank">The rank that aborted, or -1 for the launcher or the coordinator.</param>
/// <param name="Code">Exit code for the job.</param>
/// <param name="Message">What the one who aborted said.</param>
internal sealed record AbortInfo(int Rank, int Code, string Message)
{
    /// <summary>The exception that a rank's waiting operations end with.</summary>
    public JobAbortedException ToException() =>
        new($"The job was aborted by {(Rank < 0 ? "its launcher" : $"rank {Rank}")} with exit code {Code}: {Message}")
        {
            AbortingRank = Rank,
            ExitCode = Code,
            RemoteMessage = Message,
        };
}
