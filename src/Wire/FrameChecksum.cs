using System.Buffers.Binary;
using System.IO.Hashing;

namespace BoxerMpi.Wire;

/// <summary>XxHash3 over a frame's header and payload, fed piece by piece as the payload arrives.</summary>
internal sealed class FrameChecksum
{
    public const int Bytes = 8;

    private readonly XxHash3 _hash = new();

    /// <summary>Starts over with a header, sequence number included: a changed one would pass for a repetition.</summary>
    public void Begin(in FrameHeader header)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.Bytes];
        header.Write(bytes);
        _hash.Reset();
        _hash.Append(bytes);
    }

    public void Append(ReadOnlySpan<byte> payload) => _hash.Append(payload);

    public unsafe void Append(byte* payload, long length)
    {
        const int step = 1 << 30;
        for (long done = 0; done < length; done += step)
            _hash.Append(new ReadOnlySpan<byte>(payload + done, (int)Math.Min(step, length - done)));
    }

    public void Write(Span<byte> target) => BinaryPrimitives.WriteUInt64LittleEndian(target, _hash.GetCurrentHashAsUInt64());

    public bool Matches(ReadOnlySpan<byte> trailer) => BinaryPrimitives.ReadUInt64LittleEndian(trailer) == _hash.GetCurrentHashAsUInt64();
}
