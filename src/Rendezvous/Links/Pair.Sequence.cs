using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>One opening of a NAT that one end asks the other for.</summary>
internal sealed class OpeningStep(Opening opening, int hops)
{
    /// <summary>
    /// Plain at first; then with packets that leave the opener's own NAT but do not reach the other one, where that answers
    /// strangers with a reset; and both at one moment, so that neither NAT sees a stranger. Twice, because a packet may get lost. The
    /// opening socket is kept and becomes the link, because a NAT that watches sequence numbers lets no second connection use what a
    /// first has opened. Sockets that are given up come last.
    /// </summary>
    public static readonly OpeningStep[] All =
    [
        new(Opening.Kept, 0), new(Opening.Kept, 2), new(Opening.Kept, 3), new(Opening.Kept, 4), new(Opening.Together, 0),
        new(Opening.Kept, 2), new(Opening.Kept, 3), new(Opening.Kept, 4), new(Opening.Together, 0),
        new(Opening.Doomed, 2), new(Opening.Doomed, 3), new(Opening.Doomed, 4), new(Opening.Doomed, 0),
    ];

    /// <summary>The first one that is of use against NATs that answer with a reset.</summary>
    public const int FirstAfterResets = 1;

    public Opening Opening => opening;

    public int Hops => hops;
}

/// <summary>Sequential punching: one end asks, the other opens its NAT, then the first connects. They talk through the coordinator.</summary>
internal sealed partial class Pair
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StepPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ShortestStep = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(2);

    // After that long without a word from the end that asks, this one goes on by itself.
    private static readonly TimeSpan OpenerPatience = TimeSpan.FromSeconds(3);

    private Sequence? _sequence;
    private ReactorTimer? _openerPatience;
    private ReactorTimer? _openerDelay;
    private LinkConnection? _opener;
    private bool _hasOpened;
    private bool _hasAsked;

    private LinkWay IndirectWay => _plan != LinkPlan.Punch ? LinkWay.Direct : _hasOpened ? LinkWay.Sequential : LinkWay.Punched;

    /// <summary>Connecting at the same time does not get through: the higher rank asks from now on, the lower one opens.</summary>
    private void TakeTurns()
    {
        if (IsLower)
        {
            StopLoops();
            WaitForOpenRequests();
            _links.Signal(Peer, new LinkSignal(LinkSignalKind.Wanted, 0, Opening.Doomed, 0, TimeSpan.Zero));
        }
        else
        {
            StartSequence(afterResets: true);
        }
    }

    private void StartSequence(bool afterResets)
    {
        StopLoops();
        _hasOpened = true;
        _sequence = new Sequence { Step = (afterResets ? OpeningStep.FirstAfterResets : 0) - 1 };
        NextStep();
    }

    private void NextStep()
    {
        Sequence sequence = _sequence!;
        sequence.EndStep();
        if (++sequence.Step == OpeningStep.All.Length)
            EndSequence();
        else if (_hasAsked)
            TakePort(sequence);
        else
            Ask(sequence, port: 0);
    }

    /// <summary>
    /// A fresh local port, and where the coordinator sees it. An earlier attempt may have left a half-open connection in a NAT (Linux:
    /// SYN_SENT2, for two minutes), and a NAT that watches sequence numbers drops what another socket sends between the same endpoints.
    /// </summary>
    private void TakePort(Sequence sequence)
    {
        NetSocket socket = _links.Port.Create(_member.Observed.AddressFamily);
        if (socket.Descriptor < 0)
        {
            socket.Dispose();
            OnShortage();
            sequence.Timer = _links.Reactor.After(LookAgain, () => TakePort(sequence));
            return;
        }

        if (_links.SeedAddress is not { } seed || socket.BindShared(new IPEndPoint(_links.Port.From(seed), 0)) != SocketError.Success)
        {
            socket.Dispose();
            EndSequence();
            return;
        }

        sequence.Local = socket.Local;
        sequence.Reflection = new Reflection(_links.Reactor, socket, seed, AnswerLimit, (_, observed) =>
        {
            // Another external address than the one that all know: the other end would not open its NAT for it.
            if (observed is not null && observed.Address.Equals(_self.Observed.Address))
                Ask(sequence, observed.Port);
            else
                NextStepSoon();
        });
    }

    /// <summary>The step has failed, perhaps within microseconds: the coordinator is not to be flooded.</summary>
    private void NextStepSoon()
    {
        _sequence!.Timer?.Stop();
        _sequence.Timer = _links.Reactor.After(StepPause, NextStep);
    }

    private void Ask(Sequence sequence, int port)
    {
        OpeningStep step = OpeningStep.All[sequence.Step];
        _hasAsked = true;
        sequence.AskedAt = _links.Reactor.Now;
        sequence.Timer = _links.Reactor.After(AnswerLimit, NextStep);

        // What it took from asking to the answer is twice the way; the answer to this one takes half of it to come here.
        TimeSpan delay = step.Opening == Opening.Together ? sequence.RoundTrip / 2 : TimeSpan.Zero;
        if (!_links.Signal(Peer, new LinkSignal(LinkSignalKind.Open, sequence.Step, step.Opening, step.Hops, delay, port)))
            EndSequence();
    }

    /// <summary>The other end has opened its NAT.</summary>
    private void OnOpened(LinkSignal signal)
    {
        if (_sequence is not { } sequence || signal.Step != sequence.Step || sequence.Current is not null)
            return;
        sequence.Timer?.Stop();
        TimeSpan took = _links.Reactor.Since(sequence.AskedAt);
        if (sequence.RoundTrip == TimeSpan.Zero || took < sequence.RoundTrip)
            sequence.RoundTrip = took;
        TimeSpan limit = took * 4;
        limit = limit < ShortestStep ? ShortestStep : limit > LongestStep ? LongestStep : limit;
        LinkWay way = OpeningStep.All[sequence.Step].Opening switch
        {
            Opening.Kept => LinkWay.HandedOver,
            Opening.Together => LinkWay.Punched,
            _ => LinkWay.Sequential,
        };
        sequence.Current = Connect(_member.Observed, way, limit, out _, local: sequence.Local);
        if (sequence.Current is null)
            sequence.Timer = _links.Reactor.After(ShortestStep, NextStep);
    }

    /// <summary>Opens this end's NAT for the other one.</summary>
    private void OpenFor(LinkSignal signal)
    {
        if (_plan != LinkPlan.Punch || signal.Hops is < 0 or > 16 || signal.Delay < TimeSpan.Zero || signal.Delay > LongestStep)
            throw new WireFormatException($"Rank {Peer} asks for what makes no sense.");
        if (_sequence is not null && !IsLower)
            return; // both have asked: the higher rank does
        if (!_isActive)
        {
            // Only the other end wants the link.
            DoOurPart();
        }

        StopSequence();
        StopLoops();
        WaitForOpenRequests();
        _hasOpened = true;
        if (signal.Opening == Opening.Together)
        {
            _openerDelay = _links.Reactor.After(signal.Delay, () => Open(signal));
            Answer(signal);
            return;
        }

        Open(signal);
        Answer(signal);
    }

    private void Open(LinkSignal signal)
    {
        if (_opener is { Stage: LinkConnectionStage.Connecting } old)
        {
            _connections.Remove(old);
            old.Drop();
        }

        IPEndPoint remote = signal.Port == 0 ? _member.Observed : new IPEndPoint(_member.Observed.Address, signal.Port);
        LinkWay way = signal.Opening == Opening.Together ? LinkWay.Punched : LinkWay.HandedOver;
        _opener = Connect(remote, way, _links.Options.PunchAttemptTimeout, out _, signal.Hops);
        if (signal.Opening != Opening.Doomed || _opener is not { Stage: LinkConnectionStage.Connecting } doomed)
            return;

        // Closed before the other end comes: else its connection would be taken for the answer to this attempt.
        _opener = null;
        _connections.Remove(doomed);
        doomed.Drop();
    }

    private void Answer(LinkSignal signal) => _links.Signal(Peer, signal with { Kind = LinkSignalKind.Opened });

    private void WaitForOpenRequests()
    {
        _openerPatience?.Stop();
        _openerPatience = _links.Reactor.After(OpenerPatience, GoOnTogether);
    }

    /// <summary>Asking is over without a link: both try again at once, until the time for direct ways is over.</summary>
    private void EndSequence()
    {
        StopSequence();
        GoOnTogether();
    }

    private void GoOnTogether()
    {
        if (_isActive && !IsUp && _plan == LinkPlan.Punch && _loops.Length == 0)
            Loop(TimeSpan.Zero, _member.Observed);
    }

    private void StopSequence()
    {
        _openerPatience?.Stop();
        _openerDelay?.Stop();
        _sequence?.EndStep();
        _sequence = null;
    }

    private sealed class Sequence
    {
        public int Step { get; set; }

        public long AskedAt { get; set; }

        public TimeSpan RoundTrip { get; set; }

        public ReactorTimer? Timer { get; set; }

        public LinkConnection? Current { get; set; }

        /// <summary>What this step connects from; the rank's own port when it is null.</summary>
        public IPEndPoint? Local { get; set; }

        /// <summary>Holds the NAT's mapping of <see cref="Local"/> during the step.</summary>
        public Reflection? Reflection { get; set; }

        public void EndStep()
        {
            Timer?.Stop();
            Reflection?.Stop();
            (Current, Local, Reflection) = (null, null, null);
        }
    }
}
