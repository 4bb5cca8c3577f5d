using BoxerMpi.Control;
using BoxerMpi.Wire;

namespace BoxerMpi.Coordinator;

/// <summary>How far a member has come.</summary>
internal enum MemberState : byte
{
    /// <summary>Nobody has this rank.</summary>
    Absent,

    /// <summary>Joined, waiting for the others.</summary>
    Joined,

    /// <summary>The gate has opened; the member sets up its links.</summary>
    Started,

    /// <summary>All links of the topology are up.</summary>
    Linked,

    /// <summary>Left in order.</summary>
    Left,

    /// <summary>Gone without leaving.</summary>
    Failed,
}

/// <summary>A rank's state and its times since the job was added, for reports.</summary>
/// <param name="Rank">The rank.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Member">Who has the rank; <see langword="null"/> while it is free.</param>
/// <param name="JoinedAfter">When it joined.</param>
/// <param name="LinkedAfter">When it reported its links.</param>
/// <param name="EndedAfter">When it left or failed.</param>
/// <param name="FailureReason">Why it counts as failed.</param>
/// <param name="WireUp">What it reported of its links.</param>
/// <param name="Traffic">What it sent and received, told when it left.</param>
internal sealed record MemberStatus(
    int Rank,
    MemberState State,
    MemberInfo? Member,
    TimeSpan? JoinedAfter,
    TimeSpan? LinkedAfter,
    TimeSpan? EndedAfter,
    string? FailureReason,
    WireUpReport? WireUp,
    Traffic? Traffic);
