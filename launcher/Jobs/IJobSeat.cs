namespace BoxerMpi.Launcher.Jobs;

/// <summary>How far a rank has come, as the coordinator knows it.</summary>
internal enum RankStage
{
    /// <summary>Has not joined; programs that use no MPI never do.</summary>
    Absent,

    /// <summary>Joined and waits for the others.</summary>
    Joined,

    /// <summary>All have joined; sets up its links.</summary>
    Started,

    /// <summary>Has all links of the topology.</summary>
    Linked,

    /// <summary>Left the job in order.</summary>
    Left,

    /// <summary>Its connection ended without leaving.</summary>
    Failed,
}

/// <summary>One rank's way through the job; times count from the job's start.</summary>
internal sealed record RankProgress(
    RankStage Stage, TimeSpan? Joined = null, TimeSpan? Linked = null, TimeSpan? Ended = null, string? Reason = null)
{
    public static readonly RankProgress None = new(RankStage.Absent);

    public bool HasJoined => Joined is not null;

    public bool HasLinked => Linked is not null;
}

/// <summary>A rank, the launcher (-1) or the coordinator (-1) ended the job before its time.</summary>
internal sealed record AbortNotice(int Rank, int Code, string Message)
{
    /// <summary>What was said, without the stack trace that a rank has printed itself.</summary>
    public string FirstLine => Message.Split('\n', 2)[0].TrimEnd('\r', ' ');

    /// <summary>Whether the rank only tells of another rank's end, so that the cause is to be looked for there.</summary>
    public bool IsConsequence =>
        FirstLine.Contains(nameof(PeerFailedException), StringComparison.Ordinal)
        || FirstLine.Contains(nameof(JobAbortedException), StringComparison.Ordinal)
        || FirstLine.Contains(nameof(CommunicatorRevokedException), StringComparison.Ordinal);
}

/// <summary>The launcher's place beside the coordinator of its job.</summary>
internal interface IJobSeat
{
    /// <summary>Something about a rank has changed; called on any thread.</summary>
    event Action? Changed;

    /// <summary>The abort, once there is one.</summary>
    AbortNotice? Abort { get; }

    RankProgress Of(int rank);

    /// <summary>Tells all ranks that the job is over.</summary>
    void End(int code, string reason);
}
