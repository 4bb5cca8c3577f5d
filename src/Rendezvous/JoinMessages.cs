using System.Net;

namespace BoxerMpi.Rendezvous;

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

    /// <summary>Host name.</summary>
    public required string Host { get; init; }

    /// <summary>Process on that host.</summary>
    public int ProcessId { get; init; }

    public MessageWriter Encode()
    {
        MessageWriter writer = new MessageWriter(ControlKind.Join).ReserveProof()
            .Id(MemberId).Int32(RequestedRank).Flag(Resumed).UInt16(ListenPort).EndPoints(Advertised).EndPoint(Local);
        return writer.OptionalEndPoint(SecondObserved).Text(Host, Limits.NameBytes).Int32(ProcessId);
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
            Host = reader.Text(Limits.NameBytes),
            ProcessId = reader.Int32(),
        };
        reader.End();
        return join;
    }
}

/// <summary>The coordinator takes a joiner; sent behind a proof.</summary>
internal sealed record AcceptedMessage
{
    /// <summary>The member's rank; -1 for a follower.</summary>
    public required int Rank { get; init; }

    public required int Size { get; init; }

    public required uint Epoch { get; init; }

    /// <summary>The external endpoint of the one who joins.</summary>
    public required IPEndPoint Observed { get; init; }

    public required string Topology { get; init; }

    public required OffTopologyPolicy OffTopology { get; init; }

    public required TimeSpan HeartbeatInterval { get; init; }

    public required TimeSpan HeartbeatTimeout { get; init; }

    /// <summary>Whether pairs that cannot be linked directly may go through the coordinator.</summary>
    public required bool RelayAllowed { get; init; }

    public required IReadOnlyDictionary<string, string> Options { get; init; }

    public MessageWriter Encode()
    {
        MessageWriter writer = new MessageWriter(ControlKind.Accepted, 256).ReserveProof()
            .Int32(Rank).Int32(Size).UInt32(Epoch).EndPoint(Observed).Text(Topology, Limits.TextBytes).Byte((byte)OffTopology)
            .Time(HeartbeatInterval).Time(HeartbeatTimeout).Flag(RelayAllowed).Int32(Options.Count);
        foreach ((string name, string value) in Options)
            writer.Text(name, Limits.NameBytes).Text(value, Limits.TextBytes);
        return writer;
    }

    public static AcceptedMessage Decode(ReadOnlySpan<byte> body)
    {
        MessageReader reader = new(body);
        int rank = reader.Int32();
        int size = reader.Int32();
        if (size is < 1 or > Limits.MaximumJobSize || rank < -1 || rank >= size)
            throw new WireFormatException($"Rank {rank} of {size} makes no sense.");
        uint epoch = reader.UInt32();
        IPEndPoint observed = reader.EndPoint();
        string topology = reader.Text(Limits.TextBytes);
        byte policy = reader.Byte();
        if (policy > (byte)OffTopologyPolicy.Refuse)
            throw new WireFormatException($"Policy {policy} is unknown.");
        TimeSpan interval = reader.Time();
        TimeSpan timeout = reader.Time();
        if (interval <= TimeSpan.Zero || timeout < interval)
            throw new WireFormatException($"Heartbeats each {interval} with a limit of {timeout} make no sense.");
        bool relayAllowed = reader.Flag();
        int count = reader.Count(Limits.OptionsPerJob, leastItemBytes: 4);
        Dictionary<string, string> options = new(count);
        for (int i = 0; i < count; i++)
            options[reader.Text(Limits.NameBytes)] = reader.Text(Limits.TextBytes);
        reader.End();
        return new AcceptedMessage
        {
            Rank = rank,
            Size = size,
            Epoch = epoch,
            Observed = observed,
            Topology = topology,
            OffTopology = (OffTopologyPolicy)policy,
            HeartbeatInterval = interval,
            HeartbeatTimeout = timeout,
            RelayAllowed = relayAllowed,
            Options = options,
        };
    }
}

/// <summary>The table of all members, sent once the gate is open: encoded once for all of them.</summary>
internal static class StartMessage
{
    // Id, host, process, NAT, observed IPv4 endpoint, no others.
    private const int LeastMemberBytes = 16 + 2 + 4 + 1 + 7 + 1;

    public static ReadOnlyMemory<byte> Encode(ReadOnlySpan<MemberInfo> members)
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

        return writer.Finish();
    }

    public static MemberInfo[] Decode(ReadOnlySpan<byte> payload, int size)
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

        reader.End();
        return members;
    }

    private static bool AcceptsWhereObserved(MemberInfo member) => member.EndPoints is [IPEndPoint only] && only.Equals(member.Observed);
}
