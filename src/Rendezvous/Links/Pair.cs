using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>This end of one pair of ranks: at most one connection ever becomes its link.</summary>
/// <remarks>
/// Any number of connections may be on their way, from either end. Those that prove themselves are the pair's; of them the
/// lower rank chooses one, the first that works, and the higher one takes what is chosen.
/// </remarks>
internal sealed partial class Pair
{
    // A peer that says no says so again: three times, in case its address had just changed hands.
    private const int RefusalsBelieved = 3;

    private readonly Links _links;
    private readonly MemberInfo _self;
    private readonly MemberInfo _member;
    private readonly List<LinkWait> _waits = [];
    private readonly List<LinkConnection> _connections = [];
    private readonly LinkPlan _plan;
    private AttemptLoop[] _loops = [];
    private LinkConnection? _chosen;
    private Exception? _failure;
    private ReactorTimer? _patience;
    private bool _isActive;
    private int _refusals;
    private long _start;

    public Pair(Links links, MemberInfo self, MemberInfo member)
    {
        (_links, _self, _member) = (links, self, member);
        _plan = LinkPlans.For(self, member);
        NeedsBlock = LinkPlans.CrossesNats(self, member);
    }

    public int Peer => _member.Rank;

    public bool IsLower => _self.Rank < _member.Rank;

    /// <summary>Whether the way is checked with a block of data before it counts.</summary>
    public bool NeedsBlock { get; }

    /// <summary>Whether this end has something to do for it, at once.</summary>
    public bool IsOurTurn => _plan is not (LinkPlan.Await or LinkPlan.AwaitProbe);

    /// <summary>Whether its link is up.</summary>
    public bool IsUp { get; private set; }

    /// <summary>Connections tried by this end.</summary>
    public int Attempts { get; private set; }

    /// <summary>How the link came up.</summary>
    public LinkWay Way { get; private set; }

    /// <summary>From the first step until the link was up.</summary>
    public TimeSpan Took { get; private set; }

    /// <summary>How far the last attempt came, and how it failed.</summary>
    public LinkStage Reached { get; set; } = LinkStage.Punch;

    private string LastProblem { get; set; } = "";

    private IPEndPoint? LastRemote { get; set; }

    /// <summary>Waits for the link, and does this end's part to bring it up.</summary>
    /// <param name="wait">Told when it is up, or not.</param>
    /// <param name="limit">How long.</param>
    /// <param name="onDemand">Only this end is known to want it: the other one may have to be asked for its part.</param>
    public void Want(LinkWait wait, TimeSpan limit, bool onDemand)
    {
        if (_failure is not null || (IsUp && _waits.Count == 0))
        {
            wait.End(_failure);
            return;
        }

        (wait.Start, wait.Limit) = (_links.Reactor.Now, limit);
        _waits.Add(wait);
        wait.Deadline = _links.Reactor.After(limit, () => TimeOut(wait));
        if (!_isActive && !IsUp)
            Begin(onDemand);
    }

    /// <summary>Nobody needs this wait any more.</summary>
    public void Forget(LinkWait wait)
    {
        if (_waits.Remove(wait))
            wait.Deadline?.Stop();
        if (_waits.Count == 0 && !IsUp)
            Rest();
    }

    /// <summary>The link will not come up any more.</summary>
    public void Fail(Exception reason)
    {
        if (_failure is not null)
            return;
        _failure = reason;
        if (!IsUp)
            Rest();
        EndWaits(reason);
    }

    /// <summary>The socket is with whoever uses it, or was not taken.</summary>
    public void HandedOver(Exception? error)
    {
        if (error is not null)
            Fail(error);
        else
            EndWaits(null);
    }

    /// <summary>The connection and its other end have proven themselves.</summary>
    public void OnProven(LinkConnection connection)
    {
        if (IsUp || _failure is not null)
        {
            _links.Log($"Dropped a second connection from rank {Peer} ({connection.Remote}).");
            connection.Refuse(new LinkRefusal(IsDuplicate: true, "the pair has a link"));
            return;
        }

        if (!connection.IsOurs)
            _connections.Add(connection);
        if (_start == 0)
            _start = _links.Reactor.Now;
        if (IsLower && _chosen is null)
            Choose(connection);
    }

    /// <summary>The lower rank: the block has come back whole.</summary>
    public void OnChecked(LinkConnection connection)
    {
        if (!ReferenceEquals(connection, _chosen))
            throw new WireFormatException("a block came that nobody has asked for");
        Commit(connection);
    }

    /// <summary>A connection has ended before it became the link.</summary>
    /// <param name="connection">Which.</param>
    /// <param name="problem">Why.</param>
    /// <param name="error">What the network said to an attempt that did not reach anybody.</param>
    /// <param name="refusal">What the other end said.</param>
    public void OnEnded(LinkConnection connection, string problem, SocketError error, LinkRefusal? refusal)
    {
        _connections.Remove(connection);
        if (IsUp || _failure is not null)
            return;

        // At the peer's own address there may be another host, which says so or does not answer: that tells nothing of the peer.
        bool isOfPeer = !IsInside(connection.Remote);
        if (refusal is not { IsDuplicate: true } && (isOfPeer || LastProblem.Length == 0))
            LastProblem = refusal is null ? problem : $"refused: {problem}";
        if (refusal is { IsDuplicate: false } && isOfPeer && ++_refusals == RefusalsBelieved)
        {
            Fail(Refused(problem));
            return;
        }

        if (ReferenceEquals(connection, _chosen))
        {
            _chosen = null;
            foreach (LinkConnection other in _connections)
            {
                if (other.Stage == LinkConnectionStage.Proven)
                {
                    Choose(other);
                    break;
                }
            }
        }

        if (connection.IsOurs)
            OnAttemptEnded(connection, error);
    }

    /// <summary>This connection is the link; all others end.</summary>
    public void Establish(LinkConnection connection, NetSocket socket)
    {
        IsUp = true;
        Way = connection.Way == LinkWay.Direct && NeedsBlock && !IsInside(connection.Remote) ? IndirectWay : connection.Way;
        Took = _start == 0 ? TimeSpan.Zero : _links.Reactor.Since(_start);
        Reached = LinkStage.Established;
        _connections.Remove(connection);
        LinkConnection[] others = _connections.ToArray();
        Rest();
        foreach (LinkConnection other in others)
            other.Refuse(new LinkRefusal(IsDuplicate: true, "the pair has a link"));
        _connections.Clear();
        _links.Deliver(this, socket.ToManaged());
    }

    private void Choose(LinkConnection connection)
    {
        _chosen = connection;
        if (NeedsBlock)
        {
            Reached = LinkStage.Validate;
            connection.SendBlock();
        }
        else
        {
            Commit(connection);
        }
    }

    private void Commit(LinkConnection connection)
    {
        if (connection.Commit() is { } socket)
            Establish(connection, socket);
    }

    private void EndWaits(Exception? error)
    {
        LinkWait[] waits = _waits.ToArray();
        _waits.Clear();
        foreach (LinkWait wait in waits)
            wait.End(error);
    }

    private void TimeOut(LinkWait wait)
    {
        _waits.Remove(wait);
        LinkException error = TimedOut(_links.Reactor.Since(wait.Start));
        if (_waits.Count == 0 && !IsUp)
            Rest();
        wait.End(error);
    }

    private LinkException Refused(string problem) =>
        new(Peer, LinkStage.Hello, Attempts, $"Rank {Peer} at {LastRemote} refuses the link from rank {_self.Rank}: {problem}")
        {
            Rank = _self.Rank,
            RemoteEndPoint = $"{LastRemote}",
        };

    private LinkException TimedOut(TimeSpan elapsed)
    {
        string what = Attempts > 0
            ? $"after {Tries} in {elapsed.TotalSeconds:F1} s; the last one: {LastProblem}. "
            : $"within {elapsed.TotalSeconds:F1} s: rank {Peer} connects for this pair, and did not. ";
        return NoLink(elapsed, what, "See whether a firewall stands between them.");
    }

    private string Tries => $"{Attempts} attempt{(Attempts == 1 ? "" : "s")}";

    private LinkException NoLink(TimeSpan elapsed, string what, string advice)
    {
        string remote = LastRemote is null ? string.Join(" or ", _member.EndPoints) : $"{LastRemote}";
        string local = _self.Nat == NatKind.None ? $"{_links.ListenEndPoint}" : $"{_self.Observed}, NAT {_self.Nat.Name()}";
        string ended = $"It ended at stage {Reached}{(Attempts == 0 ? ", without an attempt of this rank" : "")}. ";
        return new LinkException(
            Peer,
            Reached,
            Attempts,
            $"No link between rank {_self.Rank} ({local}) and rank {Peer} ({remote}"
                + $"{(_member.Nat == NatKind.None ? "" : $", NAT {_member.Nat.Name()}")}) {what}{ended}"
                + (_isShort ? $"On this host {DescriptorLimit.Shortage}." : advice))
        {
            Rank = _self.Rank,
            Elapsed = elapsed,
            LocalEndPoint = _self.Nat == NatKind.None ? $"{_links.ListenEndPoint}" : $"{_self.Observed}",
            RemoteEndPoint = remote,
        };
    }
}
