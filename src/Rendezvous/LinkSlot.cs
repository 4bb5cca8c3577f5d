using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>The state of one pair's link at one end: at most one connection ever becomes it.</summary>
/// <remarks>
/// A connection takes the slot before it may become the link: the connecting end by trying, the accepting end when the other
/// has proven the token. Both ends settle on the same connection because the connecting end commits only while it holds its
/// slot, and the accepting end takes the link only after the commit. When both connect at once, the connection of the pair's
/// preferred connector takes precedence at both ends, once it has reached the other end; until then any that arrives will do.
/// </remarks>
internal sealed class LinkSlot(int self, int peer)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _established = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _changed;
    private object? _holder;
    private Stage _stage;
    private bool _isUp;
    private bool _connecting;

    public int Peer { get; } = peer;

    /// <summary>Which end of a pair connects when only one does; sums of ranks spread the work evenly.</summary>
    public static bool IsConnector(int self, int peer) => ((self + peer) & 1) == 0 ? self < peer : self > peer;

    /// <summary>Completes when the link has been handed over, or fails for good.</summary>
    public Task Established => _established.Task;

    /// <summary>Connections tried by this end.</summary>
    public int Attempts { get; set; }

    /// <summary>How far the last attempt came, and how it failed.</summary>
    public LinkStage Reached { get; set; } = LinkStage.Punch;

    public string LastProblem { get; set; } = "";

    public string? Remote { get; set; }

    /// <summary>Whoever gets <see langword="true"/> makes this end's attempts, for all who want the link, and then calls <see cref="StopConnecting"/>.</summary>
    public bool StartConnecting() => !Interlocked.Exchange(ref _connecting, true);

    public void StopConnecting() => Volatile.Write(ref _connecting, false);

    /// <summary>This end wants to connect; <see langword="false"/> when a connection is up or on its way.</summary>
    public bool TryConnect(object holder)
    {
        lock (_gate)
        {
            if (_isUp || _holder is not null)
                return false;
            _holder = holder;
            _stage = Stage.Connecting;
            return true;
        }
    }

    /// <summary>The connection has reached the peer; <see langword="false"/> when one of the peer's own was faster.</summary>
    public bool TryPropose(object holder)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_holder, holder))
                return false;
            _stage = Stage.Proposing;
            return true;
        }
    }

    /// <summary>The peer has proven itself over a connection that it made.</summary>
    public LinkVerdict TryAccept(object holder)
    {
        lock (_gate)
        {
            if (_isUp || (_holder is not null && _stage == Stage.Accepting))
                return LinkVerdict.Duplicate;
            if (_holder is not null && _stage == Stage.Proposing && IsConnector(self, Peer))
                return LinkVerdict.Yield;
            _holder = holder;
            _stage = Stage.Accepting;
            Signal();
            return LinkVerdict.Accepted;
        }
    }

    /// <summary>The connection becomes the link, unless another one has taken the slot.</summary>
    public bool TryEstablish(object holder)
    {
        lock (_gate)
        {
            if (_isUp || !ReferenceEquals(_holder, holder))
                return false;
            _isUp = true;
            _holder = null;
            Signal();
            return true;
        }
    }

    /// <summary>The connection broke before the other end could learn that it is the link.</summary>
    public void Retract()
    {
        lock (_gate)
            _isUp = false;
    }

    /// <summary>The connection has failed, or is not wanted.</summary>
    public void Release(object holder)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_holder, holder))
                return;
            _holder = null;
            Signal();
        }
    }

    /// <summary>Completes when the slot changes hands.</summary>
    public Task ChangedAsync()
    {
        lock (_gate)
        {
            if (_isUp || _holder is null)
                return Task.CompletedTask;
            _changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _changed.Task;
        }
    }

    public bool IsUp
    {
        get
        {
            lock (_gate)
                return _isUp;
        }
    }

    public void HandedOver() => _established.TrySetResult();

    public void Fail(Exception reason)
    {
        if (_established.TrySetException(reason))
            _ = _established.Task.Exception; // somebody may want the link later: then it throws
    }

    private void Signal()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    private enum Stage
    {
        Connecting,
        Proposing,
        Accepting,
    }
}

/// <summary>A link that is up before anybody has asked for links.</summary>
internal readonly record struct ReadyLink(LinkSlot Slot, Socket Socket);
