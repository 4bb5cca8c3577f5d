using System.Net;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>What one end does for a link; both ends come to plans that fit, from the same table of members.</summary>
internal enum LinkPlan
{
    /// <summary>It connects.</summary>
    Connect,

    /// <summary>The other end connects; if it cannot, this one tries too after a while.</summary>
    Await,

    /// <summary>Both are behind one NAT: both connect inside and around it, and the first connection that proves itself wins.</summary>
    Near,

    /// <summary>Both connect at once, each opening its NAT for the other.</summary>
    Punch,

    /// <summary>This end's NAT opens another port for each destination: it can only get in where anybody may.</summary>
    Probe,

    /// <summary>The other end's NAT is like that: it tries, this one waits.</summary>
    AwaitProbe,

    /// <summary>Both NATs are like that: there is no direct way.</summary>
    NoWay,
}

/// <summary>Chooses plans.</summary>
internal static class LinkPlans
{
    /// <summary>Which end of a pair connects when only one does; sums of ranks spread the work evenly.</summary>
    public static bool IsConnector(int self, int peer) => ((self + peer) & 1) == 0 ? self < peer : self > peer;

    public static LinkPlan For(MemberInfo self, MemberInfo peer)
    {
        if (IsOpen(peer))
            return IsOpen(self) && !IsConnector(self.Rank, peer.Rank) ? LinkPlan.Await : LinkPlan.Connect;
        if (IsOpen(self))
            return LinkPlan.Await;
        if (self.Observed.Address.Equals(peer.Observed.Address))
            return LinkPlan.Near;
        if (self.Nat == NatKind.Symmetric)
            return peer.Nat == NatKind.Symmetric ? LinkPlan.NoWay : LinkPlan.Probe;
        return peer.Nat == NatKind.Symmetric ? LinkPlan.AwaitProbe : LinkPlan.Punch;
    }

    /// <summary>Whether a link between the two may cross a NAT, so that it is checked with a block of data and kept alive.</summary>
    public static bool CrossesNats(MemberInfo self, MemberInfo peer) => !IsOpen(self) && !IsOpen(peer);

    /// <summary>Whether others can connect to it: no NAT is in front of it, or it names an endpoint of its own.</summary>
    private static bool IsOpen(MemberInfo member) =>
        member.Nat == NatKind.None || member.EndPoints.Count > 1 || !member.EndPoints[0].Equals(member.Observed);
}

/// <summary>An endpoint that is tried again and again, with growing or even pauses.</summary>
internal sealed class AttemptLoop(IPEndPoint endPoint, bool grows)
{
    private static readonly TimeSpan EvenPause = TimeSpan.FromMilliseconds(20);

    private readonly Backoff? _growing = grows ? new(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(1)) : null;

    /// <summary>The attempt that is on its way.</summary>
    public LinkConnection? Current { get; set; }

    /// <summary>The one that begins once this one has failed, if its time has not come before.</summary>
    public AttemptLoop? Follower { get; set; }

    public bool HasBegun { get; set; }

    /// <summary>The next attempt's time.</summary>
    public ReactorTimer? Timer { get; set; }

    public IPEndPoint EndPoint => endPoint;

    /// <summary>Jitter keeps ranks that failed together from trying together.</summary>
    public TimeSpan NextPause() => _growing?.Next() ?? EvenPause + (TimeSpan.FromMilliseconds(60) * Random.Shared.NextDouble());
}
