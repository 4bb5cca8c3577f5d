using System.Globalization;

namespace BoxerMpi.NatLab;

/// <summary>What a lab is to be like.</summary>
internal sealed record LabOptions
{
    public const int MostHosts = 1000, MostBehind = 250;

    /// <summary>Number of hosts, 1 to 1,000.</summary>
    public required int Hosts { get; init => field = Within(value, 1, MostHosts); }

    /// <summary>Kinds of the gateways, dealt out in turn. Default: all cone.</summary>
    public IReadOnlyList<GatewayKind> Kinds { get; init; } = [GatewayKind.Cone];

    /// <summary>What gateways do with a SYN that belongs to nothing. Default: silence.</summary>
    public UnsolicitedAnswer Unsolicited { get; init; } = UnsolicitedAnswer.Drop;

    /// <summary>
    /// Whether gateways check TCP sequence numbers, as Linux does unless told otherwise: a second attempt through the mapping of
    /// an earlier one then fails after about 4 ms. Default false.
    /// </summary>
    public bool StrictWindow { get; init; }

    /// <summary>Rate of each host, both ways, in bit/s on the wire; null for no limit.</summary>
    public long? RateBitsPerSecond { get; init; }

    /// <summary>Added round-trip time between any two public hosts. Default zero: the kernel forwards at once.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Share of the packets that get lost on the way between public hosts, in percent. Default zero.</summary>
    public double LossPercent { get; init; }

    /// <summary>Start of the random sequence that chooses lost packets.</summary>
    public int LossSeed { get; init; } = 1;

    /// <summary>Hosts behind each gateway, 1 to 250; more than one takes a gateway of every kind but none. Default 1.</summary>
    public int Behind { get; init => field = Within(value, 1, MostBehind); } = 1;

    /// <summary>Whether gateways bring a host's call to their own public address back inside.</summary>
    public bool Hairpin { get; init; }

    /// <summary>Whether packets take a detour through a process that delays or loses them.</summary>
    public bool NeedsRelay => Delay > TimeSpan.Zero || LossPercent > 0;

    /// <summary>
    /// Program and arguments of that process; the settings that <see cref="Relay.LabRelay.Run"/> takes are added. A lab that needs no relay
    /// needs none.
    /// </summary>
    public IReadOnlyList<string> RelayProgram { get; init; } = [];

    /// <summary>One line for people.</summary>
    public override string ToString()
    {
        List<string> parts = [$"{Hosts} {(Hosts == 1 ? "host" : "hosts")}", string.Join(",", Kinds.Select(kind => kind.ToString().ToLowerInvariant()))];
        if (Behind > 1)
            parts.Add($"{Behind} behind each gateway");
        if (Hairpin)
            parts.Add("hairpin");
        if (Unsolicited == UnsolicitedAnswer.Reset)
            parts.Add("unsolicited rst");
        if (StrictWindow)
            parts.Add("strict window");
        if (RateBitsPerSecond is { } rate)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:0.###} Mbit/s"));
        if (Delay > TimeSpan.Zero)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"delay {Delay.TotalMilliseconds:0.###} ms"));
        if (LossPercent > 0)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"loss {LossPercent:0.###} %"));
        return string.Join(", ", parts);
    }

    private static int Within(int value, int least, int most) =>
        value >= least && value <= most ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"It must be {least} to {most}.");
}
