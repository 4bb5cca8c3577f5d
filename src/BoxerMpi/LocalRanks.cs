using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using BoxerMpi.Transport;

namespace BoxerMpi.Internal;

/// <summary>The ranks of a <see cref="LocalCluster"/>, from their making to their end.</summary>
internal sealed class LocalRanks : IDisposable
{
    private readonly LocalClusterOptions _options;
    private readonly Topology _topology;
    private readonly Messenger[] _ranks;
    private readonly HashSet<(int, int)> _linked = [];
    private readonly ConcurrentDictionary<int, string> _states = new();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly Lock _failing = new();

    public LocalRanks(int size, LocalClusterOptions options)
    {
        _options = options;
        _topology = Topology.Parse(options.Topology, size);
        _ranks = new Messenger[size];
    }

    public void Dispose()
    {
        // Not all are there when a descriptor was missing for one.
        foreach (Messenger? rank in _ranks)
            rank?.Dispose();
        _cancellation.Dispose();
    }

    private void MakeRanks()
    {
        MessengerOptions messages = new()
        {
            EagerLimitBytes = _options.EagerLimitBytes,
            Strict = _options.Strict,
            Checksums = _options.Checksums,
            Relay = _options.OffTopology == OffTopologyPolicy.Relay,
        };
        for (int rank = 0; rank < _ranks.Length; rank++)
            _ranks[rank] = new Messenger(rank, _ranks.Length, messages) { RemainingTime = _options.RemainingTime };
    }

    private void Connect()
    {
        foreach (Messenger rank in _ranks)
        {
            rank.LinkWanted = peer => OffTopology(rank, peer);
            if (_options.Faults is { } faults)
            {
                FaultPlan.RankFaults acting = new(
                    () => Kill(rank), peer => rank.BreakLink(peer, "The link was broken by the fault plan"));
                rank.FaultsOf = peer => faults.For(rank.Rank, peer, acting);
            }
        }

        foreach ((int a, int b) in _topology.Edges())
            Link(a, b);
        if (_options.OffTopology != OffTopologyPolicy.Relay)
            return;
        foreach (Messenger rank in _ranks)
            Routing.AddRoutes(rank, _topology);
    }

    private LinkException? OffTopology(Messenger from, int to)
    {
        if (_options.OffTopology == OffTopologyPolicy.Refuse)
            return Routing.Refused(from.Rank, to, _topology);

        // Not from here: the caller holds its gate, and linking takes the peer's.
        ThreadPool.UnsafeQueueUserWorkItem(
            static state => state.Item1.LinkOnDemand(state.from, state.to), (this, from, to), preferLocal: false);
        return null;
    }

    private void LinkOnDemand(Messenger from, int to)
    {
        try
        {
            Link(from.Rank, to);
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            string message = $"No link from rank {from.Rank} to rank {to}: {error.Message}";
            from.LinkFailed(to, new LinkException(to, LinkStage.Punch, 1, message, error) { Rank = from.Rank });
        }
    }

    private void Link(int a, int b)
    {
        lock (_linked)
        {
            if (_linked.Contains((Math.Min(a, b), Math.Max(a, b))))
                return;
            (Channel first, Channel second) = _options.Transport == LocalTransport.Memory ? MemoryChannel.CreatePair() : ConnectLoopback();
            _linked.Add((Math.Min(a, b), Math.Max(a, b)));
            try
            {
                _ranks[a].AddLink(b, first);
                _ranks[b].AddLink(a, second);
            }
            catch (ObjectDisposedException)
            {
                // The cluster ended while a link was wanted.
                first.Dispose();
                second.Dispose();
            }
        }
    }

    private (Channel First, Channel Second) ConnectLoopback()
    {
        Socket? first = null;
        try
        {
            using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            first.Connect(listener.LocalEndPoint!);
            Socket second = listener.Accept();
            return (TcpChannel.Create(first), TcpChannel.Create(second));
        }
        catch (SocketException error)
        {
            first?.Dispose();
            if (error.SocketErrorCode != SocketError.TooManyOpenSockets)
                throw;
            throw new DescriptorShortageException($"A link among {_ranks.Length} ranks over TCP");
        }
    }

    public async Task RunAsync(Func<Communicator, CancellationToken, Task> body)
    {
        MakeRanks();
        Connect();
        ConcurrentQueue<(int Rank, Exception Error)> errors = new();
        Task[] running = [.. _ranks.Select(rank => RankThread.RunAsync($"rank {rank.Rank}", () => RunRankAsync(rank, body, errors)))];
        Task all = Task.WhenAll(running);
        try
        {
            await all.WaitAsync(_options.Timeout, RunningTime.Instance).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            string report = Report();
            FailAll(-1, "the time is over");
            throw new RankFailedException(-1, report, null);
        }

        if (errors.TryPeek(out (int Rank, Exception Error) first))
            throw new RankFailedException(first.Rank, $"Rank {first.Rank} of {_ranks.Length} failed: {first.Error.Message}", first.Error);
    }

    private async Task RunRankAsync(
        Messenger rank, Func<Communicator, CancellationToken, Task> body, ConcurrentQueue<(int Rank, Exception Error)> errors)
    {
        try
        {
            Communicator world = Communicator.CreateWorld(rank, _topology);
            world.Timeout = _options.OperationTimeout ?? Timeout.InfiniteTimeSpan;
            _states[rank.Rank] = "in the program, in no operation";
#pragma warning disable CA2007 // the body stays on the rank's thread
            await body(world, _cancellation.Token);
#pragma warning restore CA2007
            _states[rank.Rank] = "done";
        }
#pragma warning disable CA1031 // whatever a rank throws is that rank's failure
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _states[rank.Rank] = $"failed: {exception.Message}";
            if (_options.Faults?.Kills(rank.Rank) == true && exception is RankKilledException)
                return;
            errors.Enqueue((rank.Rank, exception));
            FailAll(rank.Rank, exception.Message);
        }
    }

    private void FailAll(int failed, string reason)
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The time was over: this rank has ended after its cluster.
            return;
        }

        // One after the other: a rank that fails for this reason tells it on only when all have been told the first one.
        lock (_failing)
        {
            foreach (Messenger rank in _ranks.Where(rank => rank.Rank != failed))
                rank.Fail(new JobAbortedException($"Rank {failed} ended the job: {reason}") { AbortingRank = failed, RemoteMessage = reason, Rank = rank.Rank });
        }
    }

    private void Kill(Messenger rank)
    {
        RankKilledException reason = new(rank.Rank);
        rank.Fail(reason);
        rank.Engine.CloseAll(new IOException(reason.Message));

        // Those without a link to it hear of it too, as they do from the coordinator of a job.
        foreach (Messenger other in _ranks)
            other.PeerLost(rank.Rank, reason.Message);
    }

    private string Report()
    {
        StringBuilder text = new($"{_ranks.Length} ranks were not done after {_options.Timeout.TotalSeconds:F1} s:");
        foreach (Messenger rank in _ranks)
        {
            IReadOnlyList<string> pending = rank.DescribePending();
            text.AppendLine().Append("  rank ").Append(rank.Rank).Append(": ")
                .Append(pending.Count > 0 ? Shorten(pending) : _states.GetValueOrDefault(rank.Rank, "not started"));
        }

        return text.ToString();
    }

    private static string Shorten(IReadOnlyList<string> lines)
    {
        const int shown = 4;
        return string.Join("; ", lines.Take(shown)) + (lines.Count > shown ? $"; and {lines.Count - shown} more" : "");
    }
}
