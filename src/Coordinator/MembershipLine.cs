using System.Text.Json.Serialization;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>A membership event as the local membership service writes it: one JSON object a line.</summary>
internal sealed record MembershipLine
{
    /// <summary><c>joined</c>, <c>vacated</c>, <c>started</c>, <c>linked</c>, <c>left</c>, <c>failed</c>, <c>returned</c>, <c>aborted</c>, <c>relayed</c> or <c>dropped</c>.</summary>
    public required string Event { get; init; }

    public string? Job { get; init; }

    public int? Rank { get; init; }

    public int? Size { get; init; }

    /// <summary>Members of the job after the event.</summary>
    public int? Members { get; init; }

    /// <summary>Since the job was added at the coordinator.</summary>
    public double Seconds { get; init; }

    /// <summary>The member's id.</summary>
    public string? Member { get; init; }

    /// <summary>Its external endpoint.</summary>
    public string? Address { get; init; }

    /// <summary>Of a member that joined or returned: <c>none</c>, <c>port-kept</c>, <c>remapped</c>, <c>symmetric</c> or <c>unknown</c>.</summary>
    public string? Nat { get; init; }

    public string? Host { get; init; }

    public string? Reason { get; init; }

    /// <summary>Of a relayed link, the other end.</summary>
    public int? Peer { get; init; }

    public int? Links { get; init; }

    public int? ExitCode { get; init; }

    public static MembershipLine Of(MembershipEvent happened) => new()
    {
        Event = happened.Change switch
        {
            MembershipChange.Joined => "joined",
            MembershipChange.Vacated => "vacated",
            MembershipChange.Started => "started",
            MembershipChange.Linked => "linked",
            MembershipChange.Left => "left",
            MembershipChange.Failed => "failed",
            MembershipChange.Returned => "returned",
            MembershipChange.Relayed => "relayed",
            _ => "aborted",
        },
        Job = happened.JobId,
        Rank = happened.Rank < 0 ? null : happened.Rank,
        Size = happened.Size,
        Members = happened.Members,
        Seconds = happened.At.TotalSeconds,
        Member = happened.MemberId == Guid.Empty ? null : happened.MemberId.ToString(),
        Address = happened.Observed?.ToString(),
        Nat = happened.Change is MembershipChange.Joined or MembershipChange.Returned ? happened.Nat.Name() : null,
        Host = happened.Host.Length == 0 ? null : happened.Host,
        Reason = happened.Reason.Length == 0 ? null : happened.Reason,
        Peer = happened.Change == MembershipChange.Relayed ? happened.Number : null,
        Links = happened.Change == MembershipChange.Linked ? happened.Number : null,
        ExitCode = happened.Change == MembershipChange.Aborted ? happened.Number : null,
    };
}

/// <summary>Compiled serialisation: no reflection, so it works ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MembershipLine))]
internal sealed partial class MembershipJson : JsonSerializerContext;
