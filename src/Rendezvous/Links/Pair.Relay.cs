using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

// When there is no direct way: through the coordinator, or not at all.
internal sealed partial class Pair
{
    private ReactorTimer? _giveUp;
    private RelayAttempt? _relay;
    private bool _hasRelayed;

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

    private void GiveUpAfter(TimeSpan time) => _giveUp = _links.Reactor.After(time, GiveUp);

    /// <summary>There is no direct way: through the coordinator, or not at all.</summary>
    private void GiveUp()
    {
        if (IsOneOnItsWay(_member.Observed))
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
            StopInside();
            _relay = new RelayAttempt(_links, this);
            return;
        }

        LinkException error = NoDirectWay(_links.Reactor.Since(_start));
        Rest();
        EndWaits(error);
    }

    private LinkException NoDirectWay(TimeSpan elapsed)
    {
        string problem = LastProblem.Length > 0 ? LastProblem : "no answer";
        string what = (_plan, Attempts) switch
        {
            (_, 0) when LastProblem.Length == 0 => "is possible directly: their NATs cannot be opened for each other. ",
            (LinkPlan.NoWay, _) => $"after {Tries} in {elapsed.TotalSeconds:F1} s: their NATs cannot be opened for each other, and "
                + $"{_member.Local}, its own address, leads elsewhere ({problem}). ",
            _ => $"after {Tries} in {elapsed.TotalSeconds:F1} s; the last one: {problem}. ",
        };
        return NoLink(
            elapsed,
            what,
            _links.World!.RelayAllowed
                ? "The coordinator could not relay either."
                : $"The job's setting Relay lets them talk through the coordinator; docs/nats.md tells which NATs can be opened.");
    }
}
