using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>What hears how a conversation with the coordinator goes.</summary>
internal interface IJoinerDialogueOwner
{
    /// <summary>The coordinator has answered the hello; the owner calls <see cref="JoinerDialogue.Ask"/> when it knows what to ask.</summary>
    void OnChallenged(JoinerDialogue dialogue, ChallengeMessage challenge);

    /// <summary>The coordinator has taken what was asked: the next frames on the connection are the owner's.</summary>
    /// <param name="dialogue">The conversation, which is over.</param>
    /// <param name="connection">Its connection, which belongs to the owner now.</param>
    /// <param name="accepted">What it said, when it was asked to join.</param>
    void OnTaken(JoinerDialogue dialogue, FrameConnection connection, AcceptedMessage? accepted);

    /// <summary>It failed.</summary>
    /// <param name="dialogue">The conversation, which is over.</param>
    /// <param name="error">A <see cref="RendezvousException"/> when trying again is of no use.</param>
    void OnFailed(JoinerDialogue dialogue, Exception error);
}

/// <summary>One attempt at the coordinator: connect, hello, challenge, proof with what is asked, answer.</summary>
internal sealed class JoinerDialogue : IReadinessTarget, IFrameTarget
{
    private readonly Reactor _reactor;
    private readonly EndPoint _name;
    private readonly IJoinerDialogueOwner _owner;
    private readonly JoinerHandshake _handshake;
    private NetSocket? _connecting;
    private FrameConnection? _connection;
    private bool _isOver;

    /// <param name="reactor">Whose thread it runs on.</param>
    /// <param name="name">The coordinator as it was given, for messages.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="token">Its secret.</param>
    /// <param name="owner">Hears how it goes.</param>
    public JoinerDialogue(Reactor reactor, EndPoint name, string jobId, byte[] token, IJoinerDialogueOwner owner)
    {
        (_reactor, _name, _owner) = (reactor, name, owner);
        _handshake = new JoinerHandshake(name, jobId, token);
    }

    /// <summary>This end of the connection.</summary>
    public IPEndPoint Local { get; private set; } = new(IPAddress.Any, 0);

    /// <summary>The coordinator's address.</summary>
    public IPEndPoint Remote { get; private set; } = new(IPAddress.Any, 0);

    /// <summary>Connects from a socket that may be bound already.</summary>
    public void Start(NetSocket socket, IPEndPoint remote)
    {
        Remote = remote;
        _connecting = socket;
        SocketError error = socket.Connect(remote);
        if (error is SocketError.Success or SocketError.InProgress)
            _reactor.Watch(socket, this, write: true);
        else
            Fail(new SocketException((int)error));
    }

    /// <summary>Asks what the owner wants, behind a proof of the token.</summary>
    public void Ask(MessageWriter request)
    {
        if (_connection is null)
            return;
        _connection.Post(_handshake.Ask(request));
        _connection.MaximumFrameBytes = _handshake.MaximumFrameBytes;
    }

    /// <summary>Ends it without a word.</summary>
    public void Stop()
    {
        _isOver = true;
        _connection?.Dispose();
        if (_connecting is not null)
        {
            _reactor.Unwatch(_connecting);
            _connecting.Dispose();
            _connecting = null;
        }
    }

    public void OnReady(bool readable, bool writable)
    {
        SocketError error = _connecting!.FinishConnect();
        if (error != SocketError.Success)
        {
            Fail(new SocketException((int)error));
            return;
        }

        Local = _connecting.Local ?? Local;
        _connection = new FrameConnection(_reactor, _connecting, this);
        _connecting = null;
        _connection.Post(_handshake.Hello());
    }

    public void OnFrame(FrameConnection connection, ControlKind kind, ReadOnlySpan<byte> payload)
    {
        ChallengeMessage? challenge = null;
        AcceptedMessage? accepted = null;
        try
        {
            if (_handshake.IsChallenged)
                accepted = _handshake.TakeAnswer(kind, payload);
            else
                challenge = _handshake.TakeChallenge(kind, payload);
        }
        catch (RendezvousException error)
        {
            Fail(error);
            return;
        }

        if (challenge is not null)
        {
            _owner.OnChallenged(this, challenge);
            return;
        }

        _isOver = true;
        connection.MaximumFrameBytes = _handshake.MaximumFrameBytes;
        _owner.OnTaken(this, connection, accepted);
    }

    public void OnClosed(FrameConnection connection, string reason, bool malformed) =>
        Fail(malformed ? ControlHandshake.NoCoordinator(_name, reason) : new EndOfStreamException(reason));

    private void Fail(Exception error)
    {
        if (_isOver)
            return;
        Stop();
        _owner.OnFailed(this, error);
    }
}
