using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>How far a connection that may become a link has come.</summary>
internal enum LinkConnectionStage
{
    /// <summary>Waits for the network.</summary>
    Connecting,

    /// <summary>Waits for the other end's hello.</summary>
    Hello,

    /// <summary>Waits for its proof.</summary>
    Proof,

    /// <summary>Both ends have proven themselves; the lower rank decides what becomes of it.</summary>
    Proven,

    /// <summary>Closed, or handed on.</summary>
    Over,
}

/// <summary>One connection that may become the link of a pair: hello, proof, and what the lower rank decides.</summary>
/// <remarks>
/// Whoever knows whom it talks to says hello at once, the other one answers; through NATs both ends may have called. So nothing
/// here depends on who did: identity comes from the proofs, and the roles from the ranks.
/// </remarks>
internal sealed class LinkConnection : IReadinessTarget, IFrameTarget
{
    private readonly Links _links;
    private readonly byte[] _nonce = Proof.Nonce();
    private NetSocket? _socket;
    private FrameConnection? _frames;
    private ReactorTimer? _deadline;
    private TimeSpan _answerLimit;
    private LinkHello? _hello;

    /// <summary>A connection of this end.</summary>
    public LinkConnection(Links links, Pair pair, LinkWay way)
    {
        (_links, Pair, Way, IsOurs, StrangerNode) = (links, pair, way, true, new LinkedListNode<LinkConnection>(this));
        _answerLimit = links.Options.AttemptTimeout;
    }

    /// <summary>A connection that has come in.</summary>
    public LinkConnection(Links links, NetSocket accepted)
    {
        (_links, Way, Remote, StrangerNode) = (links, LinkWay.Direct, accepted.Remote, new LinkedListNode<LinkConnection>(this));
        _answerLimit = links.Options.StrangerTimeout;
        _deadline = links.Reactor.After(_answerLimit, TimeOut);
        Stage = LinkConnectionStage.Hello;
        _frames = new FrameConnection(links.Reactor, accepted, this) { MaximumFrameBytes = Limits.LinkMessageBytes };
    }

    /// <summary>Its place among the strangers.</summary>
    public LinkedListNode<LinkConnection> StrangerNode { get; }

    /// <summary>Whom it is for; unknown while a stranger has not said so.</summary>
    public Pair? Pair { get; private set; }

    public LinkWay Way { get; }

    /// <summary>Whether this end has called.</summary>
    public bool IsOurs { get; }

    public LinkConnectionStage Stage { get; private set; }

    /// <summary>The other end's endpoint as this one knows it.</summary>
    public IPEndPoint? Remote { get; private set; }

    /// <summary>Connects.</summary>
    /// <param name="socket">Bound to where it is to come from.</param>
    /// <param name="remote">To whom.</param>
    /// <param name="limit">How long that may take.</param>
    /// <param name="answerLimit">How long the other end may take to prove itself then.</param>
    /// <param name="hops">How far the first packet may travel, or 0.</param>
    /// <returns>What stood in the way at once.</returns>
    public SocketError Connect(NetSocket socket, IPEndPoint remote, TimeSpan limit, TimeSpan answerLimit, int hops = 0)
    {
        (_socket, Remote, _answerLimit) = (socket, remote, answerLimit);
        SocketError error = socket.Connect(remote, hops);
        if (error is not (SocketError.Success or SocketError.InProgress))
        {
            Stage = LinkConnectionStage.Over;
            socket.Dispose();
            return error;
        }

        _deadline = _links.Reactor.After(limit, TimeOut);
        _links.Reactor.Watch(socket, this, write: true);
        return SocketError.Success;
    }

    /// <summary>Goes on over a connection that has reached the other end in another way.</summary>
    public void Adopt(FrameConnection connection)
    {
        Remote = connection.Socket?.Remote;
        _frames = connection;
        connection.Target = this;
        BeginHello();
    }

    /// <summary>Says no and closes.</summary>
    public void Refuse(LinkRefusal refusal)
    {
        if (_frames is { } frames)
        {
            frames.Post(refusal.Encode());
            _links.Linger(frames);
            _frames = null;
        }

        Drop();
    }

    /// <summary>Closes without a word, and without telling the pair.</summary>
    public void Drop()
    {
        if (Stage < LinkConnectionStage.Proven && !IsOurs)
            _links.NoLongerStranger(this);
        Stage = LinkConnectionStage.Over;
        _deadline?.Stop();
        _frames?.Dispose();
        if (_socket is not null)
        {
            _links.Reactor.Unwatch(_socket);
            _socket.Abort();
            _socket = null;
        }
    }

    /// <summary>The job has started, and a stranger who came early can be heard.</summary>
    public void OnWorld()
    {
        if (Stage == LinkConnectionStage.Hello && _hello is { } hello)
            OnHello(hello);
    }

    /// <summary>The lower rank: asks for the block that checks the way.</summary>
    public void SendBlock()
    {
        _frames!.Post(LinkMessages.EncodeBlock());
        _deadline?.Stop();
        _deadline = _links.Reactor.After(_answerLimit, TimeOut);
    }

    /// <summary>The lower rank: this is the link.</summary>
    /// <returns>The socket, or <see langword="null"/> when the connection is broken.</returns>
    public NetSocket? Commit()
    {
        // A few bytes into an empty socket buffer: they leave at once, or never.
        if (_frames!.Post(LinkMessages.Commit) && !_frames.HasPending)
            return Release();
        End("it broke before it was agreed upon");
        return null;
    }

    public void OnReady(bool readable, bool writable)
    {
        SocketError error = _socket!.FinishConnect();
        if (error != SocketError.Success)
        {
            End(new SocketException((int)error).Message, error);
            return;
        }

        _deadline!.Stop();
        _frames = new FrameConnection(_links.Reactor, _socket, this);
        _socket = null;
        BeginHello();
    }

    public void OnFrame(FrameConnection connection, ControlKind kind, ReadOnlySpan<byte> payload)
    {
        switch (kind)
        {
            case ControlKind.LinkRefused when IsOurs || Stage > LinkConnectionStage.Hello:
                LinkRefusal refusal = LinkRefusal.Decode(payload);
                End(refusal.Text, refusal: refusal);
                break;
            case ControlKind.LinkHello when Stage == LinkConnectionStage.Hello && _hello is null:
                _hello = LinkHello.Decode(payload);
                if (_links.World is not null)
                    OnHello(_hello); // the peer may have got its start a little earlier than this rank
                break;
            case ControlKind.LinkProof when Stage == LinkConnectionStage.Proof:
                OnProof(payload);
                break;
            case ControlKind.LinkBlock when Stage == LinkConnectionStage.Proven && Pair!.NeedsBlock:
                LinkMessages.CheckBlock(payload);
                if (Pair.IsLower)
                    Pair.OnChecked(this);
                else
                    _frames!.Post(LinkMessages.EncodeBlock());
                break;
            case ControlKind.LinkCommit when Stage == LinkConnectionStage.Proven && !Pair!.IsLower:
                Pair.Establish(this, Release());
                break;
            default:
                throw new WireFormatException($"a message of kind {(byte)kind} came out of turn");
        }
    }

    public void OnClosed(FrameConnection connection, string reason, bool malformed) => End(reason);

    private void BeginHello()
    {
        Stage = LinkConnectionStage.Hello;
        _frames!.MaximumFrameBytes = Limits.LinkMessageBytes;
        _deadline = _links.Reactor.After(_answerLimit, TimeOut);
        Pair!.Reached = LinkStage.Hello;
        SendHello(Pair.Peer);
    }

    private void SendHello(int peer)
    {
        LinkWorld world = _links.World!;
        _frames!.Post(new LinkHello(Protocol.Version, world.JobId, world.Rank, peer, world.Epoch, world.Members[world.Rank].Id, _nonce).Encode());
    }

    private void OnHello(LinkHello hello)
    {
        LinkWorld world = _links.World!;
        if (RefusalOf(hello, world) is { } refusal)
        {
            _links.Log($"Refused a link from {Remote}: {refusal}.");
            LinkRefusal answer = new(IsDuplicate: false, refusal);
            Refuse(answer);
            if (IsOurs)
                Pair!.OnEnded(this, refusal, SocketError.Success, answer);
            return;
        }

        Stage = LinkConnectionStage.Proof;
        if (!IsOurs)
        {
            Pair = _links.Pair(hello.From);
            SendHello(hello.From);
        }

        Span<byte> proof = stackalloc byte[Proof.Bytes];
        MakeProof(world, ofLower: Pair!.IsLower, proof);
        _frames!.Post(LinkMessages.EncodeProof(proof));
    }

    private string? RefusalOf(LinkHello hello, LinkWorld world)
    {
        if (hello.Version != Protocol.Version)
            return $"this rank speaks version {Protocol.Version} of the protocol, the other one version {hello.Version}";
        if (hello.JobId != world.JobId)
            return "this rank belongs to another job";
        if (hello.Epoch != world.Epoch)
            return $"this rank belongs to epoch {world.Epoch} of the job, the other one to {hello.Epoch}";
        if (hello.To != world.Rank)
            return $"this is rank {world.Rank}, not rank {hello.To}";
        if (hello.From < 0 || hello.From >= world.Members.Count || hello.From == world.Rank)
            return $"the job has no other rank {hello.From}";
        if (Pair is not null && hello.From != Pair.Peer)
            return $"rank {hello.From} answers at an endpoint of rank {Pair.Peer}";
        return world.Members[hello.From].Id == hello.MemberId ? null : $"another member has rank {hello.From}";
    }

    private void MakeProof(LinkWorld world, bool ofLower, Span<byte> proof)
    {
        int self = world.Rank;
        int peer = Pair!.Peer;
        int lower = Math.Min(self, peer);
        int higher = Math.Max(self, peer);
        LinkIdentity link = new(world.JobId, world.Epoch, lower, world.Members[lower].Id, higher, world.Members[higher].Id);
        byte[] peerNonce = _hello!.Nonce;
        Proof.OfLink(world.Token, ofLower, link, Pair.IsLower ? _nonce : peerNonce, Pair.IsLower ? peerNonce : _nonce, proof);
    }

    private void OnProof(ReadOnlySpan<byte> proof)
    {
        Span<byte> expected = stackalloc byte[Proof.Bytes];
        MakeProof(_links.World!, ofLower: !Pair!.IsLower, expected);
        if (!Proof.Same(expected, proof))
        {
            _links.Log($"Refused a link from {Remote}: the job's token was not proven.");
            LinkRefusal refusal = new(IsDuplicate: false, "the job's token was not proven");
            Refuse(refusal);
            if (IsOurs)
                Pair.OnEnded(this, "it does not prove the job's token; another program may have taken the port", SocketError.Success, refusal);
            return;
        }

        _deadline?.Stop();
        if (!IsOurs)
            _links.NoLongerStranger(this);
        Stage = LinkConnectionStage.Proven;

        // From here on the higher rank waits without a limit of its own: the other end has proven itself and decides or closes.
        // Cutting it off could leave it with a link that this end does not have. Across NATs a way may die meanwhile.
        if (Pair.NeedsBlock)
        {
            _frames!.MaximumFrameBytes = Limits.LinkBlockBytes + Limits.LinkMessageBytes;
            _deadline = _links.Reactor.After(_links.Options.AttemptTimeout, TimeOut);
        }

        Pair.OnProven(this);
    }

    private NetSocket Release()
    {
        _deadline?.Stop();
        Stage = LinkConnectionStage.Over;
        return _frames!.Release()!;
    }

    private void TimeOut()
    {
        if (Stage == LinkConnectionStage.Connecting)
            End("no answer in time", SocketError.TimedOut);
        else
            End($"{(IsOurs || Stage > LinkConnectionStage.Proof ? "no word" : "it was silent")} in time");
    }

    private void End(string problem, SocketError error = SocketError.Success, LinkRefusal? refusal = null)
    {
        if (Stage == LinkConnectionStage.Over)
            return;
        bool isStranger = !IsOurs && Stage < LinkConnectionStage.Proven;
        Drop();
        if (isStranger)
            _links.Log($"Closed the connection from {Remote}: {problem}");
        else
            Pair!.OnEnded(this, problem, error, refusal);
    }
}
