using System.Buffers.Binary;
using System.IO.Hashing;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>First message of either end of a link: who speaks, to whom, in which job.</summary>
internal sealed record LinkHello(ushort Version, string JobId, int From, int To, uint Epoch, Guid MemberId, byte[] Nonce)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.LinkHello).UInt32(Protocol.LinkMagic).UInt16(Version).Text(JobId, Limits.JobIdBytes)
            .Int32(From).Int32(To).UInt32(Epoch).Id(MemberId).Bytes(Nonce).Finish();

    /// <remarks>Of another version, only the version is read.</remarks>
    public static LinkHello Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        if (reader.UInt32() != Protocol.LinkMagic)
            throw new WireFormatException("the first message does not open a link");
        ushort version = reader.UInt16();
        if (version != Protocol.Version)
            return new LinkHello(version, "", -1, -1, 0, Guid.Empty, []);
        LinkHello hello = new(
            version,
            reader.Text(Limits.JobIdBytes),
            reader.Int32(),
            reader.Int32(),
            reader.UInt32(),
            reader.Id(),
            reader.Bytes(Proof.NonceBytes).ToArray());
        reader.End();
        return hello;
    }
}

/// <summary>One end does not want the connection.</summary>
/// <param name="IsDuplicate">The pair has another connection; nothing is wrong.</param>
/// <param name="Text">Why.</param>
internal sealed record LinkRefusal(bool IsDuplicate, string Text)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.LinkRefused).UInt16(Protocol.Version).Flag(IsDuplicate).Text(Text, Limits.LinkMessageBytes / 2).Finish();

    public static LinkRefusal Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        reader.UInt16();
        return new LinkRefusal(reader.Flag(), reader.Text(Limits.LinkMessageBytes / 2));
    }
}

/// <summary>Messages of a link of few or no fields.</summary>
internal static class LinkMessages
{
    private const int HashBytes = 8;

    public static ReadOnlyMemory<byte> Commit { get; } = new MessageWriter(ControlKind.LinkCommit).Finish();

    public static ReadOnlyMemory<byte> EncodeProof(ReadOnlySpan<byte> proof) => new MessageWriter(ControlKind.LinkProof).Bytes(proof).Finish();

    /// <summary>A block of data that no middlebox has seen before, with its checksum.</summary>
    public static ReadOnlyMemory<byte> EncodeBlock()
    {
        byte[] block = new byte[Limits.LinkBlockBytes];
        Random.Shared.NextBytes(block);
        MessageWriter writer = new(ControlKind.LinkBlock, ControlFrame.PrefixBytes + HashBytes + block.Length);
        return writer.Int64((long)XxHash3.HashToUInt64(block)).Bytes(block).Finish();
    }

    /// <exception cref="WireFormatException">It did not arrive as it was sent.</exception>
    public static void CheckBlock(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != HashBytes + Limits.LinkBlockBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(payload) != XxHash3.HashToUInt64(payload[HashBytes..]))
        {
            throw new WireFormatException("the block that checks the link arrived damaged");
        }
    }
}

/// <summary>What two ranks tell each other through the coordinator while they make a link.</summary>
internal enum LinkSignalKind : byte
{
    /// <summary>The sender wants a link and cannot make it alone: the receiver does its part.</summary>
    Wanted = 1,

    /// <summary>The receiver opens its NAT for the sender.</summary>
    Open = 2,

    /// <summary>The NAT is open: the receiver connects.</summary>
    Opened = 3,
}

/// <summary>How a NAT is opened for the other end.</summary>
internal enum Opening : byte
{
    /// <summary>A connection attempt that is given up at once: what it opened stays open for a while.</summary>
    Doomed,

    /// <summary>The attempt is kept, and the other end's connection arrives on it.</summary>
    Kept,

    /// <summary>Both connect at the same moment.</summary>
    Together,
}

/// <summary>A message of <see cref="LinkSignalKind"/>.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Step">Which attempt it is about.</param>
/// <param name="Opening">How the NAT is opened.</param>
/// <param name="Hops">How far the packet that opens may travel; 0 for as far as it takes.</param>
/// <param name="Delay">How long to wait before it leaves.</param>
/// <param name="Port">The external port that the sender will connect from; 0 for the one that all know.</param>
internal sealed record LinkSignal(LinkSignalKind Kind, int Step, Opening Opening, int Hops, TimeSpan Delay, int Port = 0)
{
    public ReadOnlyMemory<byte> Encode() =>
        new MessageWriter(ControlKind.None, 32).Byte((byte)Kind).Int32(Step).Byte((byte)Opening).Byte((byte)Hops).Time(Delay).UInt16((ushort)Port)
            .Finish()[ControlFrame.PrefixBytes..];

    public static LinkSignal Decode(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        LinkSignal signal = new((LinkSignalKind)reader.Byte(), reader.Int32(), (Opening)reader.Byte(), reader.Byte(), reader.Time(), reader.UInt16());
        reader.End();
        return signal;
    }
}
