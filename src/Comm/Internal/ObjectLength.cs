using CommunityToolkit.HighPerformance.Buffers;

namespace BoxerMpi.Internal;

/// <summary>How long an object is, as ranks tell each other before the object itself; not to be taken for a number of the program's.</summary>
internal readonly record struct ObjectLength
{
    private const uint Marker = 0xfff1_1e46;

    private readonly uint _marker;
    private readonly int _bytes;

    private ObjectLength(int bytes) => (_marker, _bytes) = (Marker, bytes);

    /// <summary>Whether it is a length at all; else the rank that told it calls something else.</summary>
    public bool IsOne => _marker == Marker && _bytes >= 0;

    public int Bytes => _bytes;

    public static ObjectLength Of(int bytes) => new(bytes);

    public static ObjectLength Of(ArrayPoolBufferWriter<byte> written) => new(written.WrittenCount);
}
