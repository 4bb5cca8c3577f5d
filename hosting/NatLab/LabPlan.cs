using System.Net;

namespace BoxerMpi.NatLab;

/// <summary>Names, addresses and link numbers of a lab: all follow from its options.</summary>
/// <remarks>
/// host - gateway - net - seed: <c>net</c> is a router. On a bridge each of N gateways would need N neighbour entries, and the
/// kernel's table of them (1,024 by default) is shared by all namespaces. Public addresses are of the range for benchmarks (RFC 2544).
/// </remarks>
internal sealed class LabPlan(LabOptions options)
{
    public const string Net = "net", Seed = "seed";
    public const string InsideLink = "lan", OutsideLink = "wan", HostLink = "eth0";

    // The kernel gives 1 to the loopback of each namespace.
    public const int Loopback = 1, OnlyLink = 2, FirstInsideLink = 10, SeedPort = 10, FirstPort = 11;

    private const int AddressesPerBlock = 250;

    public static IPAddress SeedAddress { get; } = new([198, 18, 0, 1]);

    public static IPAddress SecondSeedAddress { get; } = new([198, 18, 0, 2]);

    /// <summary>The router's own, the sender of its ICMP messages.</summary>
    public static IPAddress RouterAddress { get; } = new([198, 18, 0, 254]);

    /// <summary>Each gateway's, towards its hosts.</summary>
    public static IPAddress InsideAddress { get; } = new([10, 0, 0, 1]);

    public LabOptions Options => options;

    /// <summary>Places at the public network: gateways, and hosts without one.</summary>
    public int Places => ((options.Hosts - 1) / options.Behind) + 1;

    public GatewayKind KindOf(int place) => options.Kinds[place % options.Kinds.Count];

    public int PlaceOf(int host) => host / options.Behind;

    /// <summary>The hosts at a place.</summary>
    public IEnumerable<int> HostsAt(int place) =>
        Enumerable.Range(place * options.Behind, Math.Min(options.Behind, options.Hosts - (place * options.Behind)));

    public static string HostName(int host) => $"host{host}";

    public static string GatewayName(int place) => $"nat{place}";

    public static IPAddress PublicAddress(int place) =>
        new([198, 18, (byte)(1 + (place / AddressesPerBlock)), (byte)(1 + (place % AddressesPerBlock))]);

    /// <summary>The place that has a public address; the caller sees to it that it is in range.</summary>
    public static int PlaceAt(uint address) => ((((int)(address >> 8) & 0xff) - 1) * AddressesPerBlock) + (int)(address & 0xff) - 1;

    /// <summary>The address that a host knows as its own.</summary>
    public IPAddress OwnAddress(int host) => KindOf(PlaceOf(host)) == GatewayKind.None
        ? PublicAddress(PlaceOf(host))
        : new IPAddress([10, 0, 0, (byte)(2 + (host % options.Behind))]);
}
