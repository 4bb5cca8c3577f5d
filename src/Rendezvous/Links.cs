using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>Sets up this rank's links: connects, accepts, proves, and hands each pair's one socket over.</summary>
internal sealed partial class Links : IAsyncDisposable
{
    private readonly LinkIo _io = LinkIo.Shared;
    private readonly Socket _listener;
    private readonly LinkOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<LinkWorld> _world = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<int, LinkSlot> _slots = new();
    private readonly Task _accepting;
    private int _strangers;

    // Protects the hand-over: links that come before the registration wait for it.
    private readonly Lock _gate = new();
    private readonly List<ReadyLink> _ready = [];
    private Action<int, Socket>? _onLink;
    private Exception? _failure;
    private Dictionary<int, Exception>? _lost;

    public Links(Socket listener, LinkOptions options, TimeProvider time)
    {
        _listener = listener;
        _options = options;
        _time = time;
        ListenEndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    public IPEndPoint ListenEndPoint { get; }

    /// <summary>The gate is open: links can be proven from now on.</summary>
    public void Open(LinkWorld world) => _world.TrySetResult(world);

    /// <summary>Names the one who takes the links; those that are up already are handed over at once.</summary>
    public void Register(Action<int, Socket> onLink)
    {
        ReadyLink[] ready;
        lock (_gate)
        {
            if (_onLink is not null && _onLink != onLink)
                throw new InvalidOperationException("Links are handed to one receiver only; it has been named already.");
            _onLink = onLink;
            ready = [.. _ready];
            _ready.Clear();
        }

        foreach (ReadyLink link in ready)
            HandOver(link.Slot, link.Socket, onLink);
    }

    /// <summary>The slot of a pair, for waiting and for reports.</summary>
    public LinkSlot Slot(int peer)
    {
        LinkSlot slot = _slots.GetOrAdd(peer, static (peer, self) => new LinkSlot(self, peer), _world.Task.Result.Rank);
        Exception? failure;
        lock (_gate)
            failure = _failure ?? _lost?.GetValueOrDefault(peer);
        if (failure is not null)
            slot.Fail(failure);
        return slot;
    }

    /// <summary>Waits for the link of a pair, connecting from this end if <paramref name="connect"/>.</summary>
    /// <exception cref="LinkException">It is not up by the deadline, or the other end refuses.</exception>
    public async Task EstablishAsync(int peer, bool connect, TimeSpan timeout, CancellationToken cancellationToken)
    {
        LinkSlot slot = Slot(peer);
        if (slot.Established.IsCompleted)
        {
            await slot.Established.ConfigureAwait(false);
            return;
        }

        long start = _time.GetTimestamp();
        if (!connect)
        {
            // The other end connects. If it cannot reach this one, the other direction may work.
            TimeSpan patience = _options.Patience < timeout ? _options.Patience : timeout;
            if (await IsUpWithinAsync(slot, patience, cancellationToken).ConfigureAwait(false))
                return;
        }

        TimeSpan rest = timeout - _time.GetElapsedTime(start);
        if (rest > TimeSpan.Zero)
        {
            if (slot.StartConnecting())
                _ = ConnectAsync(slot, rest);
            if (await IsUpWithinAsync(slot, rest, cancellationToken).ConfigureAwait(false))
                return;
        }

        throw TimedOut(slot, _time.GetElapsedTime(start));
    }

    private async Task<bool> IsUpWithinAsync(LinkSlot slot, TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await slot.Established.WaitAsync(time, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            if (!slot.Established.IsCompleted)
                return false;

            // It ended in the same moment as the patience: its own outcome counts.
            await slot.Established.ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>No link to this rank will come up any more; links that are up are not touched.</summary>
    public void Lose(int rank, Exception reason)
    {
        lock (_gate)
            (_lost ??= [])[rank] = reason;
        if (_slots.TryGetValue(rank, out LinkSlot? slot))
            slot.Fail(reason);
    }

    /// <summary>No more links will come up at all.</summary>
    public void FailAll(Exception reason)
    {
        lock (_gate)
            _failure ??= reason;
        foreach (LinkSlot slot in _slots.Values)
            slot.Fail(reason);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        _world.TrySetCanceled();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        FailAll(new ObjectDisposedException(nameof(JobClient), "This rank has ended its links."));
        lock (_gate)
        {
            foreach (ReadyLink link in _ready)
                link.Socket.Dispose();
            _ready.Clear();
        }

        _stopping.Dispose();
    }

    private LinkException TimedOut(LinkSlot slot, TimeSpan elapsed)
    {
        LinkWorld world = _world.Task.Result;
        string remote = slot.Remote ?? string.Join(" or ", world.Members[slot.Peer].EndPoints);
        string what = slot.Attempts > 0
            ? $"after {slot.Attempts} attempt{(slot.Attempts > 1 ? "s" : "")} in {elapsed.TotalSeconds:F1} s; the last one: {slot.LastProblem}. "
            : $"within {elapsed.TotalSeconds:F1} s: rank {slot.Peer} connects for this pair, and did not. ";
        return new LinkException(
            slot.Peer,
            slot.Reached,
            slot.Attempts,
            $"No link between rank {world.Rank} ({ListenEndPoint}) and rank {slot.Peer} ({remote}) {what}" +
            "See whether a firewall stands between them, or advertise an address that the others can reach.")
        {
            Rank = world.Rank,
            Elapsed = elapsed,
            LocalEndPoint = ListenEndPoint.ToString(),
            RemoteEndPoint = remote,
        };
    }

    private void Deliver(LinkSlot slot, Socket socket)
    {
        Action<int, Socket>? onLink;
        lock (_gate)
        {
            onLink = _onLink;
            if (onLink is null)
                _ready.Add(new ReadyLink(slot, socket));
        }

        if (onLink is not null)
            HandOver(slot, socket, onLink);
    }

    private void HandOver(LinkSlot slot, Socket socket, Action<int, Socket> onLink)
    {
        try
        {
            onLink(slot.Peer, socket);
            slot.HandedOver();
        }
        catch (Exception error) when (error is MpiException or InvalidOperationException or ObjectDisposedException or IOException or SocketException)
        {
            _options.Log?.Invoke($"The link to rank {slot.Peer} was not taken: {error.Message}");
            socket.Dispose();
            slot.Fail(error);
        }
    }
}

/// <summary>What links need to know of the job once its gate is open.</summary>
internal sealed record LinkWorld(string JobId, byte[] Token, uint Epoch, int Rank, IReadOnlyList<MemberInfo> Members);

/// <summary>Settings of link set-up.</summary>
internal sealed record LinkOptions
{
    /// <summary>How long one attempt may take until the other end answers. Default 10 s.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the end that does not connect waits for the one that does, before it tries as well. Default 3 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an accepted connection may take to prove the token. Default 10 s.</summary>
    public TimeSpan StrangerTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Accepted connections that have not proven the token; newer ones are closed. Default 2,048.</summary>
    public int StrangerLimit { get; init; } = 2048;

    /// <summary>Takes a line about strangers and refusals.</summary>
    public Action<string>? Log { get; init; }
}
