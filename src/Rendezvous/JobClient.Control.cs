using BoxerMpi.Control;
using BoxerMpi.Wire;

namespace BoxerMpi.Rendezvous;

internal sealed partial class JobClient : IFrameTarget
{
    private static readonly TimeSpan FirstRejoinPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRejoinPause = TimeSpan.FromSeconds(5);

    private FrameConnection? _connection;
    private Backoff? _rejoinPause;
    private long _lostSince;
    private Traffic? _traffic;
    private bool _isLeaving;
    private bool _isClosing;

    void IFrameTarget.OnFrame(FrameConnection connection, ControlKind kind, ReadOnlySpan<byte> payload)
    {
        if (!_joined.Task.IsCompleted)
        {
            OnFrameAtGate(kind, payload);
            return;
        }

        switch (kind)
        {
            case ControlKind.Heartbeat or ControlKind.Start:
                break;
            case ControlKind.MemberLost:
                (int rank, string reason) = ShortMessages.DecodeLost(payload);
                OnMemberLost(rank, reason);
                break;
            case ControlKind.Abort:
                OnAborted(ShortMessages.DecodeAbort(payload));
                break;
            case ControlKind.Signal:
                _links.OnSignal(SignalMessage.Decode(payload));
                break;
            case ControlKind.SignalLost:
                _links.OnSignalLost(ShortMessages.DecodeSignalLost(payload));
                break;
            case ControlKind.Rejected:
                connection.Close(RejectedMessage.Decode(payload).Text);
                break;
            default:
                throw new WireFormatException($"A frame of kind {(byte)kind} came from the coordinator.");
        }
    }

    void IFrameTarget.OnClosed(FrameConnection connection, string reason, bool malformed)
    {
        _connection = null;
        _links.SeedAddress = null;
        Volatile.Write(ref _isConnected, false);
        if (!_joined.Task.IsCompleted)
        {
            FailJoin(LostAtGate(reason));
            return;
        }

        if (_isLeaving || _isClosing)
        {
            _ended.TrySetResult();
            return;
        }

        _options.Log?.Invoke($"The coordinator at {ControlHandshake.Name(_options.Seed)} is lost: {reason}");
        _lostSince = _reactor.Now;
        _rejoinPause = new Backoff(FirstRejoinPause, LongestRejoinPause);
        SeedLost?.Invoke(reason);
        if (_aborted.Task.IsCompleted)
            _ended.TrySetResult();
        else
            RejoinLater();
    }

    private void Adopt(FrameConnection connection)
    {
        _connection = connection;
        connection.Target = this;
        _links.SeedAddress = connection.Socket?.Remote;
        Volatile.Write(ref _isConnected, true);
    }

    private void BeginHeartbeat()
    {
        Heartbeat heartbeat = Heartbeat.Of(_accepted!, _options.Time);
        _reactor.After(heartbeat.Period, Beat);

        void Beat()
        {
            if (_connection is { } connection)
                heartbeat.Look(connection, _reactor.Now);
            _reactor.After(heartbeat.Period, Beat);
        }
    }

    private void OnMemberLost(int rank, string reason)
    {
        if (rank < 0 || rank >= Size || rank == Rank)
            return;
        _links.Lose(rank, new PeerFailedException($"Rank {rank} ({Members[rank].Host}) has failed: {reason}.") { Rank = Rank, FailedRanks = [rank] });
        MemberLost?.Invoke(rank, reason);
    }

    private void OnAborted(AbortInfo abort)
    {
        if (!_aborted.TrySetResult(abort))
            return;
        _links.FailAll(abort.ToException());
        Aborted?.Invoke(abort);
    }

    /// <summary>Looks for the coordinator with growing pauses, for a bounded time.</summary>
    private void RejoinLater()
    {
        if (_isClosing || _isLeaving)
            return;
        if (_reactor.Since(_lostSince) >= _options.RejoinTimeout)
        {
            GoOnAlone($"The coordinator was not found again within {_options.RejoinTimeout.TotalSeconds:0} s; this rank goes on without it.");
            return;
        }

        // Not all ranks come back at once.
        _reactor.After(_rejoinPause!.Next(), Rejoin);
    }

    private void Rejoin()
    {
        if (_isClosing || _isLeaving)
            return;
        _approach = new JoinerApproach(_reactor, _options, _links.Ports, Rank, resumed: true, LongestRejoinPause, OnBack, OnRejoinFailed);
    }

    private void OnBack(FrameConnection connection, AcceptedMessage accepted)
    {
        _approach = null;
        if (accepted.Rank != Rank || accepted.Size != Size)
        {
            connection.Dispose();
            GoOnAlone($"The coordinator is back, but gives rank {accepted.Rank} of {accepted.Size} to rank {Rank} of {Size}; this rank goes on without it.");
            return;
        }

        Adopt(connection);
        if (_report is not null)
            connection.Post(_report.Encode());
        SeedFound?.Invoke();
    }

    private void OnRejoinFailed(Exception error)
    {
        _approach = null;
        if (error is RendezvousException { Reason: RendezvousFailure.Unreachable or RendezvousFailure.OutOfDescriptors })
            RejoinLater(); // not there yet, or no descriptor for it: the next pause is longer
        else
            GoOnAlone($"The coordinator is back, but does not take this rank again: {error.Message} This rank goes on without it.");
    }

    private void GoOnAlone(string why)
    {
        _options.Log?.Invoke(why);
        _ended.TrySetResult();
    }

    private void Abort(AbortInfo abort, TaskCompletionSource<bool> told)
    {
        if (!IsConnected || !_connection!.Post(ShortMessages.Encode(abort)))
        {
            told.TrySetResult(false);
            return;
        }

        // The coordinator sends it to everybody, this rank included.
        _ = _aborted.Task.ContinueWith(_ => told.TrySetResult(true), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _ = _ended.Task.ContinueWith(_ => told.TrySetResult(false), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _reactor.After(LastWords, () => told.TrySetResult(false));
    }

    private void Leave(Traffic? traffic, TaskCompletionSource left)
    {
        if (_isLeaving || _connection is null)
        {
            _isLeaving = true;
            left.TrySetResult();
            return;
        }

        _isLeaving = true;
        _traffic = traffic;
        _connection.Post(ShortMessages.EncodeLeave(_traffic));
        _connection.CloseSend();

        // Until the coordinator closes its end, so that nothing is lost on the way.
        _ = _ended.Task.ContinueWith(_ => left.TrySetResult(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _reactor.After(LastWords, () => left.TrySetResult());
    }

    /// <summary>Ends everything, and the reactor.</summary>
    private void Close(Exception reason)
    {
        if (_isClosing)
            return;
        _isClosing = true;
        _approach?.Stop();
        foreach (WireUp wireUp in _wireUps.ToArray())
            wireUp.Fail(reason);
        _links.Dispose(reason);
        _connection?.Dispose();
        _connection = null;
        Volatile.Write(ref _isConnected, false);
        _ended.TrySetResult();
        _reactor.Stop();
    }

    /// <summary>A mistake in this program: nothing of the rendezvous can go on.</summary>
    private void OnFault(Exception error)
    {
        _options.Log?.Invoke($"The rendezvous of this rank has ended: {error}");
        Close(error);
        _joined.TrySetException(error);
    }
}
