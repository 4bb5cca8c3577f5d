using System.Net;
using System.Net.Sockets;
using BoxerMpi.Transport;

namespace BoxerMpi.Control;

/// <summary>Kinds of control frames. Length, kind and the layout of <see cref="Rejected"/> stay the same in every version.</summary>
internal enum ControlKind : byte
{
    /// <summary>End of the stream; never sent.</summary>
    None = 0,

    /// <summary>Joiner: magic, version, nonce, job.</summary>
    Hello = 1,

    /// <summary>Coordinator: magic, version, nonce, observed endpoint, reflectors.</summary>
    Challenge = 2,

    /// <summary>Joiner: proof, then what it wants, its own endpoints and where it listens.</summary>
    Join = 3,

    /// <summary>Follower: proof.</summary>
    Follow = 4,

    /// <summary>Coordinator: proof, rank, observed endpoint, the job's settings.</summary>
    Accepted = 5,

    /// <summary>Coordinator: version, reason, text; the connection ends.</summary>
    Rejected = 6,

    /// <summary>Coordinator: the gate is open; the table of members.</summary>
    Start = 7,

    /// <summary>Member: its links are up, and how each came up.</summary>
    Linked = 8,

    /// <summary>Member: it ends in order; what it sent and received.</summary>
    Leave = 9,

    /// <summary>Either: the job ends now.</summary>
    Abort = 10,

    /// <summary>Coordinator: a member has failed.</summary>
    MemberLost = 11,

    /// <summary>Either: still here.</summary>
    Heartbeat = 12,

    /// <summary>Coordinator to a follower: a membership event.</summary>
    Event = 13,

    /// <summary>Stranger: magic, version; asks what its external endpoint is.</summary>
    Reflect = 14,

    /// <summary>Coordinator: the observed endpoint.</summary>
    Reflected = 15,

    /// <summary>Member to member through the coordinator: rank, opaque bytes.</summary>
    Signal = 16,

    /// <summary>Coordinator: a signal was not passed on; the rank it was for.</summary>
    SignalLost = 17,

    /// <summary>Member, in place of a join: proof, member id, ranks, epoch; this connection is one end of a relayed link.</summary>
    Relay = 18,

    /// <summary>Coordinator: the other end is there; from here on the bytes are those of the link.</summary>
    RelayReady = 19,

    /// <summary>Attendant, in place of a join: proof, number, name; asks which rank to start.</summary>
    Attend = 20,

    /// <summary>Attendant: stream, bytes that its program wrote.</summary>
    AttendedOutput = 21,

    /// <summary>Attendant: how its program ended; the connection ends.</summary>
    AttendedExit = 22,

    /// <summary>Coordinator: a signal for the attendant's program.</summary>
    AttendedSignal = 23,

    /// <summary>Either end of a link, the one that knows whom it talks to first: magic, version, job, ranks, epoch, member, nonce.</summary>
    LinkHello = 32,

    /// <summary>Either end, once both hellos are said: proof.</summary>
    LinkProof = 33,

    /// <summary>Across NATs, the lower rank and then the higher one: a block of data to check the way.</summary>
    LinkBlock = 34,

    /// <summary>The lower rank: this connection is the link.</summary>
    LinkCommit = 35,

    /// <summary>Either end: version, whether the pair has another connection, and text; the connection ends.</summary>
    LinkRefused = 36,
}

/// <summary>A received frame; the payload is valid until the next read.</summary>
internal readonly record struct ControlFrame(ControlKind Kind, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Length and kind.</summary>
    public const int PrefixBytes = 5;
}

/// <summary>Length-prefixed frames over an asynchronous socket: one reader, any number of posters, a bounded queue.</summary>
internal sealed class ControlChannel : IHeartbeatConnection, IDisposable
{
    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly int _queueLimit;

    // Protects the queue and _sending; taken last, nothing is called under it.
    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _queue = new();
    private bool _sending;
    private bool _closeAfterSending;
    private TaskCompletionSource? _drained;

    private readonly FrameBuffer _frames = new();
    private string? _closeReason;

    public ControlChannel(Socket socket, TimeProvider time, int queueLimit)
    {
        _socket = socket;
        _time = time;
        _queueLimit = queueLimit;
        socket.NoDelay = true;
        Remote = Addresses.Normalise((IPEndPoint)socket.RemoteEndPoint!);
        Local = Addresses.Normalise((IPEndPoint)socket.LocalEndPoint!);
        LastReceived = LastSent = time.GetTimestamp();
    }

    /// <summary>The other end as this one sees it.</summary>
    public IPEndPoint Remote { get; }

    /// <summary>This end.</summary>
    public IPEndPoint Local { get; }

    /// <summary>Whether the other end is on another host, as far as its address tells.</summary>
    public bool IsFromElsewhere => !IPAddress.IsLoopback(Remote.Address) && !Remote.Address.Equals(Local.Address);

    /// <summary>Longest frame that is taken; raised when the other side has proven the token.</summary>
    public int MaximumFrameBytes { get => _frames.MaximumFrameBytes; set => _frames.MaximumFrameBytes = value; }

    /// <summary>Timestamp of the last bytes that came.</summary>
    public long LastReceived { get; private set; }

    /// <summary>Takes the present for the moment of the last bytes: nothing was read before because this side did not want to.</summary>
    public void CountAsReceived() => LastReceived = _time.GetTimestamp();

    /// <summary>Timestamp of the last frame that was posted.</summary>
    public long LastSent { get; private set; }

    /// <summary>Why this side closed the channel, when it did.</summary>
    public string? CloseReason => Volatile.Read(ref _closeReason);

    /// <summary>Whether the other end was closed, as when its process ends; not when the way to it broke, or when this side gave it up.</summary>
    public bool IsClosedByPeer { get; private set; }

    /// <summary>Reads the next frame; its kind is <see cref="ControlKind.None"/> at the end of the stream.</summary>
    /// <exception cref="WireFormatException">The bytes are not frames, or a frame is longer than allowed.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async ValueTask<ControlFrame> ReadAsync(CancellationToken cancellationToken)
    {
        ControlFrame frame;
        while (!_frames.TryTake(out frame))
        {
            int received = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
            if (received == 0)
                return _frames.Rest.IsEmpty ? default : throw new WireFormatException(FrameBuffer.EndedWithin);
            _frames.Add(received);
            LastReceived = _time.GetTimestamp();
        }

        return frame;
    }

    /// <summary>Queues a frame; never waits. Frames leave in the order of the calls.</summary>
    /// <returns><see langword="false"/> when the queue is full or the channel is closing.</returns>
    public bool Post(ReadOnlyMemory<byte> frame) => Post(frame, _queueLimit);

    /// <summary>As <see cref="Post(ReadOnlyMemory{byte})"/>, but leaves half of the queue for what may not be lost.</summary>
    public bool PostDroppable(ReadOnlyMemory<byte> frame) => Post(frame, _queueLimit / 2);

    private bool Post(ReadOnlyMemory<byte> frame, int limit)
    {
        lock (_gate)
        {
            if (_closeAfterSending || _queue.Count >= limit)
                return false;
            _queue.Enqueue(frame);
            LastSent = _time.GetTimestamp();
            if (_sending)
                return true;
            _sending = true;
        }

        _ = SendQueuedAsync();
        return true;
    }

    /// <summary>Posts a last frame in place of all that waits, and ends the sending side after it.</summary>
    public void PostLast(ReadOnlyMemory<byte> frame, string reason)
    {
        Interlocked.CompareExchange(ref _closeReason, reason, null);
        lock (_gate)
        {
            if (_closeAfterSending)
                return;
            if (_queue.Count >= _queueLimit)
                _queue.Clear();
            _queue.Enqueue(frame);
            _closeAfterSending = true;
            if (_sending)
                return;
            _sending = true;
        }

        _ = SendQueuedAsync();
    }

    /// <summary>Completes when nothing waits to be sent any more, sent or not.</summary>
    public Task DrainAsync()
    {
        lock (_gate)
        {
            if (!_sending)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Closes both directions; the reader ends with an error or the end of the stream.</summary>
    public void Close(string reason)
    {
        Interlocked.CompareExchange(ref _closeReason, reason, null);
        _socket.Dispose();
    }

    /// <summary>Ends the sending side.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>From here on the bytes that come are no frames: hands out what was read too far, and the socket to read on from.</summary>
    /// <remarks>The memory stays valid; <see cref="ReadAsync"/> may not be called any more.</remarks>
    public Socket Detach(out ReadOnlyMemory<byte> alreadyRead)
    {
        alreadyRead = _frames.Rest;
        return _socket;
    }

    /// <summary>Sends bytes that are no frame; nothing may be posted meanwhile.</summary>
    public async ValueTask SendRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, cancellationToken).ConfigureAwait(false)..];
    }

    /// <summary>Bounds what the kernel holds for an end that does not read; it would grow to megabytes.</summary>
    public void LimitSendBuffer(int bytes) => _socket.SendBufferSize = bytes;

    /// <summary>Lets the kernel look whether the other host is still there: on a connection that carries no heartbeats.</summary>
    public void KeepAlive() => SocketOptions.KeepAlive(_socket);

    public void Dispose() => _socket.Dispose();

    private async ValueTask<int> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            int received = await _socket.ReceiveAsync(_frames.Room(beyond: true), cancellationToken).ConfigureAwait(false);
            IsClosedByPeer |= received == 0;
            return received;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            IsClosedByPeer = true;
            throw;
        }
    }

    private async Task SendQueuedAsync()
    {
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> next;
                lock (_gate)
                {
                    if (!_queue.TryDequeue(out next))
                    {
                        _sending = false;
                        _drained?.TrySetResult();
                        _drained = null;
                        if (!_closeAfterSending)
                            return;
                    }
                }

                if (next.IsEmpty)
                {
                    _socket.Shutdown(SocketShutdown.Send);
                    return;
                }

                while (!next.IsEmpty)
                    next = next[await _socket.SendAsync(next, SocketFlags.None).ConfigureAwait(false)..];
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The reader of this channel learns of it and tells why: both directions are gone.
            IsClosedByPeer |= error is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown };
            Close($"sending failed: {error.Message}");
            lock (_gate)
            {
                _closeAfterSending = true;
                _queue.Clear();
                _sending = false;
                _drained?.TrySetResult();
                _drained = null;
            }
        }
    }
}
