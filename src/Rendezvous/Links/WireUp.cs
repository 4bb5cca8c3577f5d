using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous;

/// <summary>One wire-up: all links of a rank, in parallel up to a limit.</summary>
internal sealed class WireUp
{
    private readonly Links _links;
    private readonly WireUpOptions _options;
    private readonly TaskCompletionSource<WireUpReport> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _rank;
    private readonly Topology _topology;
    private readonly long _start;
    private Pair[] _pairs = [];
    private LinkWait?[] _waits = [];
    private Action<WireUp, WireUpReport?>? _onEnd;
    private int _next;
    private int _running;
    private int _up;
    private bool _isGoingOn;

    /// <param name="links">The rank's.</param>
    /// <param name="rank">The rank.</param>
    /// <param name="topology">Which links.</param>
    /// <param name="options">Limits and times.</param>
    public WireUp(Links links, int rank, Topology topology, WireUpOptions options)
    {
        (_links, _rank, _topology, _options, _start) = (links, rank, topology, options, links.Reactor.Now);
    }

    public Task<WireUpReport> Done => _done.Task;

    /// <param name="onEnd">Told on the reactor's thread: the report, or nothing when it failed.</param>
    public void Start(Action<WireUp, WireUpReport?> onEnd)
    {
        _onEnd = onEnd;
        int[] peers = InTurn(_rank, _topology);
        _pairs = new Pair[peers.Length];
        _waits = new LinkWait?[peers.Length];
        for (int i = 0; i < peers.Length; i++)
            _pairs[i] = _links.Pair(peers[i]);

        // Links that the other end makes take nothing here but the wait for them.
        for (int i = 0; i < _pairs.Length; i++)
        {
            if (!_pairs[i].IsOurTurn)
                Want(i, counts: false);
        }

        GoOn();
        EndWhenComplete();
    }

    /// <summary>Gives up what is not up yet.</summary>
    public void Fail(Exception error)
    {
        if (_done.Task.IsCompleted)
            return;
        if (error is OperationCanceledException cancelled)
            _done.SetCanceled(cancelled.CancellationToken);
        else
            _done.SetException(error);
        _onEnd?.Invoke(this, null);
        for (int i = 0; i < _waits.Length; i++)
        {
            if (_waits[i] is { } wait)
                _pairs[i].Forget(wait);
        }
    }

    /// <summary>
    /// In rounds of which each is a perfect matching: in round r a rank meets rank r - self. So the two ends of a pair come to it
    /// at the same time, as NATs want it, and no rank is everybody's first.
    /// </summary>
    private static int[] InTurn(int rank, Topology topology)
    {
        int[] peers = new int[topology.Neighbours(rank).Length];
        for (int round = 0, i = 0; i < peers.Length; round++)
        {
            int peer = (round - rank + topology.Size) % topology.Size;
            if (peer != rank && topology.HasLink(rank, peer))
                peers[i++] = peer;
        }

        return peers;
    }

    private void GoOn()
    {
        // Links that are up already end their waits within the loop.
        if (_isGoingOn)
            return;
        _isGoingOn = true;
        while (_running < _options.Parallel && _next < _pairs.Length && !_done.Task.IsCompleted)
        {
            int i = _next++;
            if (_pairs[i].IsOurTurn)
                Want(i, counts: true);
        }

        _isGoingOn = false;
    }

    private void Want(int i, bool counts)
    {
        TimeSpan rest = _options.Timeout - _links.Reactor.Since(_start);
        if (counts)
            _running++;
        LinkWait wait = new(error => OnEnd(i, counts, error));
        _waits[i] = wait;
        _pairs[i].Want(wait, rest, onDemand: false);
    }

    private void OnEnd(int i, bool counts, Exception? error)
    {
        _waits[i] = null;
        if (counts)
            _running--;
        if (error is not null)
        {
            // The first that fails ends the wire-up: the others would only wait for their deadlines.
            Fail(error);
            return;
        }

        _up++;
        _options.Progress?.Invoke(_up, _pairs.Length);
        GoOn();
        EndWhenComplete();
    }

    private void EndWhenComplete()
    {
        if (_up < _pairs.Length || _done.Task.IsCompleted)
            return;
        LinkReport[] links = new LinkReport[_pairs.Length];
        for (int i = 0; i < links.Length; i++)
            links[i] = new LinkReport(_pairs[i].Peer, _pairs[i].Way, _pairs[i].Attempts, _pairs[i].Took);
        WireUpReport report = WireUpReport.Of(links, _links.Reactor.Since(_start));
        _onEnd?.Invoke(this, report);
        _done.SetResult(report);
    }
}
