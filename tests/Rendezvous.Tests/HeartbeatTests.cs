using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous.Tests;

public class HeartbeatTests
{
    private static readonly TimeProvider Time = TimeProvider.System;
    private static readonly Heartbeat Usual = new(Time, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));

    [Theory]
    [InlineData(0, 0, 0, false)]
    [InlineData(19, 4, 0, false)]
    [InlineData(0, 5, 1, false)]
    [InlineData(20, 0, 0, true)]
    [InlineData(20, 5, 0, true)]
    public void It_speaks_when_nothing_else_does_and_gives_up_who_does_not(int silentSeconds, int quietSeconds, int posted, bool isClosed)
    {
        long now = Time.GetTimestamp();
        Recorder connection = new(now - (silentSeconds * Time.TimestampFrequency), now - (quietSeconds * Time.TimestampFrequency));
        Usual.Look(connection, now);
        Assert.Equal(posted, connection.Posted);
        Assert.Equal(isClosed ? "it was silent for 20 s" : null, connection.Closed);
    }

    [Theory]
    [InlineData(5, 20, 2500)]
    [InlineData(5, 8, 2000)]
    public void It_looks_often_enough_for_both_limits(int intervalSeconds, int timeoutSeconds, int milliseconds) => Assert.Equal(
        TimeSpan.FromMilliseconds(milliseconds),
        new Heartbeat(Time, TimeSpan.FromSeconds(intervalSeconds), TimeSpan.FromSeconds(timeoutSeconds)).Period);

    [Fact]
    public void Pauses_grow_to_their_longest_and_differ()
    {
        Backoff backoff = new(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(80));
        foreach (int about in (int[])[10, 20, 40, 80, 80, 80])
            Assert.InRange(backoff.Next().TotalMilliseconds, about * 0.5, about * 1.5);
    }

    private sealed class Recorder(long lastReceived, long lastSent) : IHeartbeatConnection
    {
        public long LastReceived => lastReceived;

        public long LastSent => lastSent;

        public int Posted { get; private set; }

        public string? Closed { get; private set; }

        public bool Post(ReadOnlyMemory<byte> frame)
        {
            Posted++;
            return true;
        }

        public void Close(string reason) => Closed = reason;
    }
}
