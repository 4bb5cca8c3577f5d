using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedJob
{
    // A rank that sets up a link to every other one at once, with retries, stays below it.
    private const int SignalsPerRankInBurst = 16;
    private const int LeastSignalsInBurst = 4096;

    /// <summary>Signals that one member may send within a heartbeat's time limit.</summary>
    private int SignalBudget => Math.Max(LeastSignalsInBurst, SignalsPerRankInBurst * Spec.Size);

    /// <summary>Passes a signal on, or tells the sender that it was not.</summary>
    internal void Signal(SeedConnection connection, SignalMessage signal)
    {
        lock (_gate)
        {
            if (PlaceOf(connection) is not { } place)
                return;
            if (SpendSignal(place) is { } reason)
            {
                connection.Close(reason);
                return;
            }

            SeedConnection? target = signal.Rank >= 0 && signal.Rank < Spec.Size ? _places[signal.Rank].Connection : null;
            if (target is not null && target.TryPost(new SignalMessage(place.Rank, signal.Payload).Encode()))
                return;
            _options.Log?.Invoke(
                $"A signal from rank {place.Rank} to rank {signal.Rank} of job '{Spec.JobId}' was dropped: {(target is null ? "it is not there" : "it does not read what it is sent")}.");
            connection.Post(ShortMessages.EncodeSignalLost(signal.Rank));
        }
    }

    /// <returns>Why the member is dropped, when it sends too many.</returns>
    private string? SpendSignal(MemberPlace place)
    {
        long now = _time.GetTimestamp();
        if (_time.GetElapsedTime(place.SignalsSince, now) >= _options.HeartbeatTimeout)
        {
            place.SignalsSince = now;
            place.Signals = 0;
        }

        return ++place.Signals <= SignalBudget
            ? null
            : $"it sent more than {SignalBudget} signals within {_options.HeartbeatTimeout.TotalSeconds:0.#} s";
    }
}
