using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>What a coordinator knows of a job before its ranks come.</summary>
internal sealed record JobSpec
{
    /// <summary>Name of the job, unique at its coordinator; up to 128 bytes of UTF-8.</summary>
    public required string JobId { get; init => field = Limits.CheckJobId(value); }

    /// <summary>The secret that every rank proves to know; 16 to 1024 bytes. It never travels.</summary>
    public required byte[] Token { get; init => field = Limits.CheckToken(value); }

    /// <summary>How many ranks the job has.</summary>
    public required int Size
    {
        get;
        init => field = value is > 0 and <= Limits.MaximumJobSize
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"A job has 1 to {Limits.MaximumJobSize} ranks.");
    }

    /// <summary>Ranks below this one go only to those who ask for them; who asks for none gets one above. Default 0.</summary>
    public int FirstFreeRank { get; init; }

    /// <summary>The links to set up, as <c>Topology.Parse</c> reads them; empty for the default of that size.</summary>
    public string Topology { get; init; } = "";

    /// <summary>What happens to messages between ranks that have no link.</summary>
    public OffTopologyPolicy OffTopology { get; init; } = OffTopologyPolicy.Connect;

    /// <summary>How long the first rank waits for the last one. Default 5 minutes.</summary>
    public TimeSpan GateTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Refuses a second member from the same external address, not only from the same endpoint.</summary>
    public bool OnePerAddress { get; init; }

    /// <summary>Lets pairs of ranks that cannot be linked directly go through the coordinator. Default: they fail.</summary>
    public bool Relay { get; init; }

    /// <summary>Pairs that may go through the coordinator at a time. Default 1,024.</summary>
    public int RelayPairs
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A job that relays does so for at least one pair.");
    } = 1024;

    /// <summary>Distinguishes runs under the same job id: links between ranks of different epochs are refused.</summary>
    public uint Epoch { get; init; }

    /// <summary>Decides about attendants, which start ranks where the launcher cannot; without it they start whatever rank is free.</summary>
    public IAttendanceHost? Attendance { get; init; }

    /// <summary>Free settings that every rank gets when it joins.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}
