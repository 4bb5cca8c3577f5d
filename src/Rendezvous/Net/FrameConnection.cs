using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>What hears of the frames of a connection; called on the reactor's thread.</summary>
internal interface IFrameTarget
{
    /// <summary>A whole frame; the payload is valid during the call.</summary>
    void OnFrame(FrameConnection connection, ControlKind kind, ReadOnlySpan<byte> payload);

    /// <summary>The connection is over; nothing comes after it.</summary>
    /// <param name="connection">Which one; its socket is closed.</param>
    /// <param name="reason">Why.</param>
    /// <param name="malformed">The other end sent what are no frames.</param>
    void OnClosed(FrameConnection connection, string reason, bool malformed);
}

/// <summary>Length-prefixed frames over a socket that the reactor watches. Never reads a byte beyond the frame it is at.</summary>
internal sealed class FrameConnection : IReadinessTarget, IHeartbeatConnection
{
    // What may wait to be sent: a few of the longest frames.
    private const int PendingLimitBytes = 1024 * 1024;

    private readonly Reactor _reactor;
    private readonly FrameBuffer _frames = new();
    private byte[] _pending = [];
    private int _pendingStart;
    private int _pendingEnd;
    private bool _isWatchingWrite;
    private bool _closesSendWhenSent;
    private NetSocket? _socket;

    public FrameConnection(Reactor reactor, NetSocket socket, IFrameTarget target)
    {
        _reactor = reactor;
        _socket = socket;
        Target = target;
        LastReceived = LastSent = reactor.Now;
        reactor.Watch(socket, this, write: false);
    }

    public IFrameTarget Target { get; set; }

    /// <summary>The socket while the connection has it.</summary>
    public NetSocket? Socket => _socket;

    /// <summary>Longest frame that is taken; raised when the other side has proven the token.</summary>
    public int MaximumFrameBytes { get => _frames.MaximumFrameBytes; set => _frames.MaximumFrameBytes = value; }

    /// <summary>Timestamps of the last bytes that came, and of the last frame that was sent.</summary>
    public long LastReceived { get; private set; }

    public long LastSent { get; private set; }

    public bool HasPending => _pendingEnd > _pendingStart;

    /// <summary>Sends a frame, or keeps it until the socket takes it.</summary>
    /// <returns><see langword="false"/> when the connection is over or breaks; the target hears of that by itself.</returns>
    public bool Post(ReadOnlyMemory<byte> frame)
    {
        if (_socket is null || _closesSendWhenSent)
            return false;
        LastSent = _reactor.Now;
        ReadOnlySpan<byte> rest = frame.Span;
        if (!HasPending)
        {
            int sent = _socket.Send(rest, out SocketError error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                // Whatever the other side has said before is read first.
                return false;
            }

            rest = rest[sent..];
        }

        if (rest.IsEmpty)
            return true;
        if (_pendingEnd - _pendingStart + rest.Length > PendingLimitBytes)
        {
            Close("it does not read what it is sent");
            return false;
        }

        Keep(rest);
        WatchWrite(true);
        return true;
    }

    /// <summary>Ends the sending side once all is sent.</summary>
    public void CloseSend()
    {
        _closesSendWhenSent = true;
        if (!HasPending)
            _socket?.CloseSend();
    }

    /// <summary>Ends the connection and tells the target.</summary>
    public void Close(string reason, bool malformed = false)
    {
        if (_socket is null)
            return;
        Dispose();
        Target.OnClosed(this, reason, malformed);
    }

    void IHeartbeatConnection.Close(string reason) => Close(reason);

    /// <summary>Ends the connection without a word.</summary>
    public void Dispose()
    {
        if (Release() is { } socket)
            socket.Dispose();
    }

    /// <summary>Gives the socket up, at the byte behind the last frame that was handed out.</summary>
    public NetSocket? Release()
    {
        NetSocket? socket = _socket;
        _socket = null;
        if (socket is not null)
            _reactor.Unwatch(socket);
        return socket;
    }

    public void OnReady(bool readable, bool writable)
    {
        if (writable && HasPending)
            SendPending();
        if (!readable)
            return;
        while (_socket is not null && ReadSome())
        {
        }
    }

    /// <returns>Whether there may be more.</returns>
    private bool ReadSome()
    {
        ControlFrame frame = default;
        try
        {
            if (_frames.TryTake(out frame))
            {
                Target.OnFrame(this, frame.Kind, frame.Payload.Span);
                return true;
            }
        }
        catch (WireFormatException error)
        {
            Close(error.Message, malformed: true);
        }
#pragma warning disable CA1031 // whatever a frame holds, it ends its connection and nothing else
        catch (Exception error)
#pragma warning restore CA1031
        {
            Close($"a frame of kind {(byte)frame.Kind} could not be handled: {error}", malformed: true);
        }

        return _socket is not null && ReceiveSome();
    }

    private bool ReceiveSome()
    {
        int count = _socket!.Receive(_frames.Room(beyond: false).Span, out SocketError error);
        if (error == SocketError.WouldBlock)
            return false;
        if (error != SocketError.Success)
        {
            Close(new SocketException((int)error).Message);
            return false;
        }

        if (count == 0)
        {
            bool within = !_frames.Rest.IsEmpty;
            Close(within ? FrameBuffer.EndedWithin : "the other end closed the connection", within);
            return false;
        }

        LastReceived = _reactor.Now;
        _frames.Add(count);
        return true;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_pendingEnd + bytes.Length > _pending.Length)
        {
            int kept = _pendingEnd - _pendingStart;
            byte[] larger = new byte[Math.Max(1024, (kept + bytes.Length) * 2)];
            _pending.AsSpan(_pendingStart, kept).CopyTo(larger);
            (_pending, _pendingStart, _pendingEnd) = (larger, 0, kept);
        }

        bytes.CopyTo(_pending.AsSpan(_pendingEnd));
        _pendingEnd += bytes.Length;
    }

    private void SendPending()
    {
        int sent = _socket!.Send(_pending.AsSpan(_pendingStart, _pendingEnd - _pendingStart), out SocketError error);
        _pendingStart += sent;
        if (HasPending && error is SocketError.Success or SocketError.WouldBlock)
            return;

        // Sent, or not to be sent any more: then the reading side tells why.
        (_pending, _pendingStart, _pendingEnd) = ([], 0, 0);
        WatchWrite(false);
        if (_closesSendWhenSent)
            _socket.CloseSend();
    }

    private void WatchWrite(bool watch)
    {
        if (watch == _isWatchingWrite)
            return;
        _isWatchingWrite = watch;
        _reactor.Watch(_socket!, this, watch);
    }
}
