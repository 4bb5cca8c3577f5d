using System.Runtime.InteropServices;

namespace BoxerMpi.Transport;

/// <summary>A block in which headers and small payloads of a link's outgoing frames collect.</summary>
internal sealed unsafe class SendChunk
{
    /// <summary>What one gather call of small frames carries; a link holds one only while it has something to send.</summary>
    public const int Bytes = 64 * 1024;

    public readonly byte* Base = (byte*)NativeMemory.Alloc(Bytes);
    public int Used;

    /// <summary>Queue entries that point into this block.</summary>
    public int References;

    public void Free() => NativeMemory.Free(Base);
}
