using BoxerMpi.NatLab.Kernel;

namespace BoxerMpi.NatLab;

/// <summary>Makes the namespaces of a lab and what is in them, on one thread that goes from one to the next.</summary>
internal sealed class LabBuilder : IDisposable
{
    // A second of the paper's 621 Mbit/s is 78 MB: the bucket must be small beside it, and hold the largest packet (64 KiB).
    private const int BurstBytes = 256 * 1024;

    private static readonly TimeSpan LongestQueue = TimeSpan.FromMilliseconds(50);

    private readonly LabPlan _plan;
    private readonly List<NetworkNamespace> _all = [];
    private readonly List<NamespaceIdentity> _identities = [];
    private readonly NetworkNamespace?[] _gateways;
    private readonly NetworkNamespace[] _hosts;
    private NetworkNamespace _net = null!;
    private NetworkNamespace _seed = null!;

    private readonly CancellationToken _cancellation;

    private LabBuilder(LabPlan plan, CancellationToken cancellationToken)
    {
        _plan = plan;
        _cancellation = cancellationToken;
        _gateways = new NetworkNamespace?[plan.Places];
        _hosts = new NetworkNamespace[plan.Options.Hosts];
    }

    public IReadOnlyList<NetworkNamespace> All => _all;

    public IReadOnlyList<NamespaceIdentity> Identities => _identities;

    public NetworkNamespace Net => _net;

    public NetworkNamespace Seed => _seed;

    public IReadOnlyList<LabHost> Hosts =>
    [
        .. Enumerable.Range(0, _hosts.Length).Select(host => new LabHost(
            host,
            _plan.KindOf(_plan.PlaceOf(host)),
            _plan.OwnAddress(host),
            LabPlan.PublicAddress(_plan.PlaceOf(host)),
            _hosts[host],
            _gateways[_plan.PlaceOf(host)])),
    ];

    /// <summary>The whole lab, or nothing: as long as nobody gives the namespaces a name, all ends with their descriptors.</summary>
    /// <exception cref="LabException">This system does not do it.</exception>
    public static LabBuilder Build(LabPlan plan, CancellationToken cancellationToken)
    {
        LabBuilder builder = new(plan, cancellationToken);
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                builder.MakeNamespaces();
                builder.Connect();
                builder.Configure();
            }
            catch (Exception error)
            {
                failure = error;
            }
        })
        {
            IsBackground = true,
            Name = "lab builder",
        };
        thread.Start();
        thread.Join();
        if (failure is null)
            return builder;

        builder.Dispose();
        throw failure is LabException or OperationCanceledException ? failure : new InvalidOperationException($"Making the lab failed: {failure.Message}", failure);
    }

    public void Dispose() => _all.ForEach(one => one.Dispose());

    private void MakeNamespaces()
    {
        _net = Make(LabPlan.Net);
        _seed = Make(LabPlan.Seed);
        for (int place = 0; place < _plan.Places; place++)
        {
            if (_plan.KindOf(place) != GatewayKind.None)
                _gateways[place] = Make(LabPlan.GatewayName(place));
        }

        for (int host = 0; host < _hosts.Length; host++)
            _hosts[host] = Make(LabPlan.HostName(host));
    }

    private NetworkNamespace Make(string name)
    {
        _cancellation.ThrowIfCancellationRequested();
        NetworkNamespace made = NetworkNamespace.MakeAndEnter(name);
        _all.Add(made);
        _identities.Add(made.Identify());
        return made;
    }

    private void Connect()
    {
        // A lost packet is to be one on the wire, not a piece of forty.
        bool segmented = _plan.Options.LossPercent > 0;
        NetlinkBatch batch = new();
        batch.AddPair(new(_seed, LabPlan.OutsideLink, LabPlan.OnlyLink), new(_net, "seed", LabPlan.SeedPort), segmented);
        for (int place = 0; place < _plan.Places; place++)
        {
            LinkEnd port = new(_net, $"port{place}", LabPlan.FirstPort + place);
            if (_gateways[place] is not { } gateway)
            {
                batch.AddPair(new(_hosts[_plan.HostsAt(place).First()], LabPlan.HostLink, LabPlan.OnlyLink), port, segmented);
                continue;
            }

            batch.AddPair(new(gateway, LabPlan.OutsideLink, LabPlan.OnlyLink), port, segmented);
            foreach ((int index, int host) in _plan.HostsAt(place).Index())
            {
                batch.AddPair(
                    new(_hosts[host], LabPlan.HostLink, LabPlan.OnlyLink),
                    new(gateway, $"{LabPlan.InsideLink}{index}", LabPlan.FirstInsideLink + index),
                    segmented);
            }
        }

        using NetlinkSocket socket = new(NetlinkSocket.Routing);
        socket.Execute(batch);
    }

    private void Configure()
    {
        ConfigureNet();
        In(_seed, forward: false, batch =>
        {
            AddPublicHost(batch, LabPlan.SeedAddress);
            batch.AddAddress(LabPlan.OnlyLink, LabPlan.SecondSeedAddress);
        });
        for (int place = 0; place < _plan.Places; place++)
        {
            if (_gateways[place] is { } gateway)
                ConfigureGateway(place, gateway);
            foreach (int host in _plan.HostsAt(place))
                ConfigureHost(place, host);
        }
    }

    private void ConfigureNet() => In(_net, forward: !_plan.Options.NeedsRelay, batch =>
    {
        batch.AddAddress(LabPlan.Loopback, LabPlan.RouterAddress);
        batch.SetUp(LabPlan.SeedPort);
        batch.AddNeighbour(LabPlan.SeedPort, LabPlan.SeedAddress);
        batch.AddRoute(LabPlan.SeedPort, by: LabPlan.SeedAddress, LabPlan.SecondSeedAddress);
        for (int place = 0; place < _plan.Places; place++)
        {
            batch.SetUp(LabPlan.FirstPort + place);
            batch.AddNeighbour(LabPlan.FirstPort + place, LabPlan.PublicAddress(place));
            if (_plan.KindOf(place) == GatewayKind.None)
                LimitRate(batch, LabPlan.FirstPort + place);
        }
    });

    private void ConfigureGateway(int place, NetworkNamespace gateway)
    {
        LabOptions options = _plan.Options;
        In(gateway, forward: true, batch =>
        {
            AddPublicHost(batch, LabPlan.PublicAddress(place));
            foreach ((int index, int host) in _plan.HostsAt(place).Index())
            {
                int link = LabPlan.FirstInsideLink + index;
                batch.AddAddress(link, LabPlan.InsideAddress);
                batch.SetUp(link);
                batch.AddNeighbour(link, _plan.OwnAddress(host));
                LimitRate(batch, link);
            }
        });
        PacketRules.Load(GatewayRules.Of(_plan.KindOf(place), LabPlan.PublicAddress(place), options.Unsolicited, options.Hairpin));
        KernelSettings.Write("net/netfilter/nf_conntrack_tcp_be_liberal", options.StrictWindow ? 0 : 1);
    }

    private void ConfigureHost(int place, int host) => In(_hosts[host], forward: false, batch =>
    {
        if (_plan.KindOf(place) == GatewayKind.None)
            AddPublicHost(batch, LabPlan.PublicAddress(place));
        else
            AddEndHost(batch, _plan.OwnAddress(host), LabPlan.InsideAddress);
        LimitRate(batch, LabPlan.OnlyLink);
    });

    /// <summary>What every namespace gets, and what the caller adds; the calling thread stays in it.</summary>
    private void In(NetworkNamespace where, bool forward, Action<NetlinkBatch> add)
    {
        _cancellation.ThrowIfCancellationRequested();
        where.Enter();
        NetlinkBatch batch = new();
        batch.SetUp(LabPlan.Loopback);
        KernelSettings.Write("net/ipv4/ip_forward", forward ? 1 : 0);
        KernelSettings.WriteIfThere("net/ipv6/conf/all/disable_ipv6", 1);
        KernelSettings.WriteIfThere("net/ipv6/conf/default/disable_ipv6", 1);
        add(batch);
        using NetlinkSocket socket = new(NetlinkSocket.Routing);
        socket.Execute(batch);
    }

    private static void AddPublicHost(NetlinkBatch batch, System.Net.IPAddress address) => AddEndHost(batch, address, LabPlan.RouterAddress);

    private static void AddEndHost(NetlinkBatch batch, System.Net.IPAddress address, System.Net.IPAddress router)
    {
        batch.AddAddress(LabPlan.OnlyLink, address);
        batch.SetUp(LabPlan.OnlyLink);
        batch.AddNeighbour(LabPlan.OnlyLink, router);
        batch.AddRoute(LabPlan.OnlyLink, by: router, source: address);
    }

    private void LimitRate(NetlinkBatch batch, int link)
    {
        if (_plan.Options.RateBitsPerSecond is { } rate)
            batch.AddRate(link, rate, BurstBytes, LongestQueue);
    }
}
