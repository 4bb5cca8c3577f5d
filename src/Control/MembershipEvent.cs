using System.Net;

namespace BoxerMpi.Control;

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
}
