using System.Net;

namespace BoxerMpi.Control;

/// <summary>What a joiner wants, how it sees itself, and where it accepts links; sent behind a proof.</summary>
internal sealed record JoinMessage
{
    /// <summary>The same when it joins again.</summary>
    public required Guid MemberId { get; init; }

    /// <summary>-1 for the next free one.</summary>
    public int RequestedRank { get; init; } = -1;

    /// <summary>The job has started for this member already; it comes back after losing the coordinator.</summary>
    public bool Resumed { get; init; }

    /// <summary>
    /// Where it accepts links when no endpoint is advertised: at the endpoint that the coordinator observes when this is the
    /// port of <see cref="Local"/>, else at this port of the observed address.
    /// </summary>
    public required ushort ListenPort { get; init; }

    /// <summary>Endpoints that are better than the observed one.</summary>
    public IReadOnlyList<IPEndPoint> Advertised { get; init; } = [];

    /// <summary>The joiner's own end of its control connection.</summary>
    public required IPEndPoint Local { get; init; }

    /// <summary>What a reflector observed of the same local port; <see langword="null"/> when none was asked.</summary>
    public IPEndPoint? SecondObserved { get; init; }

    /// <summary>How long it may still run; <see langword="null"/> without limit. A span and not a moment, as clocks of hosts differ.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>Host name.</summary>
    public required string Host { get; init; }

    /// <summary>Process on that host.</summary>
    public int ProcessId { get; init; }

    public MessageWriter Encode()
    {
        MessageWriter writer = new MessageWriter(ControlKind.Join).ReserveProof()
            .Id(MemberId).Int32(RequestedRank).Flag(Resumed).UInt16(ListenPort).EndPoints(Advertised).EndPoint(Local);
        return writer.OptionalEndPoint(SecondObserved).OptionalTime(Remaining).Text(Host, Limits.NameBytes).Int32(ProcessId);
    }

    /// <summary>Reads the body, without the proof.</summary>
    public static JoinMessage Decode(ReadOnlySpan<byte> body)
    {
        MessageReader reader = new(body);
        JoinMessage join = new()
        {
            MemberId = reader.Id(),
            RequestedRank = reader.Int32(),
            Resumed = reader.Flag(),
            ListenPort = reader.UInt16(),
            Advertised = reader.EndPoints(),
            Local = reader.EndPoint(),
            SecondObserved = reader.OptionalEndPoint(),
            Remaining = reader.OptionalTime(),
            Host = reader.Text(Limits.NameBytes),
            ProcessId = reader.Int32(),
        };
        reader.End();
        return join;
    }
}

/// <summary>The table of all members and the time they have, sent once the gate is open: encoded once for all of them.</summary>
internal static class StartMessage
{
    // Id, host, process, NAT, observed IPv4 endpoint, no others.
    private const int LeastMemberBytes = 16 + 2 + 4 + 1 + 7 + 1;

    /// <param name="members">In order of their ranks.</param>
    /// <param name="remaining">How long the member that has the least time may still run; <see langword="null"/> when none has a limit.</param>
    public static ReadOnlyMemory<byte> Encode(ReadOnlySpan<MemberInfo> members, TimeSpan? remaining)
    {
        // Host names repeat: the table holds each once, up to the range of the index.
        List<string> hosts = [];
        Dictionary<string, ushort> hostIndex = [];
        foreach (MemberInfo member in members)
        {
            if (hosts.Count < ushort.MaxValue && hostIndex.TryAdd(member.Host, (ushort)hosts.Count))
                hosts.Add(member.Host);
        }

        MessageWriter writer = new MessageWriter(ControlKind.Start, 256 + (members.Length * 48)).Int32(hosts.Count);
        foreach (string host in hosts)
            writer.Text(host, Limits.NameBytes);
        writer.Int32(members.Length);
        foreach (MemberInfo member in members)
        {
            ushort host = hostIndex.TryGetValue(member.Host, out ushort known) ? known : ushort.MaxValue;
            writer.Id(member.Id).UInt16(host).Int32(member.ProcessId).Byte((byte)member.Nat).EndPoint(member.Observed);
            if (member.Nat != NatKind.None)
                writer.EndPoint(member.Local);

            // Most members accept links where they were observed: that takes one byte of the table, not eight.
            writer.EndPoints(AcceptsWhereObserved(member) ? [] : member.EndPoints);
        }

        return writer.OptionalTime(remaining).Finish();
    }

    public static MemberInfo[] Decode(ReadOnlySpan<byte> payload, int size, out TimeSpan? remaining)
    {
        MessageReader reader = new(payload);
        string[] hosts = new string[reader.Count(ushort.MaxValue, leastItemBytes: 2)];
        for (int i = 0; i < hosts.Length; i++)
            hosts[i] = reader.Text(Limits.NameBytes);
        if (reader.Count(size, LeastMemberBytes) != size)
            throw new WireFormatException($"The table of members does not have {size} entries.");
        MemberInfo[] members = new MemberInfo[size];
        for (int rank = 0; rank < size; rank++)
        {
            Guid id = reader.Id();
            int host = reader.UInt16();
            int process = reader.Int32();
            NatKind nat = NatKinds.Checked(reader.Byte());
            IPEndPoint observed = reader.EndPoint();
            IPEndPoint local = nat == NatKind.None ? observed : reader.EndPoint();
            IReadOnlyList<IPEndPoint> endPoints = reader.EndPoints() is { Length: > 0 } others ? others : [observed];
            members[rank] = new MemberInfo(rank, id, observed, endPoints, host < hosts.Length ? hosts[host] : "", process) { Nat = nat, Local = local };
        }

        remaining = reader.OptionalTime();
        reader.End();
        return members;
    }

    private static bool AcceptsWhereObserved(MemberInfo member) => member.EndPoints is [IPEndPoint only] && only.Equals(member.Observed);
}
