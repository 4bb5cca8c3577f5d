using System.Runtime.InteropServices;

namespace BoxerMpi.NatLab.Relay;

/// <summary>Packets on their way, in the order in which they came, each with the time at which it is due.</summary>
/// <remarks>
/// All wait equally long, so the order of arrival is the order of departure. A ring of memory outside of the collected heap:
/// a packet is received into its place and sent from it.
/// </remarks>
internal sealed unsafe class PacketQueue : IDisposable
{
    private const int HeadBytes = 16;
    private const int Reserve = HeadBytes + PacketSocket.MostBytes + HeadBytes;

    private readonly byte* _start;
    private readonly long _capacity;
    private long _read;
    private long _write;
    private int _count;

    /// <param name="capacityBytes">Memory is taken from the system only when packets need it.</param>
    public PacketQueue(long capacityBytes)
    {
        _capacity = capacityBytes;
        _start = (byte*)NativeMemory.Alloc((nuint)capacityBytes);
    }

    public bool IsEmpty => _count == 0;

    /// <summary>When the first packet is due; only when there is one.</summary>
    public long FirstDue => First()->Due;

    /// <summary>Room for one more packet of the largest size, or null when there is none until others have left.</summary>
    public byte* Room()
    {
        if (_count == 0)
            _read = _write = 0;
        if (_write >= _read)
        {
            if (_capacity - _write >= Reserve)
                return _start + _write + HeadBytes;
            if (_read < Reserve)
                return null;

            // The rest of the ring is too short: a head without a packet says so to the reader.
            ((Head*)(_start + _write))->Length = -1;
            _write = 0;
            return _start + HeadBytes;
        }

        return _read - _write >= Reserve ? _start + _write + HeadBytes : null;
    }

    /// <summary>What was put into the room is a packet from now on.</summary>
    public void Add(int length, int link, long due)
    {
        *(Head*)(_start + _write) = new Head { Due = due, Length = length, Link = link };
        _write += HeadBytes + ((length + 15) & ~15);
        _count++;
    }

    /// <summary>The first packet and the link that it leaves by; it stays valid until the next call of <see cref="Room"/>.</summary>
    public byte* Take(out int length, out int link)
    {
        Head* head = First();
        (length, link) = (head->Length, head->Link);
        _read = (byte*)head - _start + HeadBytes + ((length + 15) & ~15);
        _count--;
        return (byte*)head + HeadBytes;
    }

    public void Dispose() => NativeMemory.Free(_start);

    private Head* First()
    {
        Head* head = (Head*)(_start + _read);
        return head->Length >= 0 ? head : (Head*)_start;
    }

    [StructLayout(LayoutKind.Sequential, Size = HeadBytes)]
    private struct Head
    {
        public long Due;
        public int Length;
        public int Link;
    }
}
