using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi;

/// <summary>Faults for a <see cref="LocalCluster"/>, each at a named event: the n-th frame from one rank (to another).</summary>
/// <remarks>Frames are counted from 0 and include those of the protocol itself (credits, announcements).</remarks>
public sealed class FaultPlan
{
    private readonly List<Rule> _rules = [];

    /// <summary>The rank dies instead of sending its n-th frame: its links break, its body gets an exception.</summary>
    public FaultPlan Kill(int rank, int frame = 0) => With(new Rule(rank, -1, frame, new FrameFault(Drop: true), Kills: true));

    /// <summary>The n-th frame from one rank to another is lost; the receiver notices with the next one.</summary>
    public FaultPlan Drop(int from, int to, int frame = 0) => With(new Rule(from, to, frame, new FrameFault(Drop: true)));

    /// <summary>The n-th frame from one rank to another comes twice.</summary>
    public FaultPlan Duplicate(int from, int to, int frame = 0) => With(new Rule(from, to, frame, new FrameFault(Duplicate: true)));

    /// <summary>The n-th frame from one rank to another, and all behind it, come that much later.</summary>
    public FaultPlan Delay(int from, int to, TimeSpan delay, int frame = 0) =>
        With(new Rule(from, to, frame, new FrameFault(Delay: delay)));

    /// <summary>The connection between two ranks breaks instead of carrying the n-th frame from the first to the second.</summary>
    public FaultPlan BreakLink(int from, int to, int frame = 0) =>
        With(new Rule(from, to, frame, new FrameFault(Drop: true), BreaksLink: true));

    internal bool Kills(int rank) => _rules.Exists(rule => rule.Kills && rule.From == rank);

    /// <summary>The faults for one direction of one link; called under the sending rank's gate.</summary>
    internal Func<FrameHeader, FrameFault>? For(int from, int to, RankFaults rank)
    {
        Rule[] rules = [.. _rules.Where(rule => rule.From == from && (rule.To == to || rule.To < 0))];
        if (rules.Length == 0)
            return null;
        int onLink = 0;
        return _ =>
        {
            int linkFrame = onLink++, rankFrame = rank.Frames++;
            foreach (Rule rule in rules)
            {
                if (rule.Kills ? rankFrame >= rule.Frame : linkFrame == rule.Frame)
                {
                    if (rule.Kills)
                        rank.Kill();
                    if (rule.BreaksLink)
                        rank.BreakLink(to);
                    return rule.Fault;
                }
            }

            return default;
        };
    }

    private FaultPlan With(Rule rule)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rule.Frame, "frame");
        _rules.Add(rule);
        return this;
    }

    private sealed record Rule(int From, int To, int Frame, FrameFault Fault, bool Kills = false, bool BreaksLink = false);

    /// <summary>What the faults of one rank act on.</summary>
    internal sealed class RankFaults(Action kill, Action<int> breakLink)
    {
        private bool _killed;

        public int Frames { get; set; }

        public void Kill()
        {
            if (_killed)
                return;
            _killed = true;

            // The frame is being queued on one of the links that have to go: they go right after.
            ThreadPool.UnsafeQueueUserWorkItem(static action => action(), kill, preferLocal: false);
        }

        public void BreakLink(int peer) =>
            ThreadPool.UnsafeQueueUserWorkItem(static state => state.breakLink(state.peer), (breakLink, peer), preferLocal: false);
    }
}
