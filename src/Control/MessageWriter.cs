using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BoxerMpi.Control;

/// <summary>Writes one control frame: length (4), kind (1), then little-endian fields.</summary>
internal sealed class MessageWriter
{
    private byte[] _buffer;
    private int _length;

    public MessageWriter(ControlKind kind, int capacity = 128)
    {
        _buffer = new byte[Math.Max(capacity, ControlFrame.PrefixBytes)];
        _buffer[4] = (byte)kind;
        _length = ControlFrame.PrefixBytes;
    }

    public ControlKind Kind => (ControlKind)_buffer[4];

    /// <summary>Seals the frame.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer, _length - 4);
        return _buffer.AsMemory(0, _length);
    }

    public MessageWriter Byte(byte value)
    {
        Take(1)[0] = value;
        return this;
    }

    public MessageWriter Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public MessageWriter UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);
        return this;
    }

    public MessageWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);
        return this;
    }

    public MessageWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);
        return this;
    }

    public MessageWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);
        return this;
    }

    public MessageWriter Time(TimeSpan value) => Int64(value.Ticks);

    public MessageWriter OptionalTime(TimeSpan? value) => value is { } time ? Byte(1).Time(time) : Byte(0);

    public MessageWriter Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Take(value.Length));
        return this;
    }

    public MessageWriter Id(Guid value)
    {
        value.TryWriteBytes(Take(16));
        return this;
    }

    /// <summary>Writes text, cut to the cap at a character boundary.</summary>
    public MessageWriter Text(string value, int maximumBytes)
    {
        Span<byte> target = Take(2 + Encoding.UTF8.GetMaxByteCount(Math.Min(value.Length, maximumBytes)));
        Encoding.UTF8.TryGetBytes(value.AsSpan(0, Math.Min(value.Length, maximumBytes)), target[2..], out int written);
        int kept = Math.Min(written, maximumBytes);
        while (kept < written && kept > 0 && (target[2 + kept] & 0xC0) == 0x80)
            kept--;
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)kept);
        _length -= target.Length - 2 - kept;
        return this;
    }

    public MessageWriter EndPoint(IPEndPoint value)
    {
        bool six = value.AddressFamily == AddressFamily.InterNetworkV6;
        Byte(six ? (byte)6 : (byte)4);
        value.Address.TryWriteBytes(Take(six ? 16 : 4), out _);
        return UInt16((ushort)value.Port);
    }

    public MessageWriter OptionalEndPoint(IPEndPoint? value) => value is null ? Byte(0) : EndPoint(value);

    public MessageWriter EndPoints(IReadOnlyList<IPEndPoint> values)
    {
        Byte((byte)values.Count);
        foreach (IPEndPoint value in values)
            EndPoint(value);
        return this;
    }

    /// <summary>Leaves room for a proof at the start of the payload.</summary>
    public MessageWriter ReserveProof()
    {
        Take(Proof.Bytes).Clear();
        return this;
    }

    /// <summary>The reserved room, and the body that the proof covers.</summary>
    public void ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body)
    {
        proof = _buffer.AsSpan(ControlFrame.PrefixBytes, Proof.Bytes);
        body = _buffer.AsSpan((ControlFrame.PrefixBytes + Proof.Bytes).._length);
    }

    private Span<byte> Take(int count)
    {
        if (_length + count > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        Span<byte> taken = _buffer.AsSpan(_length, count);
        _length += count;
        return taken;
    }
}
