using System.Net;
using BoxerMpi.Wire;

namespace BoxerMpi.Control;

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

/// <summary>The coordinator's answer to a hello: its nonce, what it sees of the joiner, and who else would say what it sees.</summary>
/// <param name="Nonce">The coordinator's, for the proofs.</param>
/// <param name="Observed">The joiner's external endpoint.</param>
/// <param name="Reflectors">
/// Other endpoints of the same coordinator that answer <see cref="ReflectMessage"/>, the most different first. The address
/// "any" stands for the address that the joiner has connected to.
/// </param>
internal sealed record ChallengeMessage(byte[] Nonce, IPEndPoint Observed, IReadOnlyList<IPEndPoint> Reflectors)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.Challenge).UInt32(Protocol.ControlMagic).UInt16(Protocol.Version).Bytes(Nonce).EndPoint(Observed).EndPoints(Reflectors).Finish();

    public static ChallengeMessage Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        if (reader.UInt32() != Protocol.ControlMagic || reader.UInt16() != Protocol.Version)
            throw new WireFormatException("The answer is not a coordinator's.");
        ChallengeMessage challenge = new(reader.Bytes(Proof.NonceBytes).ToArray(), reader.EndPoint(), reader.EndPoints(Limits.Reflectors));
        reader.End();
        return challenge;
    }
}

/// <summary>A stranger asks what its external endpoint is; the answer is a <see cref="ReflectedMessage"/>.</summary>
internal static class ReflectMessage
{
    public static ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.Reflect).UInt32(Protocol.ControlMagic).UInt16(Protocol.Version).Finish();

    /// <returns>The version of the one who asks.</returns>
    public static ushort Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        if (reader.UInt32() != Protocol.ControlMagic)
            throw new WireFormatException("The first message does not start a control conversation.");
        return reader.UInt16();
    }
}

/// <summary>The external endpoint of the one who asked.</summary>
internal static class ReflectedMessage
{
    public static ReadOnlyMemory<byte> Encode(IPEndPoint observed) => new MessageWriter(ControlKind.Reflected).EndPoint(observed).Finish();

    public static IPEndPoint Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        IPEndPoint observed = reader.EndPoint();
        reader.End();
        return observed;
    }
}

/// <summary>A few bytes from one member to another, passed on by the coordinator, which does not look into them.</summary>
/// <param name="Rank">To whom, on the way to the coordinator; from whom, on the way from it.</param>
/// <param name="Payload">Up to <see cref="Limits.SignalBytes"/>.</param>
internal sealed record SignalMessage(int Rank, ReadOnlyMemory<byte> Payload)
{
    /// <exception cref="ArgumentException">The payload is too long.</exception>
    public ReadOnlyMemory<byte> Encode() => Payload.Length <= Limits.SignalBytes
        ? new MessageWriter(ControlKind.Signal).Int32(Rank).Bytes(Payload.Span).Finish()
        : throw new ArgumentException($"A signal has at most {Limits.SignalBytes} bytes, not {Payload.Length}.");

    /// <summary>Reads it into memory of its own: frames are valid until the next read only.</summary>
    public static SignalMessage Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        int rank = reader.Int32();
        ReadOnlySpan<byte> rest = reader.Rest();
        return rest.Length <= Limits.SignalBytes
            ? new SignalMessage(rank, rest.ToArray())
            : throw new WireFormatException($"A signal of {rest.Length} bytes arrived; at most {Limits.SignalBytes} are allowed.");
    }
}

/// <summary>In place of a join: this connection is one end of a relayed link; sent behind a proof.</summary>
internal sealed record RelayMessage(Guid MemberId, int From, int To, uint Epoch)
{
    public MessageWriter Encode() => new MessageWriter(ControlKind.Relay).ReserveProof().Id(MemberId).Int32(From).Int32(To).UInt32(Epoch);

    /// <summary>Reads the body, without the proof.</summary>
    public static RelayMessage Decode(ReadOnlySpan<byte> body)
    {
        MessageReader reader = new(body);
        RelayMessage relay = new(reader.Id(), reader.Int32(), reader.Int32(), reader.UInt32());
        reader.End();
        return relay;
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
            reason <= (byte)RendezvousFailure.LoopbackAddress ? (RendezvousFailure)reason : RendezvousFailure.ProtocolVersion,
            reader.Text(Limits.StrangerFrameBytes / 2));
    }
}

/// <summary>Messages of a few fields.</summary>
internal static class ShortMessages
{
    public static ReadOnlyMemory<byte> Heartbeat { get; } = new MessageWriter(ControlKind.Heartbeat).Finish();

    /// <summary>To a follower: the job has ended. From a member: it ends, and tells no more.</summary>
    public static ReadOnlyMemory<byte> Leave { get; } = new MessageWriter(ControlKind.Leave).Finish();

    /// <summary>To both ends of a relayed link: what follows on this connection is between them.</summary>
    public static ReadOnlyMemory<byte> RelayReady { get; } = new MessageWriter(ControlKind.RelayReady).Finish();

    public static ReadOnlyMemory<byte> Encode(AbortInfo abort) =>
        new MessageWriter(ControlKind.Abort).Int32(abort.Rank).Int32(abort.Code).Text(abort.Message, Limits.TextBytes)
            .Byte((byte)(abort.IsConsequence ? 1 : 0)).Int32(abort.Suspect).Finish();

    public static AbortInfo DecodeAbort(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        AbortInfo abort = new(reader.Int32(), reader.Int32(), reader.Text(Limits.TextBytes), reader.Byte() != 0, reader.Int32());
        reader.End();
        return abort;
    }

    public static ReadOnlyMemory<byte> EncodeLost(int rank, string reason) =>
        new MessageWriter(ControlKind.MemberLost).Int32(rank).Text(reason, Limits.TextBytes).Finish();

    public static (int Rank, string Reason) DecodeLost(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        return (reader.Int32(), reader.Text(Limits.TextBytes));
    }

    /// <summary>The signal to this rank was not passed on: it is not there, or takes no more.</summary>
    public static ReadOnlyMemory<byte> EncodeSignalLost(int rank) => new MessageWriter(ControlKind.SignalLost).Int32(rank).Finish();

    public static int DecodeSignalLost(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        int rank = reader.Int32();
        reader.End();
        return rank;
    }

    /// <summary>A member leaves, and tells what it sent and received when it knows.</summary>
    public static ReadOnlyMemory<byte> EncodeLeave(Traffic? traffic) => traffic is null
        ? Leave
        : new MessageWriter(ControlKind.Leave)
            .Int64(traffic.MessagesSent).Int64(traffic.BytesSent).Int64(traffic.MessagesReceived).Int64(traffic.BytesReceived).Finish();

    public static Traffic? DecodeLeave(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
            return null;
        MessageReader reader = new(payload);
        Traffic traffic = new(reader.Int64(), reader.Int64(), reader.Int64(), reader.Int64());
        reader.End();
        return traffic;
    }
}
