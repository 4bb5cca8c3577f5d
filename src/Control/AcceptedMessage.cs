using System.Net;

namespace BoxerMpi.Control;

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
