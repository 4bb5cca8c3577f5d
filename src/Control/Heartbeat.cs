namespace BoxerMpi.Control;

/// <summary>What a heartbeat looks after.</summary>
internal interface IHeartbeatConnection
{
    /// <summary>Timestamp of the last bytes that came.</summary>
    long LastReceived { get; }

    /// <summary>Timestamp of the last frame that was posted.</summary>
    long LastSent { get; }

    bool Post(ReadOnlyMemory<byte> frame);

    void Close(string reason);
}

/// <summary>Says that this end is there when nothing else does, and gives up another end that does not.</summary>
/// <param name="time">The clock of the connections' timestamps.</param>
/// <param name="interval">After how long without other traffic it says so.</param>
/// <param name="timeout">After how long without a word the other end is given up.</param>
internal sealed class Heartbeat(TimeProvider time, TimeSpan interval, TimeSpan timeout)
{
    /// <summary>How often to look.</summary>
    public TimeSpan Period { get; } = interval / 2 < timeout / 4 ? interval / 2 : timeout / 4;

    /// <summary>The one that a coordinator asks for.</summary>
    public static Heartbeat Of(AcceptedMessage accepted, TimeProvider time) =>
        new(time, accepted.HeartbeatInterval, accepted.HeartbeatTimeout);

    public void Look(IHeartbeatConnection connection, long now)
    {
        if (time.GetElapsedTime(connection.LastReceived, now) >= timeout)
            connection.Close($"it was silent for {timeout.TotalSeconds:0.#} s");
        else if (time.GetElapsedTime(connection.LastSent, now) >= interval)
            connection.Post(ShortMessages.Heartbeat);
    }

    /// <summary>Looks after one connection until the timer is disposed.</summary>
    public ITimer Start(IHeartbeatConnection connection) =>
        time.CreateTimer(_ => Look(connection, time.GetTimestamp()), null, Period, Period);
}
