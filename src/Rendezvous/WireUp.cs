namespace BoxerMpi.Rendezvous;

/// <summary>One wire-up: all links of a rank, in parallel up to a limit.</summary>
internal sealed class WireUp(Links links, int rank, Topology topology, WireUpOptions options, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _parallel = new(options.Parallel);
    private readonly List<LinkReport> _links = [];
    private long _start;
    private Exception? _failure;

    public void Dispose() => _parallel.Dispose();

    public async Task<WireUpReport> RunAsync(CancellationToken cancellationToken)
    {
        _start = time.GetTimestamp();
        int[] peers = InTurn(topology.Neighbours(rank));
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] all = new Task[peers.Length];
        for (int i = 0; i < peers.Length; i++)
            all[i] = EstablishAsync(peers[i], peers.Length, giveUp);
        await Task.WhenAll(all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return _failure is null ? WireUpReport.Of(_links, time.GetElapsedTime(_start)) : throw _failure;
    }

    /// <summary>Starting behind the own rank, so that not all ranks begin with rank 0.</summary>
    private int[] InTurn(ReadOnlySpan<int> neighbours)
    {
        int[] peers = neighbours.ToArray();
        Array.Sort(peers, (a, b) => Distance(a).CompareTo(Distance(b)));
        return peers;

        int Distance(int peer) => peer > rank ? peer - rank : peer - rank + topology.Size;
    }

    private async Task EstablishAsync(int peer, int total, CancellationTokenSource giveUp)
    {
        bool connects = LinkSlot.IsConnector(rank, peer);
        long begun = _start;
        try
        {
            if (connects)
                await _parallel.WaitAsync(giveUp.Token).ConfigureAwait(false);
            begun = time.GetTimestamp();
            try
            {
                TimeSpan rest = options.Timeout - time.GetElapsedTime(_start);
                await links.EstablishAsync(peer, connects, rest > TimeSpan.Zero ? rest : TimeSpan.Zero, giveUp.Token).ConfigureAwait(false);
            }
            finally
            {
                if (connects)
                    _parallel.Release();
            }
        }
        catch (Exception error)
        {
            // The first that fails ends the wire-up: the others would only wait for their deadlines.
            if (Interlocked.CompareExchange(ref _failure, error, null) is null)
                await giveUp.CancelAsync().ConfigureAwait(false);
            throw;
        }

        int up;
        lock (_links)
        {
            _links.Add(new LinkReport(peer, LinkWay.Direct, links.Slot(peer).Attempts, time.GetElapsedTime(begun)));
            up = _links.Count;
        }

        options.Progress?.Invoke(up, total);
    }
}
