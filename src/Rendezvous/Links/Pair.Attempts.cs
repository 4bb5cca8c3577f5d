using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

internal sealed partial class Pair
{
    // So often is an attempt refused before another way is taken: a NAT that answers a stranger with a reset closes, with the
    // reset, what the stranger's own NAT had opened. Twice as often each further time.
    private const int RefusalsBeforeSequence = 3;

    // So often, in a second and a half, are the endpoints found taken before it is not by a connection of the peer that becomes the link.
    private const int TakenBeforeSequence = 30;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private bool _isShort;
    private int _resets;
    private int _resetLimit = RefusalsBeforeSequence;
    private int _taken;

    /// <summary>The other end tells something about the pair, through the coordinator.</summary>
    public void OnSignal(LinkSignal signal)
    {
        if (IsUp || _failure is not null)
            return;
        switch (signal.Kind)
        {
            case LinkSignalKind.Wanted when _isActive:
                // The other end is refused. Where its packet came here before that reset, this end's attempt is half a connection, for which
                // a reset of that kind comes too late: it is silent, and nothing else can use its endpoints.
                if (!IsLower && _plan == LinkPlan.Punch && _sequence is null && _loops.Length > 0)
                    StartSequence(afterResets: true);
                break;
            case LinkSignalKind.Wanted:
                DoOurPart();
                break;
            case LinkSignalKind.Open:
                OpenFor(signal);
                break;
            case LinkSignalKind.Opened:
                OnOpened(signal);
                break;
            default:
                throw new WireFormatException($"A signal of kind {(byte)signal.Kind} came from rank {Peer}.");
        }
    }

    /// <summary>This process had no descriptor for an attempt; it is made again.</summary>
    public void OnShortage()
    {
        LastProblem = "no file descriptor was left for it";
        if (!_isShort)
            _links.Log($"The link to rank {Peer} is tried again: {DescriptorLimit.Shortage}.");
        _isShort = true;
    }

    /// <summary>The coordinator could not pass a signal on.</summary>
    public void OnSignalLost()
    {
        if (_sequence is not null)
            EndSequence();
    }

    private void Begin(bool onDemand)
    {
        (_isActive, _hasRelayed) = (true, false);
        _start = _links.Reactor.Now;
        LinkOptions options = _links.Options;
        switch (_plan)
        {
            case LinkPlan.Connect:
                Loop(SeedTarget.Stagger, _member.EndPoints);
                break;
            case LinkPlan.Await when onDemand && _member.Nat == NatKind.None:
                Loop(SeedTarget.Stagger, _member.EndPoints);
                break;
            case LinkPlan.Await:
                _patience = _links.Reactor.After(options.Patience, () => Loop(SeedTarget.Stagger, _member.EndPoints));
                break;
            case LinkPlan.Near:
                // Inside, where they may reach each other, and around, where the NAT may turn them back to each other.
                Loop(TimeSpan.Zero, _member.Local, _member.Observed);
                GiveUpAfter(options.PunchTimeout);
                break;
            case LinkPlan.Punch when onDemand:
                GiveUpAfter(options.PunchTimeout);
                StartSequence(afterResets: false);
                TryInside();
                return;
            case LinkPlan.Punch:
                Loop(TimeSpan.Zero, _member.Observed);
                GiveUpAfter(options.PunchTimeout);
                break;
            case LinkPlan.Probe:
                Loop(TimeSpan.Zero, _member.Observed);
                GiveUpAfter(options.ProbeTimeout);
                break;
            case LinkPlan.AwaitProbe:
                GiveUpAfter(_links.World!.RelayAllowed ? options.ProbeTimeout : options.PunchTimeout);
                break;
            case LinkPlan.NoWay:
                GiveUpAfter(HasInside ? options.ProbeTimeout : TimeSpan.Zero);
                break;
        }

        TryInside();

        bool peerActsByItself = !onDemand || _plan == LinkPlan.Connect || (_plan == LinkPlan.Await && _member.Nat == NatKind.None);
        if (!peerActsByItself)
            _links.Signal(Peer, new LinkSignal(LinkSignalKind.Wanted, 0, Opening.Doomed, 0, TimeSpan.Zero));
    }

    /// <summary>Somebody else wants the link: this end acts for a while without having anybody who waits.</summary>
    private void DoOurPart()
    {
        if (!_isActive)
            Want(new LinkWait(error => _links.LogUnwanted(Peer, error)), _links.Options.StrangerTimeout, onDemand: false);
    }

    private void Rest()
    {
        _isActive = false;
        _patience?.Stop();
        _giveUp?.Stop();
        _relay?.Stop();
        _relay = null;
        StopSequence();
        StopLoops();
        StopInside();
        foreach (LinkConnection connection in _connections.ToArray())
        {
            if (connection.Stage == LinkConnectionStage.Connecting || !IsUp)
            {
                _connections.Remove(connection);
                connection.Drop();
            }
        }

        _chosen = null;
    }

    /// <summary>Tries all endpoints, each a while after the one before it or once that has failed: a silent one does not keep the others waiting.</summary>
    private void Loop(TimeSpan stagger, params IReadOnlyList<IPEndPoint> endPoints)
    {
        StopLoops();
        bool grows = _plan is LinkPlan.Connect or LinkPlan.Await;
        AttemptLoop[] loops = new AttemptLoop[endPoints.Count];
        for (int i = 0; i < loops.Length; i++)
            loops[i] = new AttemptLoop(endPoints[i], grows);
        _loops = loops;
        for (int i = 1; i < loops.Length; i++)
        {
            AttemptLoop loop = loops[i];
            loops[i - 1].Follower = loop;
            loop.Timer = _links.Reactor.After(stagger * i, () => Attempt(loop));
        }

        if (loops.Length > 0)
            Attempt(loops[0]);
    }

    private void StopLoops()
    {
        foreach (AttemptLoop loop in _loops)
            Stop(loop);
        _loops = [];
    }

    private void Stop(AttemptLoop loop)
    {
        loop.Timer?.Stop();
        if (loop.Current is not { Stage: LinkConnectionStage.Connecting } attempt)
            return;
        _connections.Remove(attempt);
        attempt.Drop();
    }

    private void Attempt(AttemptLoop loop)
    {
        if (!_isActive || IsUp)
            return;
        loop.HasBegun = true;
        if (IsOneOnItsWay(loop.EndPoint))
        {
            // It becomes the link, or ends within its own time.
            loop.Timer = _links.Reactor.After(LookAgain, () => Attempt(loop));
            return;
        }

        bool direct = _plan is LinkPlan.Connect or LinkPlan.Await;
        LinkOptions options = _links.Options;
        TimeSpan limit = direct ? options.AttemptTimeout : options.PunchAttemptTimeout;
        LinkWay way = _plan == LinkPlan.Punch && loop != _inside ? LinkWay.Punched : LinkWay.Direct;
        loop.Current = Connect(loop.EndPoint, way, limit, out SocketError error);
        if (loop.Current is null)
            OnFailed(loop, error);
    }

    /// <returns>The attempt, or <see langword="null"/> when it has failed already.</returns>
    private LinkConnection? Connect(
        IPEndPoint remote, LinkWay way, TimeSpan limit, out SocketError error, int hops = 0, IPEndPoint? local = null)
    {
        Attempts++;
        bool isInside = IsInside(remote);
        if (!isInside)
            (Reached, LastRemote) = (LinkStage.Punch, remote);
        LinkConnection attempt = new(_links, this, way);
        error = attempt.Connect(_links.Port.CreateFor(remote, local), remote, limit, limit, hops);
        if (error == SocketError.TooManyOpenSockets)
        {
            OnShortage();
            return null;
        }

        _isShort = false;
        if (error == SocketError.Success)
        {
            _connections.Add(attempt);
            return attempt;
        }

        // The same two endpoints have a connection: mostly the peer's own, in the queue of the listener.
        if (error != SocketError.AddressNotAvailable && (!isInside || LastProblem.Length == 0))
            LastProblem = new SocketException((int)error).Message;
        return null;
    }

    private void OnAttemptEnded(LinkConnection attempt, SocketError error)
    {
        if (attempt.Way == LinkWay.Relayed)
        {
            OnRelayEnded(LastProblem);
            return;
        }

        if (_sequence is not null && ReferenceEquals(_sequence.Current, attempt))
        {
            NextStepSoon();
            return;
        }

        if (_inside is not null && ReferenceEquals(_inside.Current, attempt))
        {
            _inside.Current = null;
            Later(_inside);
            return;
        }

        foreach (AttemptLoop loop in _loops)
        {
            if (!ReferenceEquals(loop.Current, attempt))
                continue;
            loop.Current = null;
            OnFailed(loop, error);
            return;
        }
    }

    private void OnFailed(AttemptLoop loop, SocketError error)
    {
        if (loop.Follower is { HasBegun: false } next)
        {
            next.Timer?.Stop();
            Attempt(next);
        }

        if (loop == _inside)
        {
            Later(loop);
            return;
        }

        bool isBlocked = error switch
        {
            SocketError.TimedOut => true,
            SocketError.ConnectionRefused or SocketError.ConnectionReset => ++_resets >= _resetLimit,
            SocketError.AddressNotAvailable => ++_taken >= TakenBeforeSequence,
            _ => false,
        };
        if (_plan != LinkPlan.Punch || !isBlocked)
        {
            Later(loop);
            return;
        }

        (_resets, _resetLimit, _taken) = (0, _resetLimit * 2, 0);
        TakeTurns();
    }

    private void Later(AttemptLoop loop) => loop.Timer = _links.Reactor.After(loop.NextPause(), () => Attempt(loop));

    /// <param name="to">The only endpoint whose silence counts: at any other, whoever has taken the connection may be somebody else.</param>
    private bool IsOneOnItsWay(IPEndPoint to)
    {
        foreach (LinkConnection connection in _connections)
        {
            if (connection.Stage is LinkConnectionStage.Proof or LinkConnectionStage.Proven)
                return true;
            if (connection.Stage == LinkConnectionStage.Hello && connection.Remote?.Address.Equals(to.Address) != false)
                return true;
        }

        return false;
    }
}
