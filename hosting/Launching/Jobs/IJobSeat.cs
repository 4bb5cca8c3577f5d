using BoxerMpi.Control;

namespace BoxerMpi.Launching.Jobs;

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

    /// <summary>Its connection ended before the job started: the rank is free for whoever joins next.</summary>
    Vacated,

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

    /// <summary>Whether its end of the connection was closed without leaving, as when its process ends; else the way to it is broken, or it is silent.</summary>
    public bool HasClosed { get; init; }
}

/// <summary>A rank, the launcher (-1) or the coordinator (-1) ended the job before its time.</summary>
/// <param name="Rank">Who.</param>
/// <param name="Code">Exit code for the job.</param>
/// <param name="Message">What was said.</param>
/// <param name="IsConsequence">Whether the rank only tells of another rank's end, so that the cause is to be looked for there.</param>
/// <param name="Suspect">The rank that it misses, when it knows one, or -1.</param>
internal sealed record AbortNotice(int Rank, int Code, string Message, bool IsConsequence = false, int Suspect = -1)
{
    public static AbortNotice Of(AbortInfo abort) => new(abort.Rank, abort.Code, abort.Message, abort.IsConsequence, abort.Suspect);

    /// <summary>What was said, without the stack trace that a rank has printed itself.</summary>
    public string FirstLine => Message.Split('\n', 2)[0].TrimEnd('\r', ' ');
}

/// <summary>The launcher's place beside the coordinator of its job.</summary>
internal interface IJobSeat
{
    /// <summary>Something about a rank has changed; called on any thread.</summary>
    event Action? Changed;

    /// <summary>The abort, once there is one.</summary>
    AbortNotice? Abort { get; }

    /// <summary>Number of ranks that the coordinator tells of; all of the job, wherever they run.</summary>
    int Size { get; }

    /// <summary>Whether every rank has come to its end: one has left in order, which it does behind the barrier that ends a job.</summary>
    bool IsComplete { get; }

    RankProgress Of(int rank);

    /// <summary>How long a rank has been silent that should have said something; null while it is in good health, or is not connected.</summary>
    TimeSpan? SilenceOf(int rank);

    /// <summary>Tells all ranks that the job is over.</summary>
    void End(int code, string reason);
}
