using System.Net;

namespace BoxerMpi.Rendezvous;

// The coordinator may be the only one to see them behind NATs: hosts of a cluster reach each other, and what is outside by way of a gateway.
// So each end's own address is tried too, whatever else the plan is; whoever answers there has to prove that it is the peer.
internal sealed partial class Pair
{
    private AttemptLoop? _inside;

    private bool HasInside =>
        _plan is LinkPlan.Punch or LinkPlan.Probe or LinkPlan.AwaitProbe or LinkPlan.NoWay && !_member.Local.Equals(_self.Local);

    private void TryInside()
    {
        if (!HasInside)
            return;
        _inside = new AttemptLoop(_member.Local, grows: true);
        Attempt(_inside);
    }

    private void StopInside()
    {
        if (_inside is not null)
            Stop(_inside);
        _inside = null;
    }

    /// <summary>Whether that is the peer's own address, and not the one that the coordinator sees.</summary>
    private bool IsInside(IPEndPoint? remote) => _member.Local.Equals(remote) && !_member.Local.Equals(_member.Observed);
}
