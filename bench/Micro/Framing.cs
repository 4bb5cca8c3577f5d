using BenchmarkDotNet.Attributes;
using BoxerMpi.Wire;

namespace BoxerMpi.Micro;

/// <summary>What every frame pays: its header, written and read with all checks; and what a checksum adds.</summary>
[MemoryDiagnoser]
public unsafe class Framing
{
    private readonly byte[] _header = new byte[FrameHeader.Bytes];
    private readonly byte[] _payload = new byte[64 * 1024];
    private readonly FrameChecksum _checksum = new();
    private uint _sequence;

    [GlobalSetup]
    public void Setup() => WriteHeader();

    [Benchmark]
    public void WriteHeader() => Header().Write(_header);

    [Benchmark]
    public long ReadHeader()
    {
        FrameHeader.Read(_header, out FrameHeader header);
        return header.Length;
    }

    [Benchmark]
    [Arguments(1024)]
    [Arguments(64 * 1024)]
    public bool Checksum(int bytes)
    {
        Span<byte> trailer = stackalloc byte[FrameChecksum.Bytes];
        _checksum.Begin(Header());
        fixed (byte* payload = _payload)
            _checksum.Append(payload, bytes);
        _checksum.Write(trailer);
        return trailer[0] == 0;
    }

    private FrameHeader Header() => new()
    {
        Kind = FrameKind.Eager,
        Sequence = _sequence++,
        Context = 7,
        Tag = 42,
        Source = 1,
        Destination = 0,
        Length = _payload.Length,
    };
}
