using System.Runtime.InteropServices;

namespace BoxerMpi.Transport;

/// <summary>One end of a stream between two engines of the same process: two rings, one for each direction.</summary>
internal sealed unsafe class MemoryChannel : Channel
{
    public const int DefaultCapacityBytes = 256 * 1024;

    private readonly Ring _incoming;
    private readonly Ring _outgoing;
    private bool _disposed;

    private MemoryChannel(Ring incoming, Ring outgoing, string description)
    {
        (_incoming, _outgoing, Description) = (incoming, outgoing, description);
    }

    public override string Description { get; }

    public override bool CanRead => _incoming.Readable > 0 || _incoming.Closed;

    public override bool CanWrite => _outgoing.Writable > 0;

    /// <summary>Both ends of a new stream.</summary>
    public static (MemoryChannel First, MemoryChannel Second) CreatePair(
        int capacityBytes = DefaultCapacityBytes, string description = "in-process link")
    {
        Ring forth = new(capacityBytes), back = new(capacityBytes);
        return (new MemoryChannel(back, forth, description), new MemoryChannel(forth, back, description));
    }

    public override void Attach(ProgressEngine engine)
    {
        _incoming.Reader = engine;
        _outgoing.Writer = engine;
    }

    public override nint Read(byte* first, nint firstLength, byte* second, nint secondLength)
    {
        // Closed is read before the bytes: what was written before closing is never lost.
        bool closed = _incoming.Closed;
        nint count = _incoming.Read(first, firstLength);
        if (count == firstLength && secondLength > 0)
            count += _incoming.Read(second, secondLength);
        if (count > 0)
        {
            // Orders the new read position before the look at the flag; a writer that goes to sleep does the same the other way round.
            Interlocked.MemoryBarrier();
            if (_incoming.WriterWaits)
                _incoming.Writer?.WakeIfSleeping();
            return count;
        }

        return closed ? EndOfStream : 0;
    }

    public override nint Write(IoVector* vectors, int count)
    {
        if (_outgoing.ReaderGone)
            throw new IOException($"Broken pipe while sending on {Description}");

        nint total = 0;
        bool full = false;
        for (int i = 0; i < count && !full; i++)
        {
            nint written = _outgoing.Write(vectors[i].Base, vectors[i].Length);
            total += written;
            full = written < vectors[i].Length;
        }

        _outgoing.WriterWaits = full;
        if (total > 0)
            _outgoing.Reader?.WakeIfSleeping();
        return total;
    }

    public override void CloseSend()
    {
        _outgoing.Closed = true;
        _outgoing.Reader?.WakeIfSleeping();
    }

    public override void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _incoming.ReaderGone = true;
        CloseSend();
        _incoming.Release();
        _outgoing.Release();
    }

    /// <summary>A ring of bytes with one reader and one writer, each moving only its own position.</summary>
    private sealed class Ring(int capacity)
    {
        private readonly byte* _bytes = (byte*)NativeMemory.Alloc((nuint)capacity);
        private long _readPosition;
        private long _writePosition;
        private int _ends = 2;

        public volatile bool Closed;
        public volatile bool ReaderGone;
        public volatile bool WriterWaits;
        public volatile ProgressEngine? Reader;
        public volatile ProgressEngine? Writer;

        public long Readable => Volatile.Read(ref _writePosition) - _readPosition;

        public long Writable => capacity - (_writePosition - Volatile.Read(ref _readPosition));

        public nint Read(byte* target, nint length)
        {
            nint count = (nint)Math.Min(length, Readable);
            nint start = (nint)(_readPosition % capacity), first = Math.Min(count, capacity - start);
            Buffer.MemoryCopy(_bytes + start, target, length, first);
            Buffer.MemoryCopy(_bytes, target + first, length - first, count - first);
            Volatile.Write(ref _readPosition, _readPosition + count);
            return count;
        }

        public nint Write(byte* source, nint length)
        {
            nint count = (nint)Math.Min(length, Writable);
            nint start = (nint)(_writePosition % capacity), first = Math.Min(count, capacity - start);
            Buffer.MemoryCopy(source, _bytes + start, capacity - start, first);
            Buffer.MemoryCopy(source + first, _bytes, capacity, count - first);
            Volatile.Write(ref _writePosition, _writePosition + count);
            return count;
        }

        public void Release()
        {
            if (Interlocked.Decrement(ref _ends) == 0)
                NativeMemory.Free(_bytes);
        }
    }
}
