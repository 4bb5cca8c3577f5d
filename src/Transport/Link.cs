using System.Diagnostics;
using System.Runtime.InteropServices;
using BoxerMpi.Wire;

namespace BoxerMpi.Transport;

/// <summary>A connection to one peer: frames out and in over a channel. All members are used under the engine's gate.</summary>
/// <remarks>The receiving half is in Link.Receive.cs. An idle link holds no buffers.</remarks>
internal sealed unsafe partial class Link
{
    /// <summary>Payloads up to this size are copied behind their header; above, they are gathered from where they are.</summary>
    /// <remarks>Measured: a copy of 8 KiB costs less than the second vector of a gather call.</remarks>
    public const int CopyLimitBytes = 8 * 1024;

    /// <summary>The most that one call receives, so that the two directions alternate.</summary>
    public const int ReceiveCallBytes = 256 * 1024;

    /// <summary>The most that one call sends: what the socket's buffer holds.</summary>
    /// <remarks>
    /// Measured with 1 MiB over loopback, one way: 190 µs in calls of 256 KiB, 106 in one; both ways at once it does no harm.
    /// </remarks>
    public const int SendCallBytes = 1024 * 1024;

    // What is left over for another call is never as short as a header.
    private const int CallSlackBytes = 4 * 1024;

    // As many frames between two waits make a burst that the first one need not run ahead of.
    private const int LongBurstFrames = 8;

    // A burst that has grown to this leaves in part, so that the receiver works on it while the rest is written.
    private const int BurstBytes = 16 * 1024;

    private const int GatherLimit = 16;

    private readonly Channel _channel;
    private readonly bool _checksums;
    private OutSegment[] _queue = new OutSegment[8];
    private int _head;
    private int _count;
    private SendChunk? _tail;
    private uint _sendSequence;
    private long _queuedBytes;
    private bool _isFull;
    private long _burstEpoch = -1;
    private int _burstFrames;
    private bool _sendsInBursts;
    private long _heldUntil;

    // Read for every message: the coarse clock is a third of the price, and errors tell tenths of a second.
    private long _lastReceived = Environment.TickCount64;
    private FrameChecksum? _sendChecksum;

    // All that had been sent when the way was last found clear.
    private long _clearUpTo;

    public Link(ProgressEngine engine, int peer, Channel channel, bool checksums)
    {
        (Engine, Peer, _channel, _checksums) = (engine, peer, channel, checksums);
        _headerBytes = (byte*)NativeMemory.Alloc(HeaderBlockBytes);
    }

    public ProgressEngine Engine { get; }

    /// <summary>World rank of the other end.</summary>
    public int Peer { get; }

    public string Description => _channel.Description;

    /// <summary>Number under which the poller reports this link.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Index in the engine's list of links that somebody waits for, or -1.</summary>
    public int ExpectingIndex { get; set; } = -1;

    /// <summary>How many operations wait for frames of this link.</summary>
    public int Expecting { get; set; }

    /// <summary>Whether the link is in the engine's list of links with something to send.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Whether the poller watches for room to write.</summary>
    public bool WritingWatched { get; set; }

    public bool IsClosed { get; private set; }

    public bool HasOutput => _count > 0;

    public Channel Channel => _channel;

    /// <summary>Faults for frames of this link, or null.</summary>
    public Func<FrameHeader, FrameFault>? Faults { get; set; }

    public long BytesSent { get; private set; }

    public long BytesReceived { get; private set; }

    public long FramesSent { get; private set; }

    public long FramesReceived { get; private set; }

    /// <summary>How long ago the last bytes came in.</summary>
    public TimeSpan Silence => TimeSpan.FromMilliseconds(Environment.TickCount64 - _lastReceived);

    private bool IsHeld => _heldUntil != 0 && Stopwatch.GetTimestamp() < _heldUntil;

    /// <summary>Whether output waits for an injected delay to pass.</summary>
    public bool HasHeldOutput => _count > 0 && IsHeld;

    /// <summary>Queues a frame; the engine sends it now or with the next step.</summary>
    /// <param name="header">Complete but for sequence and flags.</param>
    /// <param name="payload">The payload; copied up to <see cref="CopyLimitBytes"/>, else left in place until the owner is told.</param>
    /// <param name="owner">Owner of a payload that is not copied.</param>
    /// <returns>Whether the payload was copied, so that the owner will not be told.</returns>
    public bool Enqueue(ref FrameHeader header, byte* payload, IPayloadOwner? owner)
    {
        Debug.Assert(!IsClosed, "frames go to open links only");
        header.Sequence = _sendSequence++;
        header.Flags = _checksums ? FrameFlags.Checksum : FrameFlags.None;
        FramesSent++;

        bool copied = header.Length <= CopyLimitBytes || owner is null;
        if (Faults is not null)
        {
            FrameFault fault = Faults(header);
            if (fault.Delay > TimeSpan.Zero)
                _heldUntil = Math.Max(_heldUntil, Stopwatch.GetTimestamp() + (long)(fault.Delay.TotalSeconds * Stopwatch.Frequency));
            if (fault.Drop)
                return copied || DropPayload(owner!);
            if (fault.Duplicate)
                Append(header, payload, copied: true, owner: null);
        }

        Append(header, payload, copied, owner);
        return copied;
    }

    /// <summary>
    /// Counts a frame that was queued, and says whether it should leave at once instead of collecting until the next wait.
    /// </summary>
    /// <remarks>
    /// The first of a burst does, so that a lone message is not held up, unless the last burst was long: one call then carries all.
    /// </remarks>
    /// <param name="epoch">The engine's count of waits; a burst lies within one.</param>
    public bool IsDue(long epoch)
    {
        bool isFirst = _burstEpoch != epoch;
        if (isFirst)
        {
            _sendsInBursts = _burstFrames >= LongBurstFrames;
            (_burstEpoch, _burstFrames) = (epoch, 0);
        }

        _burstFrames++;
        return (isFirst && !_sendsInBursts) || (_queuedBytes >= BurstBytes && !_isFull);
    }

    /// <summary>Moves payloads of this owner that have not left yet into memory of the link; the owner is not told any more.</summary>
    public void TakeOver(IPayloadOwner owner)
    {
        for (int i = 0; i < _count; i++)
        {
            ref OutSegment segment = ref _queue[(_head + i) & (_queue.Length - 1)];
            if (segment.Owner != owner)
                continue;
            byte* copy = (byte*)NativeMemory.Alloc((nuint)segment.Remaining);
            Buffer.MemoryCopy(segment.Pointer, copy, segment.Remaining, segment.Remaining);
            segment.Pointer = copy;
            segment.Owner = new OwnedBlock(copy);
        }
    }

    /// <summary>Writes once.</summary>
    /// <returns>Whether bytes moved.</returns>
    public bool Flush()
    {
        if (_count == 0 || IsHeld)
            return false;

        IoVector* vectors = stackalloc IoVector[GatherLimit];
        int used = 0;
        nint budget = SendCallBytes;
        nint asked = 0;
        for (int i = 0; i < _count && used < GatherLimit && budget > 0; i++)
        {
            ref OutSegment segment = ref _queue[(_head + i) & (_queue.Length - 1)];
            nint length = (nint)(segment.Remaining <= budget + CallSlackBytes ? segment.Remaining : budget);
            vectors[used++] = new IoVector { Base = segment.Pointer, Length = length };
            budget -= length;
            asked += length;
        }

        nint written;
        try
        {
            written = _channel.Write(vectors, used);
        }
        catch (IOException exception)
        {
            CloseAfterReading(exception);
            return true;
        }

        BytesSent += written;
        _queuedBytes -= written;
        _isFull = written < asked;
        Consume(written);
        return written > 0;
    }

    /// <summary>Closes the link when its way is dead; costs nothing while all that was sent is known to have arrived.</summary>
    /// <returns>Whether it did.</returns>
    public bool CloseIfCut()
    {
        if (!HasOutput && BytesSent == _clearUpTo)
            return false;
        PathState path = _channel.LookAtPath();
        if (path.IsClear)
            _clearUpTo = BytesSent;
        if (path.Death is null)
            return false;
        CloseAfterReading(new DeadPathException($"{path.Death} over {Description}"));
        return true;
    }

    /// <summary>Closes the link; what had not left is lost.</summary>
    /// <param name="reason">Why; null after both sides said goodbye.</param>
    public void Close(Exception? reason)
    {
        if (IsClosed)
            return;
        IsClosed = true;
        Engine.Forget(this);
        _channel.Dispose();
        while (_count > 0)
        {
            OutSegment segment = _queue[_head];
            PopHead();
            segment.Owner?.PayloadLost(reason ?? new IOException($"The link {Description} was closed"));
        }

        _tail = null;
        object? unfinished = _state;
        _state = null;
        Engine.Handler.Closed(this, reason, unfinished);
        NativeMemory.Free(_headerBytes);
        _headerBytes = null;
    }

    /// <summary>Tells the peer that nothing more comes.</summary>
    public void CloseSend() => _channel.CloseSend();

    /// <summary>What the peer sent before it went is delivered first; finding its end closes the link.</summary>
    private void CloseAfterReading(IOException reason)
    {
        while (!IsClosed && ReadSome())
        {
        }

        Close(reason);
    }

    private static bool DropPayload(IPayloadOwner owner)
    {
        owner.PayloadSent();
        return false;
    }

    private void Append(in FrameHeader header, byte* payload, bool copied, IPayloadOwner? owner)
    {
        int inline = copied ? (int)header.Length : 0;
        int trailer = _checksums && copied ? FrameChecksum.Bytes : 0;
        if (FrameHeader.Bytes + inline + trailer > SendChunk.Bytes)
        {
            AppendLargeCopy(header, payload);
            return;
        }

        byte* target = Reserve(FrameHeader.Bytes + inline + trailer);
        header.Write(new Span<byte>(target, FrameHeader.Bytes));
        if (inline > 0)
            Buffer.MemoryCopy(payload, target + FrameHeader.Bytes, inline, inline);
        if (!copied)
        {
            Push(new OutSegment { Pointer = payload, Remaining = header.Length, Owner = owner });
            _queuedBytes += header.Length;
        }

        if (_checksums)
            AppendChecksum(header, payload, copied ? target + FrameHeader.Bytes + inline : null);
    }

    private void AppendLargeCopy(in FrameHeader header, byte* payload)
    {
        byte* copy = (byte*)NativeMemory.Alloc((nuint)header.Length);
        Buffer.MemoryCopy(payload, copy, header.Length, header.Length);
        Append(header, copy, copied: false, new OwnedBlock(copy));
    }

    private void AppendChecksum(in FrameHeader header, byte* payload, byte* trailer)
    {
        FrameChecksum checksum = _sendChecksum ??= new FrameChecksum();
        checksum.Begin(header);
        checksum.Append(payload, header.Length);
        checksum.Write(new Span<byte>(trailer is null ? Reserve(FrameChecksum.Bytes) : trailer, FrameChecksum.Bytes));
    }

    /// <summary>Room at the end of the queue; frames that follow each other share a chunk and one vector.</summary>
    private byte* Reserve(int bytes)
    {
        if (_tail is null || _tail.Used + bytes > SendChunk.Bytes)
            _tail = Engine.RentChunk();

        byte* start = _tail.Base + _tail.Used;
        _tail.Used += bytes;
        _queuedBytes += bytes;
        if (_count > 0)
        {
            ref OutSegment last = ref _queue[(_head + _count - 1) & (_queue.Length - 1)];
            if (last.Chunk == _tail && last.Pointer + last.Remaining == start)
            {
                last.Remaining += bytes;
                return start;
            }
        }

        _tail.References++;
        Push(new OutSegment { Pointer = start, Remaining = bytes, Chunk = _tail });
        return start;
    }

    private void Consume(nint written)
    {
        while (_count > 0)
        {
            ref OutSegment segment = ref _queue[_head];
            nint taken = (nint)Math.Min(written, segment.Remaining);
            segment.Pointer += taken;
            segment.Remaining -= taken;
            written -= taken;
            if (segment.Remaining > 0)
                return;
            IPayloadOwner? owner = segment.Owner;
            PopHead();
            owner?.PayloadSent();
        }
    }

    private void Push(OutSegment segment)
    {
        if (_count == _queue.Length)
        {
            OutSegment[] larger = new OutSegment[_queue.Length * 2];
            for (int i = 0; i < _count; i++)
                larger[i] = _queue[(_head + i) & (_queue.Length - 1)];
            (_queue, _head) = (larger, 0);
        }

        _queue[(_head + _count++) & (_queue.Length - 1)] = segment;
    }

    private void PopHead()
    {
        SendChunk? chunk = _queue[_head].Chunk;
        _queue[_head] = default;
        _head = (_head + 1) & (_queue.Length - 1);
        _count--;
        if (chunk is not null && --chunk.References == 0)
        {
            if (chunk == _tail)
                _tail = null;
            Engine.ReturnChunk(chunk);
        }
    }

    private struct OutSegment
    {
        public byte* Pointer;
        public long Remaining;
        public IPayloadOwner? Owner;
        public SendChunk? Chunk;
    }

    /// <summary>A payload that belongs to the link.</summary>
    private sealed class OwnedBlock(byte* block) : IPayloadOwner
    {
        public void PayloadSent() => NativeMemory.Free(block);

        public void PayloadLost(Exception reason) => NativeMemory.Free(block);
    }
}
