using BoxerMpi.Processes;

namespace BoxerMpi.Launching.Jobs;

/// <summary>Something the supervisor has to look at.</summary>
internal abstract record JobEvent
{
    /// <summary>A rank's process has ended.</summary>
    public sealed record RankExited(int Rank, ExitStatus Status) : JobEvent;

    /// <summary>The coordinator has news.</summary>
    public sealed record SeatChanged : JobEvent;

    /// <summary>The launcher got a signal that is to end the job.</summary>
    public sealed record EndRequested(int Signal) : JobEvent;

    /// <summary>The launcher got a signal that is for the ranks.</summary>
    public sealed record Forward(int Signal) : JobEvent;

    /// <summary>What the ranks run on is broken.</summary>
    public sealed record PlaceBroken(string Reason) : JobEvent;

    /// <summary>Nobody reads the launcher's standard output any more.</summary>
    public sealed record OutputClosed : JobEvent;
}
