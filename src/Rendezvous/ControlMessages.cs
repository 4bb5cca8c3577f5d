using System.Net;

namespace BoxerMpi.Rendezvous;

/// <summary>First message of a joiner or follower.</summary>
internal sealed record HelloMessage(ushort Version, byte[] Nonce, string JobId)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.Hello).UInt32(Protocol.ControlMagic).UInt16(Version).Bytes(Nonce).Text(JobId, Limits.JobIdBytes).Finish();

    /// <remarks>Of another version, only the version is read.</remarks>
    public static HelloMessage Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        if (reader.UInt32() != Protocol.ControlMagic)
            throw new WireFormatException("The first message does not start a control conversation.");
        ushort version = reader.UInt16();
        if (version != Protocol.Version)
            return new HelloMessage(version, [], "");
        HelloMessage hello = new(version, reader.Bytes(Proof.NonceBytes).ToArray(), reader.Text(Limits.JobIdBytes));
        reader.End();
        return hello;
    }
}

/// <summary>The coordinator's answer to a hello: its nonce.</summary>
internal static class ChallengeMessage
{
    public static ReadOnlyMemory<byte> Encode(byte[] nonce) =>
        new MessageWriter(ControlKind.Challenge).UInt32(Protocol.ControlMagic).UInt16(Protocol.Version).Bytes(nonce).Finish();

    public static byte[] Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        if (reader.UInt32() != Protocol.ControlMagic || reader.UInt16() != Protocol.Version)
            throw new WireFormatException("The answer is not a coordinator's.");
        byte[] nonce = reader.Bytes(Proof.NonceBytes).ToArray();
        reader.End();
        return nonce;
    }
}

/// <summary>What a joiner wants, and where it accepts links; sent behind a proof.</summary>
/// <param name="MemberId">The same when it joins again.</param>
/// <param name="RequestedRank">-1 for the next free one.</param>
/// <param name="Resumed">The job has started for this member already; it comes back after losing the coordinator.</param>
/// <param name="ListenPort">Combined with the observed address when no endpoint is advertised.</param>
/// <param name="Advertised">Endpoints that are better than the observed address.</param>
/// <param name="Host">Host name.</param>
/// <param name="ProcessId">Process on that host.</param>
internal sealed record JoinMessage(
    Guid MemberId, int RequestedRank, bool Resumed, ushort ListenPort, IReadOnlyList<IPEndPoint> Advertised, string Host, int ProcessId)
{
    public MessageWriter Encode()
    {
        MessageWriter writer = new MessageWriter(ControlKind.Join).ReserveProof()
            .Id(MemberId).Int32(RequestedRank).Byte(Resumed ? (byte)1 : (byte)0).UInt16(ListenPort).EndPoints(Advertised);
        return writer.Text(Host, Limits.NameBytes).Int32(ProcessId);
    }

    /// <summary>Reads the body, without the proof.</summary>
    public static JoinMessage Decode(ReadOnlySpan<byte> body)
    {
        MessageReader reader = new(body);
        JoinMessage join = new(
            reader.Id(), reader.Int32(), reader.Byte() != 0, reader.UInt16(), reader.EndPoints(), reader.Text(Limits.NameBytes), reader.Int32());
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

    public required IReadOnlyDictionary<string, string> Options { get; init; }

    public MessageWriter Encode()
    {
        MessageWriter writer = new MessageWriter(ControlKind.Accepted, 256).ReserveProof()
            .Int32(Rank).Int32(Size).UInt32(Epoch).EndPoint(Observed).Text(Topology, Limits.TextBytes).Byte((byte)OffTopology)
            .Time(HeartbeatInterval).Time(HeartbeatTimeout).Int32(Options.Count);
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
            Options = options,
        };
    }
}

/// <summary>Why a connection ends. The layout is the same in every version.</summary>
internal sealed record RejectedMessage(ushort SeedVersion, RendezvousFailure Reason, string Text)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.Rejected).UInt16(SeedVersion).Byte((byte)Reason).Text(Text, Limits.StrangerFrameBytes / 2).Finish();

    public static RejectedMessage Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        ushort version = reader.UInt16();
        byte reason = reader.Byte();
        return new RejectedMessage(
            version,
            reason <= (byte)RendezvousFailure.ConnectionLost ? (RendezvousFailure)reason : RendezvousFailure.ProtocolVersion,
            reader.Text(Limits.StrangerFrameBytes / 2));
    }
}

/// <summary>The table of all members, sent once the gate is open: encoded once for all of them.</summary>
internal static class StartMessage
{
    // Id, host, process, observed IPv4 endpoint, one endpoint at the same address.
    private const int LeastMemberBytes = 16 + 2 + 4 + 7 + 1;

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
            writer.Id(member.Id).UInt16(host).Int32(member.ProcessId).EndPoint(member.Observed).EndPoints(member.EndPoints);
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
            IPEndPoint observed = reader.EndPoint();
            members[rank] = new MemberInfo(rank, id, observed, reader.EndPoints(), host < hosts.Length ? hosts[host] : "", process);
        }

        reader.End();
        return members;
    }
}

/// <summary>Messages of a few fields.</summary>
internal static class ShortMessages
{
    public static ReadOnlyMemory<byte> Heartbeat { get; } = new MessageWriter(ControlKind.Heartbeat).Finish();

    public static ReadOnlyMemory<byte> Leave { get; } = new MessageWriter(ControlKind.Leave).Finish();

    public static ReadOnlyMemory<byte> Encode(AbortInfo abort) =>
        new MessageWriter(ControlKind.Abort).Int32(abort.Rank).Int32(abort.Code).Text(abort.Message, Limits.TextBytes).Finish();

    public static AbortInfo DecodeAbort(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        return new AbortInfo(reader.Int32(), reader.Int32(), reader.Text(Limits.TextBytes));
    }

    public static ReadOnlyMemory<byte> EncodeLost(int rank, string reason) =>
        new MessageWriter(ControlKind.MemberLost).Int32(rank).Text(reason, Limits.TextBytes).Finish();

    public static (int Rank, string Reason) DecodeLost(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        return (reader.Int32(), reader.Text(Limits.TextBytes));
    }

    public static ReadOnlyMemory<byte> Encode(WireUpReport report) =>
        new MessageWriter(ControlKind.Linked).Int32(report.Links).Int32(report.Attempts)
            .Time(report.Elapsed).Time(report.MedianLink).Time(report.SlowestLink).Int32(report.SlowestPeer).Finish();

    public static WireUpReport DecodeLinked(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        return new WireUpReport(reader.Int32(), reader.Int32(), reader.Time(), reader.Time(), reader.Time(), reader.Int32());
    }
}
