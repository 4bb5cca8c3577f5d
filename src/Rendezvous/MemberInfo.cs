using System.Net;

namespace BoxerMpi.Rendezvous;

/// <summary>Who a member is and where it can be reached.</summary>
/// <param name="Rank">Its rank in the job.</param>
/// <param name="Id">Its own name for itself, the same when it joins again.</param>
/// <param name="Observed">The external endpoint from which the coordinator saw it join.</param>
/// <param name="EndPoints">Where it accepts links, the best first.</param>
/// <param name="Host">Its host's name, for reports.</param>
/// <param name="ProcessId">Its process on that host.</param>
internal sealed record MemberInfo(
    int Rank,
    Guid Id,
    IPEndPoint Observed,
    IReadOnlyList<IPEndPoint> EndPoints,
    string Host,
    int ProcessId);

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
internal sealed record MemberStatus(
    int Rank,
    MemberState State,
    MemberInfo? Member,
    TimeSpan? JoinedAfter,
    TimeSpan? LinkedAfter,
    TimeSpan? EndedAfter,
    string? FailureReason,
    WireUpReport? WireUp);

/// <summary>What a rank tells of the set-up of its links.</summary>
/// <param name="Links">Links that are up.</param>
/// <param name="Attempts">Connections this rank tried, successful ones included.</param>
/// <param name="Elapsed">From the start of the wire-up to the last link.</param>
/// <param name="MedianLink">Half of the links were up after this time.</param>
/// <param name="SlowestLink">When the last link was up.</param>
/// <param name="SlowestPeer">The peer of the last link, or -1 without links.</param>
internal sealed record WireUpReport(
    int Links,
    int Attempts,
    TimeSpan Elapsed,
    TimeSpan MedianLink,
    TimeSpan SlowestLink,
    int SlowestPeer);
