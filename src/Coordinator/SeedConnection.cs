using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>One control connection at the coordinator: a stranger first, then a member, follower or attendant of a job.</summary>
internal sealed partial class SeedConnection : IHeartbeatConnection, IDisposable
{
    // What an ending connection may still send before it is cut.
    private const int FramesAfterRejection = 16;

    // There may be hundreds, and one that does not keep up is to be dropped, not kept up with.
    private const int FollowerSendBufferBytes = 64 * 1024;

    private readonly Seed _seed;
    private readonly ControlChannel _channel;
    private readonly IReadOnlyList<IPEndPoint> _reflectors;
    private SeedHandshake? _handshake;
    private SeedJob? _job;

    /// <param name="seed">Whose connection it is.</param>
    /// <param name="socket">The accepted socket.</param>
    /// <param name="reflectors">Endpoints of the coordinator other than the one it was accepted on.</param>
    public SeedConnection(Seed seed, Socket socket, IReadOnlyList<IPEndPoint> reflectors)
    {
        _seed = seed;
        _reflectors = reflectors;
        _channel = new ControlChannel(socket, seed.Options.Time, queueLimit: 4096);
        Since = _channel.LastReceived;
        HalfOpenNode = new LinkedListNode<SeedConnection>(this);
    }

    public ControlChannel Channel => _channel;

    /// <summary>Its place among the connections that have not proven the token; protected by the seed's lock.</summary>
    public LinkedListNode<SeedConnection> HalfOpenNode { get; }

    /// <summary>Since when it has been there; protected by the seed's lock.</summary>
    public long Since { get; set; }

    /// <summary>The member's rank once it has one; protected by the job's lock.</summary>
    public int Rank { get; set; } = -1;

    /// <summary>The end of its reader.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start(CancellationToken stopping) => Completion = RunAsync(stopping);

    public void Close(string reason) => _channel.Close(reason);

    public void Dispose() => _channel.Dispose();

    /// <summary>Queues a frame; a member that does not read is given up.</summary>
    /// <returns>Whether it was queued.</returns>
    public bool Post(ReadOnlyMemory<byte> frame)
    {
        if (_channel.Post(frame))
            return true;
        _channel.Close("it does not read what it is sent");
        return false;
    }

    /// <summary>Queues a frame that may be lost.</summary>
    /// <returns>Whether it was queued.</returns>
    public bool TryPost(ReadOnlyMemory<byte> frame) => _channel.PostDroppable(frame);

    /// <summary>Says why and ends the connection once that is sent.</summary>
    public void Reject(RendezvousFailure reason, string text)
    {
        _seed.Options.Log?.Invoke($"Rejected {_channel.Remote}{(_handshake is null ? "" : $" for job '{_handshake.JobId}'")}: {text}");
        _channel.PostLast(new RejectedMessage(Protocol.Version, reason, text).Encode(), text);
        _seed.ExpectEnd(this);
    }

    /// <summary>Takes the joiner or follower, with this side's proof.</summary>
    public void PostAccepted(AcceptedMessage accepted, ReadOnlySpan<byte> token)
    {
        _channel.MaximumFrameBytes = Limits.MemberFrameBytes;
        _seed.NoLongerHalfOpen(this);
        Post(_handshake!.Accept(accepted, token));
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        string reason = "its control connection was closed";
        Subscription? followed = null;
        try
        {
            if (await ReadHelloAsync(stopping).ConfigureAwait(false))
            {
                ControlFrame proven = await _channel.ReadAsync(stopping).ConfigureAwait(false);
                switch (proven.Kind)
                {
                    case ControlKind.Join when Proves(proven):
                        _job!.Join(this, JoinMessage.Decode(SeedHandshake.Body(proven)));
                        await ServeMemberAsync(stopping).ConfigureAwait(false);
                        break;
                    case ControlKind.Relay when Proves(proven):
                        await RelayAsync(RelayMessage.Decode(SeedHandshake.Body(proven)), stopping).ConfigureAwait(false);
                        break;
                    case ControlKind.Attend when Proves(proven):
                        await AttendAsync(AttendMessage.Decode(SeedHandshake.Body(proven)), stopping).ConfigureAwait(false);
                        break;
                    case ControlKind.Follow when Proves(proven):
                        _channel.LimitSendBuffer(FollowerSendBufferBytes);
                        followed = _job!.Subscribe(this);
                        PostAccepted(_job.Describe(-1, _channel.Remote), _job.Spec.Token);
                        _ = ForwardAsync(followed);
                        await DiscardAsync(int.MaxValue, stopping).ConfigureAwait(false);
                        break;
                    case ControlKind.None:
                        break;
                    case ControlKind.Join or ControlKind.Relay or ControlKind.Attend or ControlKind.Follow:
                        await DiscardAsync(FramesAfterRejection, stopping).ConfigureAwait(false);
                        break;
                    default:
                        throw new WireFormatException($"A frame of kind {(byte)proven.Kind} arrived instead of a proof.");
                }
            }
            else
            {
                await DiscardAsync(FramesAfterRejection, stopping).ConfigureAwait(false);
            }
        }
        catch (WireFormatException error)
        {
            reason = error.Message;
            _seed.Options.Log?.Invoke($"Closed the connection from {_channel.Remote}: {error.Message}");
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            reason = _channel.CloseReason ?? $"its control connection broke: {error.Message}";
            _seed.Options.Log?.Invoke($"The connection from {_channel.Remote} ended: {reason}");
        }
#pragma warning disable CA1031 // whatever a frame holds, it ends its connection and nothing else
        catch (Exception error)
#pragma warning restore CA1031
        {
            reason = $"what it sent could not be handled: {error.Message}";
            _seed.Options.Log?.Invoke($"Closed the connection from {_channel.Remote}, whose frame could not be handled: {error}");
        }
        finally
        {
            Dispose();
            _seed.Ended(this);
            if (followed is not null)
                _job!.Unsubscribe(this, followed);
            else
                _job?.ConnectionEnded(this, reason, _channel.IsClosedByPeer);
        }
    }

    /// <returns><see langword="false"/> when the stranger was rejected, has gone, or only asked for a reflection.</returns>
    private async ValueTask<bool> ReadHelloAsync(CancellationToken stopping)
    {
        ControlFrame first = await _channel.ReadAsync(stopping).ConfigureAwait(false);
        switch (first.Kind)
        {
            case ControlKind.None:
                return false;
            case ControlKind.Reflect:
                // It may keep the connection, and with it its NAT's mapping, until the deadline of strangers.
                if (SpeaksThisVersion(ReflectMessage.Decode(first.Payload.Span)))
                    Post(ReflectedMessage.Encode(_channel.Remote));
                return false;
            case ControlKind.Hello:
                break;
            default:
                throw new WireFormatException($"A frame of kind {(byte)first.Kind} arrived instead of a hello.");
        }

        HelloMessage hello = HelloMessage.Decode(first.Payload.Span);
        if (!SpeaksThisVersion(hello.Version))
            return false;
        _handshake = new SeedHandshake(hello);
        if (_seed.FindJob(hello.JobId) is not { } job)
        {
            Reject(RendezvousFailure.WrongJob, $"The coordinator has no job '{hello.JobId}'; compare the job id with the one it was started with.");
            return false;
        }

        _job = job;
        Post(_handshake.Challenge(_channel.Remote, _reflectors));
        return true;
    }

    private bool SpeaksThisVersion(ushort version)
    {
        if (version == Protocol.Version)
            return true;
        Reject(
            RendezvousFailure.ProtocolVersion,
            $"The coordinator speaks version {Protocol.Version} of the protocol, the joiner version {version}; run the same release on both sides.");
        return false;
    }

    /// <summary>Checks the proof; without it the connection is rejected.</summary>
    private bool Proves(in ControlFrame frame)
    {
        if (_handshake!.IsProven(frame, _job!.Spec.Token))
            return true;
        Reject(
            RendezvousFailure.BadToken,
            $"The token of job '{_handshake.JobId}' was not proven; give the joiner the token that the job was started with.");
        return false;
    }

    private async Task RelayAsync(RelayMessage relay, CancellationToken stopping)
    {
        if (_job!.Relay(this, relay) is { } link)
            await link.RunAsync(higher: relay.From > relay.To, stopping).ConfigureAwait(false);
        else
            await DiscardAsync(FramesAfterRejection, stopping).ConfigureAwait(false);
    }

    private async Task ServeMemberAsync(CancellationToken stopping)
    {
        while (true)
        {
            ControlFrame frame = await _channel.ReadAsync(stopping).ConfigureAwait(false);
            switch (frame.Kind)
            {
                case ControlKind.None:
                    return;
                case ControlKind.Heartbeat:
                    break;
                case ControlKind.Linked:
                    _job!.Linked(this, WireUpReport.Decode(frame.Payload.Span));
                    break;
                case ControlKind.Leave:
                    _job!.Leave(this, ShortMessages.DecodeLeave(frame.Payload.Span));
                    break;
                case ControlKind.Signal:
                    _job!.Signal(this, SignalMessage.Decode(frame.Payload.Span));
                    break;
                case ControlKind.Abort:
                    _job!.AbortBy(this, ShortMessages.DecodeAbort(frame.Payload.Span));
                    break;
                default:
                    throw new WireFormatException($"A member sent a frame of kind {(byte)frame.Kind}.");
            }
        }
    }

    private async Task ForwardAsync(Subscription followed)
    {
        while (await followed.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (followed.DroppedReason is null && followed.Reader.TryRead(out MembershipEvent? happened))
            {
                Post(happened.Encode());

                // Waiting here is what fills the bounded subscription of a follower that does not read.
                await Task.WhenAny(_channel.DrainAsync(), followed.Dropped).ConfigureAwait(false);
            }

            if (followed.DroppedReason is not null)
                break;
        }

        if (followed.DroppedReason is { } reason)
        {
            Reject(RendezvousFailure.ConnectionLost, reason);
        }
        else
        {
            _channel.PostLast(ShortMessages.Leave, "the job has ended");
            _seed.ExpectEnd(this);
        }
    }

    /// <summary>Reads on until the other side closes, so that what was sent last is not lost to a reset.</summary>
    private async Task DiscardAsync(int frames, CancellationToken stopping)
    {
        for (int i = 0; i < frames; i++)
        {
            if ((await _channel.ReadAsync(stopping).ConfigureAwait(false)).Kind == ControlKind.None)
                return;
        }
    }
}
