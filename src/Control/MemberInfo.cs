using System.Net;

namespace BoxerMpi.Control;

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
    int ProcessId)
{
    /// <summary>Its own end of its control connection; differs from <see cref="Observed"/> behind a NAT.</summary>
    public IPEndPoint Local { get; init; } = Observed;

    /// <summary>What stands between it and the others.</summary>
    public NatKind Nat { get; init; }
}
