using System.Net;
using System.Text.Json.Serialization;

namespace BoxerMpi.Rendezvous;

/// <summary>What may happen to a job's membership.</summary>
internal enum MembershipChange : byte
{
    /// <summary>A member has a rank.</summary>
    Joined,

    /// <summary>A member left or failed before the gate: its rank is free again.</summary>
    Vacated,

    /// <summary>All ranks have joined; the job runs.</summary>
    Started,

    /// <summary>A rank has all its links.</summary>
    Linked,

    /// <summary>A rank left in order.</summary>
    Left,

    /// <summary>A rank is gone without leaving.</summary>
    Failed,

    /// <summary>A rank that had lost its control connection is back.</summary>
    Returned,

    /// <summary>The job was aborted.</summary>
    Aborted,

    /// <summary>A rank and a peer of it are linked through the coordinator.</summary>
    Relayed,
}

/// <summary>One event of a job's membership; fields that say nothing for its kind are empty.</summary>
internal sealed record MembershipEvent
{
    public required MembershipChange Change { get; init; }

    public required string JobId { get; init; }

    /// <summary>The rank it is about; -1 for the whole job.</summary>
    public int Rank { get; init; } = -1;

    public int Size { get; init; }

    /// <summary>How many members the job has after it.</summary>
    public int Members { get; init; }

    /// <summary>Since the job was added at the coordinator.</summary>
    public TimeSpan At { get; init; }

    public Guid MemberId { get; init; }

    /// <summary>The member's external endpoint.</summary>
    public IPEndPoint? Observed { get; init; }

    /// <summary>What stands between the member and the others.</summary>
    public NatKind Nat { get; init; }

    public string Host { get; init; } = "";

    /// <summary>Why it failed or was aborted.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Links of a linked rank, exit code of an abort, the other end of a relayed link, 1 for a failed or vacated rank whose own end was closed.</summary>
    public int Number { get; init; }

    public ReadOnlyMemory<byte> Encode()
    {
        MessageWriter writer = new MessageWriter(ControlKind.Event).Byte((byte)Change).Int32(Rank).Int32(Size).Int32(Members).Time(At)
            .Id(MemberId).OptionalEndPoint(Observed).Byte((byte)Nat);
        return writer.Text(Host, Limits.NameBytes).Text(Reason, Limits.TextBytes).Int32(Number).Finish();
    }

    public static MembershipEvent Decode(string jobId, ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        byte change = reader.Byte();
        if (change > (byte)MembershipChange.Relayed)
            throw new WireFormatException($"Membership change {change} is unknown.");
        MembershipEvent decoded = new()
        {
            Change = (MembershipChange)change,
            JobId = jobId,
            Rank = reader.Int32(),
            Size = reader.Int32(),
            Members = reader.Int32(),
            At = reader.Time(),
            MemberId = reader.Id(),
            Observed = reader.OptionalEndPoint(),
            Nat = NatKinds.Checked(reader.Byte()),
            Host = reader.Text(Limits.NameBytes),
            Reason = reader.Text(Limits.TextBytes),
            Number = reader.Int32(),
        };
        reader.End();
        return decoded;
    }

    public MembershipLine ToLine() => new()
    {
        Event = Change switch
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
        Job = JobId,
        Rank = Rank < 0 ? null : Rank,
        Size = Size,
        Members = Members,
        Seconds = At.TotalSeconds,
        Member = MemberId == Guid.Empty ? null : MemberId.ToString(),
        Address = Observed?.ToString(),
        Nat = Change is MembershipChange.Joined or MembershipChange.Returned ? Nat.Name() : null,
        Host = Host.Length == 0 ? null : Host,
        Reason = Reason.Length == 0 ? null : Reason,
        Peer = Change == MembershipChange.Relayed ? Number : null,
        Links = Change == MembershipChange.Linked ? Number : null,
        ExitCode = Change == MembershipChange.Aborted ? Number : null,
    };
}

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
}

/// <summary>Compiled serialisation: no reflection, so it works ahead of time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MembershipLine))]
internal sealed partial class MembershipJson : JsonSerializerContext;
