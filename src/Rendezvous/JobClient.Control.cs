using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

internal sealed partial class JobClient
{
    private static readonly TimeSpan FirstRejoinPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRejoinPause = TimeSpan.FromSeconds(5);

    private void StartReading()
    {
        _heartbeat = ControlHandshake.StartHeartbeat(_time, _accepted, () => _channel);
        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        try
        {
            do
            {
                string reason = await ReadControlAsync().ConfigureAwait(false);
                lock (_gate)
                {
                    _isConnected = false;
                    if (_isLeaving)
                        return;
                }

                _options.Log?.Invoke($"The coordinator at {ControlHandshake.Name(_options.Seed)} is lost: {reason}");
                SeedLost?.Invoke(reason);
            }
            while (!_aborted.Task.IsCompleted && await RejoinAsync().ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // This rank ends while it looks for the coordinator.
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    /// <returns>Why the connection is over.</returns>
    private async Task<string> ReadControlAsync()
    {
        ControlChannel channel = _channel;
        try
        {
            while (true)
            {
                ControlFrame frame = await channel.ReadAsync(_stopping.Token).ConfigureAwait(false);
                switch (frame.Kind)
                {
                    case ControlKind.None:
                        return "it closed the connection";
                    case ControlKind.Heartbeat or ControlKind.Start or ControlKind.Signal or ControlKind.SignalLost:
                        break;
                    case ControlKind.MemberLost:
                        OnMemberLost(ShortMessages.DecodeLost(frame.Payload.Span));
                        break;
                    case ControlKind.Abort:
                        OnAborted(ShortMessages.DecodeAbort(frame.Payload.Span));
                        break;
                    case ControlKind.Rejected:
                        return RejectedMessage.Decode(frame.Payload.Span).Text;
                    default:
                        throw new WireFormatException($"A frame of kind {(byte)frame.Kind} came from the coordinator.");
                }
            }
        }
        catch (Exception error) when (error is SocketException or WireFormatException or ObjectDisposedException)
        {
            return channel.CloseReason ?? error.Message;
        }
        finally
        {
            channel.Dispose();
        }
    }

    private void OnMemberLost((int Rank, string Reason) lost)
    {
        if (lost.Rank < 0 || lost.Rank >= Size || lost.Rank == Rank)
            return;
        _links.Lose(
            lost.Rank,
            new PeerFailedException($"Rank {lost.Rank} ({Members[lost.Rank].Host}) has failed: {lost.Reason}.") { Rank = Rank, FailedRanks = [lost.Rank] });
        MemberLost?.Invoke(lost.Rank, lost.Reason);
    }

    private void OnAborted(AbortInfo abort)
    {
        if (!_aborted.TrySetResult(abort))
            return;
        _links.FailAll(abort.ToException());
        Aborted?.Invoke(abort);
    }

    /// <summary>Looks for the coordinator with growing pauses, for a bounded time.</summary>
    /// <returns>Whether it is back.</returns>
    private async Task<bool> RejoinAsync()
    {
        long start = _time.GetTimestamp();
        TimeSpan pause = FirstRejoinPause;
        while (_time.GetElapsedTime(start) < _options.RejoinTimeout)
        {
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), _time, _stopping.Token).ConfigureAwait(false);
            pause = pause * 2 < LongestRejoinPause ? pause * 2 : LongestRejoinPause;
            try
            {
                (ControlChannel channel, AcceptedMessage accepted) = await ControlHandshake.OpenAsync(
                    _options.Seed, JobId, _options.Token, LongestRejoinPause, _time, local => Request(_options, _links, local, Rank, resumed: true), _stopping.Token).ConfigureAwait(false);
                if (accepted.Rank != Rank || accepted.Size != Size)
                {
                    channel.Dispose();
                    _options.Log?.Invoke($"The coordinator is back, but gives rank {accepted.Rank} of {accepted.Size} to rank {Rank} of {Size}; this rank goes on without it.");
                    return false;
                }

                if (Adopt(channel))
                    SeedFound?.Invoke();
                return true;
            }
            catch (RendezvousException error) when (error.Reason != RendezvousFailure.Unreachable)
            {
                _options.Log?.Invoke($"The coordinator is back, but does not take this rank again: {error.Message} This rank goes on without it.");
                return false;
            }
            catch (RendezvousException)
            {
                // Not there yet: the next pause is longer.
            }
        }

        _options.Log?.Invoke($"The coordinator was not found again within {_options.RejoinTimeout.TotalSeconds:0} s; this rank goes on without it.");
        return false;
    }

    /// <summary>Goes on over a new control connection, and says on it what the coordinator may have missed.</summary>
    private bool Adopt(ControlChannel channel)
    {
        lock (_gate)
        {
            _channel = channel;
            if (_isLeaving)
            {
                channel.PostLast(ShortMessages.EncodeLeave(_traffic), "this rank leaves");
                return false;
            }

            _isConnected = true;
            if (_wireUp is not null)
                channel.Post(_wireUp.Encode());
            return true;
        }
    }
}
