using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Rendezvous;

/// <summary>What a rank needs to join a job.</summary>
internal sealed record JoinOptions
{
    /// <summary>The coordinator; <c>Addresses.Parse</c> reads HOST:PORT. BOXER_SEED.</summary>
    public required EndPoint Seed { get; init; }

    /// <summary>BOXER_JOB.</summary>
    public required string JobId { get; init => field = Limits.CheckJobId(value); }

    /// <summary>The job's secret. BOXER_TOKEN, in hexadecimal digits.</summary>
    public required byte[] Token { get; init => field = Limits.CheckToken(value); }

    /// <summary>The rank to have; <see langword="null"/> for the next free one. BOXER_RANK.</summary>
    public int? RequestedRank
    {
        get;
        init => field = value is null or >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A rank is not negative; request none to get the next free one.");
    }

    /// <summary>This member's own name, the same when it joins again; random by default.</summary>
    public Guid MemberId { get; init; } = Guid.NewGuid();

    /// <summary>How long to try to reach the coordinator and be taken; the wait for the other ranks is the job's. Default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The address to accept links on; by default the loopback address when the coordinator is on this host, otherwise any.
    /// </summary>
    public IPAddress? ListenAddress { get; init; }

    /// <summary>The first port to accept links on; 0 for any free one.</summary>
    public int ListenPort { get; init; }

    /// <summary>How many ports from <see cref="ListenPort"/> on may be tried. Default 1.</summary>
    public int ListenPortCount { get; init; } = 1;

    /// <summary>
    /// Where the others reach this rank, when the address that the coordinator sees is not the one; port 0 stands for the
    /// listener's.
    /// </summary>
    public IReadOnlyList<IPEndPoint> Advertised
    {
        get;
        init => field = value.Count <= Limits.EndPointsPerMember
            ? value
            : throw new ArgumentException($"A member announces at most {Limits.EndPointsPerMember} endpoints.", nameof(value));
    } = [];

    /// <summary>How long to try to find a lost coordinator again. Default 2 minutes.</summary>
    public TimeSpan RejoinTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>When this rank has to have stopped; <see langword="null"/> for never. BOXER_DEADLINE_MS, in milliseconds of Unix time.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Settings of link set-up.</summary>
    public LinkOptions Links { get; init; } = new();

    /// <summary>Finds the addresses of the coordinator's name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> LookUp { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>Takes a line about the control connection.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>The clock; by default one that stands still while this process is stopped.</summary>
    public TimeProvider Time { get; init; } = RunningTime.Instance;

    /// <summary>The coordinator.</summary>
    public SeedTarget Target => new() { Seed = Seed, JobId = JobId, Token = Token, Timeout = Timeout, LookUp = LookUp, Time = Time };
}

/// <summary>Settings of a wire-up.</summary>
internal sealed record WireUpOptions
{
    /// <summary>Links that this rank connects at the same time. Default 64.</summary>
    public int Parallel
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one link is set up at a time.");
    } = 64;

    /// <summary>How long all links together may take. Default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Told after each link: how many are up, of how many.</summary>
    public Action<int, int>? Progress { get; init; }
}
