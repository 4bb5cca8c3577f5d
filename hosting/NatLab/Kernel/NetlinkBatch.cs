using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace BoxerMpi.NatLab.Kernel;

/// <summary>Requests to the kernel's routing and link tables in the making (rtnetlink(7)); <see cref="NetlinkSocket"/> carries them out.</summary>
internal sealed class NetlinkBatch
{
    public const int HeaderBytes = 16;

    // NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE
    private const ushort Create = 0x1 | 0x4 | 0x200 | 0x400;
    private const ushort Change = 0x1 | 0x4;
    private const ushort Nested = 0x8000;

    private readonly List<string> _purposes = [];
    private readonly List<int> _starts = [];
    private byte[] _buffer = new byte[4096];
    private int _length;

    /// <summary>What each request is for, to say in an error.</summary>
    public IReadOnlyList<string> Purposes => _purposes;

    public int Count => _starts.Count;

    /// <summary>The bytes of the requests from one up to another one.</summary>
    public ReadOnlySpan<byte> Bytes(int from, int to)
    {
        int start = _starts[from];
        return _buffer.AsSpan(start, (to < Count ? _starts[to] : _length) - start);
    }

    /// <summary>Begins a request that makes something; the request ends where the next begins.</summary>
    public void Make<T>(ushort type, string purpose, in T fixedPart)
        where T : unmanaged => Begin(type, Create, purpose, fixedPart);

    /// <summary>Begins a request that changes something.</summary>
    public void Alter<T>(ushort type, string purpose, in T fixedPart)
        where T : unmanaged => Begin(type, Change, purpose, fixedPart);

    public void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Span<byte> place = Reserve(4 + value.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(place[2..], type);
        value.CopyTo(place[4..]);
    }

    public void Attribute<T>(ushort type, T value)
        where T : unmanaged => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    public void Attribute(ushort type, string value) => Attribute(type, [.. Encoding.ASCII.GetBytes(value), 0]);

    public void Attribute(ushort type, System.Net.IPAddress address) => Attribute(type, address.GetAddressBytes());

    /// <summary>Attributes within an attribute.</summary>
    public void Nest(ushort type, Action content)
    {
        int start = _length;
        Attribute((ushort)(type | Nested), []);
        content();
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(start), (ushort)(_length - start));
        FixLength();
    }

    /// <summary>Bytes without a head of their own, as the peer of a veth pair begins with.</summary>
    public void Raw<T>(in T value)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));
        bytes.CopyTo(Reserve(bytes.Length));
    }

    private void Begin<T>(ushort type, ushort flags, string purpose, in T fixedPart)
        where T : unmanaged
    {
        _starts.Add(_length);
        _purposes.Add(purpose);
        Span<byte> header = Reserve(HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], flags);

        // The number of the request comes back with its answer.
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Count - 1);
        Raw(fixedPart);
    }

    /// <summary>Room at the end, filled up to a multiple of four as the format wants it.</summary>
    private Span<byte> Reserve(int bytes)
    {
        int padded = (bytes + 3) & ~3;
        if (_length + padded > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + padded));
        Span<byte> place = _buffer.AsSpan(_length, padded);
        _length += padded;
        FixLength();
        return place;
    }

    private void FixLength() => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_starts[^1]), _length - _starts[^1]);
}
