using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Coordinator;

/// <summary>Settings of a coordinator.</summary>
internal sealed record SeedOptions
{
    /// <summary>Where joiners connect; port 0 takes a free one. <c>[::]</c> serves IPv4 as well.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>
    /// More endpoints to listen on, which serve joiners as well and tell those that joined elsewhere how their NAT shows itself
    /// there. <see langword="null"/>, the default, is one more port of the address of <see cref="Listen"/>, or none when that
    /// is a loopback address: there is no NAT on the way to it.
    /// </summary>
    public IReadOnlyList<IPEndPoint>? ExtraListen
    {
        get;
        init => field = value is null || value.Count <= Limits.Reflectors
            ? value
            : throw new ArgumentException($"A coordinator listens on at most {Limits.Reflectors} more endpoints.", nameof(value));
    }

    /// <summary>How long a connection may take to prove the token. Default 30 s: a rank on a busy host is slow.</summary>
    public TimeSpan JoinDeadline { get; init => field = Positive(value); } = TimeSpan.FromSeconds(30);

    /// <summary>After how long without other traffic either side says that it is still there. Default 5 s.</summary>
    public TimeSpan HeartbeatInterval { get; init => field = Positive(value); } = TimeSpan.FromSeconds(5);

    /// <summary>After how long without a word a member counts as failed. Default 20 s.</summary>
    public TimeSpan HeartbeatTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(20);

    /// <summary>How long a member of a running job may come back after its control connection broke. Default zero: it has failed at once.</summary>
    public TimeSpan RejoinGrace { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// How long ranks of a job that ran before this coordinator started may take to come back to it, counted from the first
    /// that does; who has not come by then has left meanwhile, or looks no more. Default 150 s: ranks look for two minutes.
    /// </summary>
    public TimeSpan ReturnWindow { get; init => field = Positive(value); } = TimeSpan.FromSeconds(150);

    /// <summary>How long the first end of a relayed link waits for the second. Default 30 s.</summary>
    public TimeSpan RelayDeadline { get; init => field = Positive(value); } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Connections that have not proven the token; beyond it the oldest is closed, and before when the process has few descriptors left.
    /// Default 4,096.
    /// </summary>
    public int HalfOpenLimit { get; init => field = Positive(value); } = 4096;

    /// <summary>Descriptors that the process is going to need for other things than the coordinator: no stranger gets them. Default 0.</summary>
    public int PlannedDescriptors { get; init; }

    /// <summary>Events that may wait for a follower beyond the state it starts with. Default 4,096.</summary>
    public int FollowerQueueLimit { get; init => field = Positive(value); } = 4096;

    /// <summary>Takes a line about strangers, rejections and lost members.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>The clock; by default one that stands still while this process is stopped.</summary>
    public TimeProvider Time { get; init; } = RunningTime.Instance;

    private static TimeSpan Positive(TimeSpan value) =>
        value > TimeSpan.Zero ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The time must be positive.");

    private static int Positive(int value) =>
        value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The limit must be positive.");
}
