using System.Diagnostics;
using BoxerMpi.Wire;

namespace BoxerMpi.Transport;

// The receiving half: a state machine over header, payload and checksum that accepts any cut of the stream.
internal sealed unsafe partial class Link
{
    // Header, checksum trailer and the payload of control frames may come in pieces; they collect here.
    private const int HeaderBlockBytes = FrameHeader.Bytes + FrameChecksum.Bytes + ControlBytes;
    private const int ControlBytes = 64;

    // So long a payload that nobody has asked for may stay in the channel: others behind it on the link are put off that much.
    private static readonly long ParkTicks = Stopwatch.Frequency * ProgressEngine.ParkMilliseconds / 1000;

    private byte* _headerBytes;
    private int _headerFill;
    private bool _inPayload;
    private bool _skipping;
    private FrameHeader _header;
    private uint _receiveSequence;
    private long _payloadRemaining;
    private byte* _target;
    private long _targetRemaining;
    private object? _state;
    private int _trailerFill;
    private FrameChecksum? _receiveChecksum;
    private bool _peerSaidGoodbye;
    private long _parkedUntil;

    /// <summary>Room for the payload of a control frame while it arrives.</summary>
    public byte* ControlPayload => _headerBytes + FrameHeader.Bytes + FrameChecksum.Bytes;

    /// <summary>Frames that came twice and were dropped.</summary>
    public long DuplicatesDropped { get; private set; }

    /// <summary>Header of the frame whose payload is arriving.</summary>
    public FrameHeader Arriving => _header;

    /// <summary>Whether the payload that is arriving is left where it is, because nobody has asked for it yet.</summary>
    public bool IsParked => _parkedUntil != 0;

    /// <summary>Whether the poller does not report what there is to read.</summary>
    public bool ReadingUnwatched { get; set; }

    /// <summary>The rest of the payload that is arriving goes to another place; what has come of it is copied there.</summary>
    /// <param name="state">The state that its target was given with.</param>
    /// <param name="begun">Where it went so far.</param>
    /// <param name="target">Where all of it goes.</param>
    /// <returns>Whether it is still arriving.</returns>
    public bool Retarget(object state, byte* begun, in PayloadTarget target)
    {
        if (_state != state)
            return false;
        long kept = Math.Min(_header.Length - _payloadRemaining, target.Capacity);
        Buffer.MemoryCopy(begun, target.Pointer, target.Capacity, kept);
        SetTarget(target.Pointer + kept, target.Capacity - kept, target.State);
        Unpark();
        return true;
    }

    /// <summary>From now on the link is read whoever waits.</summary>
    public void Unpark()
    {
        if (IsParked)
            Engine.CountParked(this, -1);
        _parkedUntil = 0;
    }

    /// <summary>Ends the stay of a payload that nobody has asked for in time.</summary>
    /// <returns>Whether it may stay on.</returns>
    public bool StaysParked()
    {
        if (IsParked && Stopwatch.GetTimestamp() >= _parkedUntil)
            Unpark();
        return IsParked;
    }

    /// <summary>The rest of the payload that is arriving is dropped instead of written to its target.</summary>
    public void AbandonTarget(object state)
    {
        if (_state == state)
            SetTarget(null, 0, null);
    }

    /// <summary>Reads once and handles every frame that is complete.</summary>
    /// <returns>Whether bytes (or the end) came.</returns>
    public bool ReadSome()
    {
        if (IsClosed)
            return false;

        Engine.IsReading = true;
        try
        {
            byte* staging = Engine.Staging;
            nint direct = _inPayload ? (nint)Math.Min(Math.Min(_payloadRemaining, _targetRemaining), ReceiveCallBytes) : 0;
            nint count;
            if (direct > 0)
            {
                // What follows the payload is read in the same call.
                count = _channel.Read(_target, direct, staging, direct == _payloadRemaining ? ProgressEngine.StagingBytes : 0);
            }
            else
            {
                count = _channel.Read(staging, ProgressEngine.StagingBytes, null, 0);
            }

            if (count == 0)
                return false;
            if (count == Channel.EndOfStream)
            {
                Close(_peerSaidGoodbye ? null : NoGoodbye());
                return true;
            }

            BytesReceived += count;
            _lastReceived = Environment.TickCount64;
            if (direct > 0)
            {
                nint got = Math.Min(count, direct);
                TakePayload(_target, got, inPlace: true);
                count -= got;
            }

            Parse(staging, count);
        }
        catch (Exception exception) when (exception is IOException or WireFormatException)
        {
            Close(exception);
        }
#pragma warning disable CA1031 // whatever a frame holds, it ends its link and nothing else
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Close(NotHandled(exception));
        }
        finally
        {
            Engine.IsReading = false;
        }

        return true;
    }

    private void Parse(byte* data, nint length)
    {
        byte* end = data + length;
        while (data < end && !IsClosed)
        {
            if (_inPayload)
                data = _payloadRemaining > 0
                    ? TakePayload(data, (nint)Math.Min(end - data, _payloadRemaining), inPlace: false)
                    : TakeTrailer(data, end);
            else
                data = TakeHeader(data, end);
        }
    }

    private byte* TakeHeader(byte* data, byte* end)
    {
        if (_headerFill == 0 && end - data >= FrameHeader.Bytes)
        {
            BeginFrame(new ReadOnlySpan<byte>(data, FrameHeader.Bytes));
            return data + FrameHeader.Bytes;
        }

        nint taken = (nint)Math.Min(end - data, FrameHeader.Bytes - _headerFill);
        Buffer.MemoryCopy(data, _headerBytes + _headerFill, taken, taken);
        _headerFill += (int)taken;
        if (_headerFill == FrameHeader.Bytes)
        {
            _headerFill = 0;
            BeginFrame(new ReadOnlySpan<byte>(_headerBytes, FrameHeader.Bytes));
        }

        return data + taken;
    }

    private void BeginFrame(ReadOnlySpan<byte> bytes)
    {
        FrameHeader.Read(bytes, out _header);
        if (_checksums && (_header.Flags & FrameFlags.Checksum) == 0)
            throw NoChecksum();
        int gap = unchecked((int)(_header.Sequence - _receiveSequence));
        if (gap > 0)
            throw FramesLost(gap);

        _skipping = gap < 0;
        PayloadTarget target = default;
        if (_skipping)
        {
            DuplicatesDropped++;
        }
        else
        {
            _receiveSequence++;
            FramesReceived++;
            if (_header.Kind == FrameKind.Goodbye)
                _peerSaidGoodbye = true;
            target = Engine.Handler.Begin(this, _header);
        }

        SetTarget(target.Pointer, target.Capacity, target.State);
        _payloadRemaining = _header.Length;
        _inPayload = true;
        _trailerFill = 0;
        if ((_header.Flags & FrameFlags.Checksum) != 0)
            (_receiveChecksum ??= new FrameChecksum()).Begin(_header);
        if (_payloadRemaining == 0)
        {
            PayloadComplete();
        }
        else if (target.MayWait)
        {
            _parkedUntil = Stopwatch.GetTimestamp() + ParkTicks;
            Engine.CountParked(this, +1);
        }
    }

    private byte* TakePayload(byte* data, nint length, bool inPlace)
    {
        nint kept = (nint)Math.Min(length, _targetRemaining);
        if (!inPlace && kept > 0)
            Buffer.MemoryCopy(data, _target, _targetRemaining, kept);
        if ((_header.Flags & FrameFlags.Checksum) != 0)
            _receiveChecksum!.Append(data, length);
        _target += kept;
        _targetRemaining -= kept;
        _payloadRemaining -= length;
        if (_payloadRemaining == 0)
            PayloadComplete();
        return data + length;
    }

    private void PayloadComplete()
    {
        if ((_header.Flags & FrameFlags.Checksum) == 0)
            EndFrame();
    }

    private byte* TakeTrailer(byte* data, byte* end)
    {
        byte* trailer = _headerBytes + FrameHeader.Bytes;
        nint taken = (nint)Math.Min(end - data, FrameChecksum.Bytes - _trailerFill);
        Buffer.MemoryCopy(data, trailer + _trailerFill, taken, taken);
        _trailerFill += (int)taken;
        if (_trailerFill == FrameChecksum.Bytes)
        {
            if (!_receiveChecksum!.Matches(new ReadOnlySpan<byte>(trailer, FrameChecksum.Bytes)))
                throw WrongChecksum();

            EndFrame();
        }

        return data + taken;
    }

    private void EndFrame()
    {
        object? state = _state;
        SetTarget(null, 0, null);
        Unpark();
        _inPayload = false;
        if (!_skipping)
            Engine.Handler.End(this, _header, state);
    }

    private void SetTarget(byte* target, long capacity, object? state)
    {
        _target = target;
        _targetRemaining = capacity;
        _state = state;
    }

    // Away from the data path: a method that makes a text clears room for it in each of its calls.
    private IOException NoGoodbye() => new($"The other side of {Description} closed the connection without saying goodbye");

    private IOException NotHandled(Exception exception) =>
        new($"A {_header.Kind} frame of {_header.Length} bytes on {Description} could not be handled: {exception}", exception);

    private WireFormatException NoChecksum() =>
        new($"A frame without a checksum came over {Description}; this job's frames have one.");

    private WireFormatException FramesLost(int gap) =>
        new($"Expected frame {_receiveSequence} on {Description}, got {_header.Sequence}: {gap} frame(s) were lost on the way.");

    private WireFormatException WrongChecksum() => new(
        $"Wrong checksum of frame {_header.Sequence} ({_header.Kind}, {_header.Length} bytes) on {Description}: the data was changed on " +
        "the way.");
}
