using System.Buffers.Binary;

namespace BoxerMpi.Wire;

/// <summary>Payload of a request to send: the sender's operation and the message's whole length.</summary>
internal readonly record struct MessageOffer(ulong SendId, long TotalBytes)
{
    public const int Bytes = 16;

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, SendId);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], TotalBytes);
    }

    /// <exception cref="WireFormatException">The length is negative or beyond the cap.</exception>
    public static MessageOffer Read(ReadOnlySpan<byte> source)
    {
        MessageOffer offer = new(BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]));
        if ((ulong)offer.TotalBytes > (ulong)WireLimits.MaximumMessageBytes)
            throw new WireFormatException(
                $"A message of {offer.TotalBytes} bytes was announced; at most {WireLimits.MaximumMessageBytes} are allowed.");
        return offer;
    }
}

/// <summary>Payload of a clear to send: up to which byte of the message the receiver wants it now.</summary>
/// <remarks>
/// <see cref="UpTo"/> grows with every grant of the same message; it ends short of the total when the receiver's buffer does.
/// <see cref="Final"/> is set on the last grant, after which the sender may forget the message.
/// </remarks>
internal readonly record struct MessageGrant(ulong SendId, ulong ReceiveId, long UpTo, bool Final)
{
    public const int Bytes = 32;

    /// <summary>Nobody receives the message: its communicator is gone. Receives have numbers from 1 on.</summary>
    public bool IsRefusal => ReceiveId == 0;

    public static MessageGrant Refusal(ulong sendId) => new(sendId, ReceiveId: 0, UpTo: 0, Final: true);

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, SendId);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], ReceiveId);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], UpTo);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], Final ? 1 : 0);
    }

    /// <exception cref="WireFormatException">The grant is negative.</exception>
    public static MessageGrant Read(ReadOnlySpan<byte> source)
    {
        MessageGrant grant = new(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[24..]) != 0);
        if (grant.UpTo < 0)
            throw new WireFormatException($"A grant up to byte {grant.UpTo} makes no sense.");
        return grant;
    }
}
