using BoxerMpi.Control;
using BoxerMpi.Wire;

namespace BoxerMpi.Coordinator;

/// <summary>One rank of a job: who has it, and how far that member has come; protected by the job's lock.</summary>
internal sealed class MemberPlace(int rank)
{
    public int Rank { get; } = rank;

    public MemberState State { get; set; }

    public MemberInfo? Info { get; set; }

    public SeedConnection? Connection { get; set; }

    public TimeSpan JoinedAfter { get; set; }

    /// <summary>It had joined the job at another coordinator.</summary>
    public bool HasReturned { get; set; }

    /// <summary>When it has to have stopped, on the job's clock.</summary>
    public TimeSpan? Deadline { get; set; }

    public TimeSpan? LinkedAfter { get; set; }

    public TimeSpan? EndedAfter { get; set; }

    public long? DisconnectedSince { get; set; }

    public string? FailureReason { get; set; }

    /// <summary>It closed its end of the connection without leaving, as happens when its process ends.</summary>
    public bool HasClosed { get; set; }

    public WireUpReport? WireUp { get; set; }

    public Traffic? Traffic { get; set; }

    /// <summary>Signals it has sent since <see cref="SignalsSince"/>.</summary>
    public int Signals { get; set; }

    public long SignalsSince { get; set; }

    public void Clear()
    {
        State = MemberState.Absent;
        Info = null;
        Connection = null;
        HasClosed = false;
    }

    public MemberStatus ToStatus() =>
        new(Rank, State, Info, Info is null ? null : JoinedAfter, LinkedAfter, EndedAfter, FailureReason, WireUp, Traffic);
}
