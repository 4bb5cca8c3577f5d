using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

internal sealed partial class Pair
{
    // So often is an attempt refused before another way is taken: a NAT that answers a stranger with a reset closes, with the
    // reset, what the stranger's own NAT had opened. Twice as often each further time.
    private const int RefusalsBeforeSequence = 3;

    // So often, in a second and a half, are the endpoints found taken before it is not by a connection of the peer that becomes the link.
    private const int TakenBeforeSequence = 30;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private ReactorTimer? _giveUp;
    private int _resets;
    private int _resetLimit = RefusalsBeforeSequence;
    private int _taken;
    private RelayAttempt? _relay;

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

    /// <summary>The coordinator could not pass a signal on.</summary>
    public void OnSignalLost()
    {
        if (_sequence is not null)
            EndSequence();
    }

    /// <summary>The relay has ended before the link was up.</summary>
    public void OnRelayEnded(string problem)
    {
        _relay = null;
        LastProblem = problem;
        if (_isActive && !IsUp)
            GiveUp();
    }

    /// <summary>The coordinator has connected this end with the other one.</summary>
    public void OnRelayReady(FrameConnection connection)
    {
        LinkConnection relayed = new(_links, this, LinkWay.Relayed);
        Attempts++;
        _connections.Add(relayed);
        relayed.Adopt(connection);
    }

    private void Begin(bool onDemand)
    {
        (_isActive, _hasRelayed) = (true, false);
        _start = _links.Reactor.Now;
        LinkOptions options = _links.Options;
        switch (_plan)
        {
            case LinkPlan.Connect:
                Loop(_member.EndPoints);
                break;
            case LinkPlan.Await when onDemand && _member.Nat == NatKind.None:
                Loop(_member.EndPoints);
                break;
            case LinkPlan.Await:
                _patience = _links.Reactor.After(options.Patience, () => Loop(_member.EndPoints));
                break;
            case LinkPlan.Near:
                // Inside, where they may reach each other, and around, where the NAT may turn them back to each other.
                Loop([_member.Local], [_member.Observed]);
                GiveUpAfter(options.PunchTimeout);
                break;
            case LinkPlan.Punch when onDemand:
                GiveUpAfter(options.PunchTimeout);
                StartSequence(afterResets: false);
                return;
            case LinkPlan.Punch:
                Loop([_member.Observed]);
                GiveUpAfter(options.PunchTimeout);
                break;
            case LinkPlan.Probe:
                Loop([_member.Observed]);
                GiveUpAfter(options.ProbeTimeout);
                break;
            case LinkPlan.AwaitProbe:
                GiveUpAfter(_links.World!.RelayAllowed ? options.ProbeTimeout : options.PunchTimeout);
                break;
            case LinkPlan.NoWay:
                GiveUpAfter(TimeSpan.Zero);
                break;
        }

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

    private void Loop(params IReadOnlyList<IPEndPoint>[] tracks)
    {
        StopLoops();
        bool grows = _plan is LinkPlan.Connect or LinkPlan.Await;
        _loops = new AttemptLoop[tracks.Length];
        for (int i = 0; i < tracks.Length; i++)
        {
            _loops[i] = new AttemptLoop(tracks[i], grows);
            Attempt(_loops[i]);
        }
    }

    private void StopLoops()
    {
        foreach (AttemptLoop loop in _loops)
        {
            loop.Timer?.Stop();
            if (loop.Current is { Stage: LinkConnectionStage.Connecting } attempt)
            {
                _connections.Remove(attempt);
                attempt.Drop();
            }
        }

        _loops = [];
    }

    private void Attempt(AttemptLoop loop)
    {
        if (!_isActive || IsUp)
            return;
        if (IsOneOnItsWay())
        {
            // It becomes the link, or ends within its own time.
            loop.Timer = _links.Reactor.After(LookAgain, () => Attempt(loop));
            return;
        }

        bool direct = _plan is LinkPlan.Connect or LinkPlan.Await;
        LinkOptions options = _links.Options;
        TimeSpan limit = direct ? options.AttemptTimeout : options.PunchAttemptTimeout;
        LinkWay way = _plan == LinkPlan.Punch ? LinkWay.Punched : LinkWay.Direct;
        loop.Current = Connect(loop.NextEndPoint(), way, limit, out SocketError error);
        if (loop.Current is null)
            OnFailed(loop, error);
    }

    /// <returns>The attempt, or <see langword="null"/> when it has failed already.</returns>
    private LinkConnection? Connect(
        IPEndPoint remote, LinkWay way, TimeSpan limit, out SocketError error, int hops = 0, IPEndPoint? local = null)
    {
        Attempts++;
        Reached = LinkStage.Punch;
        LastRemote = remote;
        LinkConnection attempt = new(_links, this, way);
        error = attempt.Connect(_links.Port.CreateFor(remote, local), remote, limit, limit, hops);
        if (error == SocketError.Success)
        {
            _connections.Add(attempt);
            return attempt;
        }

        // The same two endpoints have a connection: mostly the peer's own, in the queue of the listener.
        if (error != SocketError.AddressNotAvailable)
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

    private bool IsOneOnItsWay()
    {
        foreach (LinkConnection connection in _connections)
        {
            if (connection.Stage is LinkConnectionStage.Hello or LinkConnectionStage.Proof or LinkConnectionStage.Proven)
                return true;
        }

        return false;
    }

    private void GiveUpAfter(TimeSpan time) => _giveUp = _links.Reactor.After(time, GiveUp);

    /// <summary>There is no direct way: through the coordinator, or not at all.</summary>
    private void GiveUp()
    {
        if (IsOneOnItsWay())
        {
            GiveUpAfter(LookAgain);
            return;
        }

        _giveUp?.Stop();
        StopSequence();
        if (_links.World!.RelayAllowed && _relay is null && _links.SeedAddress is not null && !_hasRelayed)
        {
            _hasRelayed = true;
            StopLoops();
            _relay = new RelayAttempt(_links, this);
            return;
        }

        LinkException error = NoDirectWay(_links.Reactor.Since(_start));
        Rest();
        EndWaits(error);
    }

    private LinkException NoDirectWay(TimeSpan elapsed)
    {
        string what = Attempts > 0 || LastProblem.Length > 0
            ? $"after {Tries} in {elapsed.TotalSeconds:F1} s; the last one: {(LastProblem.Length > 0 ? LastProblem : "no answer")}. "
            : "is possible directly: their NATs cannot be opened for each other. ";
        return NoLink(
            elapsed,
            what,
            _links.World!.RelayAllowed
                ? "The coordinator could not relay either."
                : "Allow a relay with --relay; docs/nats.md tells which NATs can be opened.");
    }
}
