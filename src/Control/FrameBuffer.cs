using System.Buffers.Binary;

namespace BoxerMpi.Control;

/// <summary>Puts control frames together from bytes that come in pieces; keeps no long buffer while nothing comes.</summary>
internal sealed class FrameBuffer
{
    /// <summary>What is wrong when a stream ends and there is a <see cref="Rest"/>.</summary>
    public const string EndedWithin = "the stream ended within a frame";

    private const int IdleBytes = 512;

    private byte[] _buffer = new byte[IdleBytes];
    private int _start;
    private int _end;

    /// <summary>Longest frame that is taken; raised when the other side has proven the token.</summary>
    public int MaximumFrameBytes { get; set; } = Limits.StrangerFrameBytes;

    /// <summary>What has come since the last frame that was taken.</summary>
    public ReadOnlyMemory<byte> Rest => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Bytes from its start on that the next frame takes, as far as is known.</summary>
    private int Needed
    {
        get
        {
            if (_end - _start < ControlFrame.PrefixBytes)
                return ControlFrame.PrefixBytes;
            int length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_start));
            return length >= 1 && length <= MaximumFrameBytes
                ? 4 + length
                : throw new WireFormatException($"a frame of {length} bytes was announced; 1 to {MaximumFrameBytes} are allowed");
        }
    }

    /// <summary>Takes the next frame if it is there whole; its payload is valid until there is room for more.</summary>
    /// <exception cref="WireFormatException">It is no frame, or longer than allowed.</exception>
    public bool TryTake(out ControlFrame frame)
    {
        int needed = Needed;
        if (_end - _start < needed)
        {
            frame = default;
            return false;
        }

        ReadOnlyMemory<byte> whole = _buffer.AsMemory(_start, needed);
        _start += needed;
        frame = new ControlFrame((ControlKind)whole.Span[4], whole[ControlFrame.PrefixBytes..]);
        return true;
    }

    /// <summary>Where the next bytes go, once <see cref="TryTake"/> has found no frame.</summary>
    /// <param name="beyond">Whether bytes behind the frame that is coming may be among them.</param>
    public Memory<byte> Room(bool beyond)
    {
        int needed = Needed;
        int available = _end - _start;
        byte[] source = _buffer;
        if (needed > _buffer.Length)
            _buffer = new byte[needed];
        else if (available == 0 && _buffer.Length > IdleBytes && needed <= IdleBytes)
            _buffer = new byte[IdleBytes];
        source.AsSpan(_start, available).CopyTo(_buffer);
        (_start, _end) = (0, available);
        return beyond ? _buffer.AsMemory(_end) : _buffer.AsMemory(_end, needed - _end);
    }

    /// <summary>So many bytes have come where there was room for them.</summary>
    public void Add(int count) => _end += count;
}
