using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace BoxerMpi.Wire;

/// <summary>What a frame is for; says which header fields mean what.</summary>
internal enum FrameKind : byte
{
    /// <summary>A message whose payload follows at once; the sender had credit for it.</summary>
    Eager = 1,

    /// <summary>A message announced only. Payload: <see cref="MessageOffer"/>.</summary>
    RequestToSend = 2,

    /// <summary>The announced message is wanted. Payload: <see cref="MessageGrant"/>.</summary>
    ClearToSend = 3,

    /// <summary>Bytes of an announced message; <see cref="FrameHeader.Context"/> is the receiver's operation id.</summary>
    Data = 4,

    /// <summary>Nothing but the credit field.</summary>
    Credit = 5,

    /// <summary>
    /// The communicator <see cref="FrameHeader.Context"/> is revoked by the rank in <see cref="FrameHeader.Tag"/>. Payload: the reason in
    /// UTF-8.
    /// </summary>
    Revoke = 6,

    /// <summary>The sender is done and will close its side; a close without it is a failure.</summary>
    Goodbye = 7,

    /// <summary>An announced message is taken back: whoever asks for it gets nothing. Its sender's operation is in <see cref="FrameHeader.Context"/>.</summary>
    Withdrawal = 8,

    /// <summary>The sender has messages of <see cref="FrameHeader.Context"/> that it does not announce yet: enough are.</summary>
    Held = 9,

    /// <summary>The next held messages of <see cref="FrameHeader.Context"/> are to be announced: a receive looks for one that was not.</summary>
    More = 10,
}

/// <summary>Bits that change how a frame is read.</summary>
[Flags]
internal enum FrameFlags : ushort
{
    None = 0,

    /// <summary>Eight bytes follow the payload: XxHash3 of the header and the payload.</summary>
    Checksum = 1,
}

/// <summary>The fixed 40 bytes in front of every payload, little-endian.</summary>
/// <remarks>
/// version 1 · kind 1 · flags 2 · sequence 4 · context 8 · tag 4 · source 4 · destination 4 · credit 4 · length 8.
/// Source and destination are world ranks: with a relay in between they are not the ends of the link.
/// </remarks>
internal struct FrameHeader
{
    public const int Bytes = 40;
    public const byte CurrentVersion = 1;

    public FrameKind Kind;
    public FrameFlags Flags;

    /// <summary>Counts the frames of one direction of one link; a gap or a repetition shows a broken transport.</summary>
    public uint Sequence;
    public ulong Context;
    public int Tag;
    public int Source;
    public int Destination;

    /// <summary>Bytes of credit given back to the frame's destination.</summary>
    public uint Credit;

    /// <summary>Payload bytes, without the checksum.</summary>
    public long Length;

    [SkipLocalsInit]
    public readonly void Write(Span<byte> target)
    {
        // One bounds check for all the writes below.
        target = target[..Bytes];
        target[0] = CurrentVersion;
        target[1] = (byte)Kind;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Context);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], Tag);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], Source);
        BinaryPrimitives.WriteInt32LittleEndian(target[24..], Destination);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], Credit);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], Length);
    }

    /// <summary>Reads and checks a header: version, kind, flags and the length against its cap.</summary>
    /// <param name="source">At least <see cref="Bytes"/>.</param>
    /// <param name="header">What they say.</param>
    /// <exception cref="WireFormatException">The bytes are not a header of this version, or announce more than allowed.</exception>
    public static void Read(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        source = source[..Bytes];
        if (source[0] != CurrentVersion)
            throw OtherVersion(source[0]);

        // Field by field into its place: a copy of what was just written in parts has to wait for it.
        header.Kind = (FrameKind)source[1];
        header.Flags = (FrameFlags)BinaryPrimitives.ReadUInt16LittleEndian(source[2..]);
        header.Sequence = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
        header.Context = BinaryPrimitives.ReadUInt64LittleEndian(source[8..]);
        header.Tag = BinaryPrimitives.ReadInt32LittleEndian(source[16..]);
        header.Source = BinaryPrimitives.ReadInt32LittleEndian(source[20..]);
        header.Destination = BinaryPrimitives.ReadInt32LittleEndian(source[24..]);
        header.Credit = BinaryPrimitives.ReadUInt32LittleEndian(source[28..]);
        header.Length = BinaryPrimitives.ReadInt64LittleEndian(source[32..]);

        if (header.Kind is < FrameKind.Eager or > FrameKind.More)
            throw UnknownKind(source[1]);
        if ((header.Flags & ~FrameFlags.Checksum) != 0)
            throw UnknownFlags(header.Flags);

        long cap = WireLimits.MaximumLength(header.Kind);
        if ((ulong)header.Length > (ulong)cap)
            throw TooLong(header, cap);
    }

    // Away from the data path: a method that makes a text clears room for it in each of its calls.
    private static WireFormatException OtherVersion(byte version) => new(
        $"Expected a frame of version {CurrentVersion}, got version {version}: the other side runs another release or is no rank.");

    private static WireFormatException UnknownKind(byte kind) => new($"Unknown frame kind {kind}.");

    private static WireFormatException UnknownFlags(FrameFlags flags) => new($"Unknown frame flags 0x{(ushort)flags:x4}.");

    private static WireFormatException TooLong(in FrameHeader header, long cap) =>
        new($"A {header.Kind} frame announces {header.Length} bytes; at most {cap} are allowed.");
}
