using System.Net;
using System.Runtime.InteropServices;

namespace BoxerMpi.NatLab.Kernel;

/// <summary>One end of a veth pair.</summary>
/// <param name="Namespace">Where it is.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Index">Its number there, chosen by the lab, so that nothing has to be looked up.</param>
internal readonly record struct LinkEnd(NetworkNamespace Namespace, string Name, int Index);

/// <summary>What a lab asks of the kernel's tables of links, addresses, routes and neighbours: numbers from linux/rtnetlink.h and if_link.h.</summary>
internal static class LinkRequests
{
    private const ushort NewLink = 16, SetLink = 19, NewAddress = 20, NewRoute = 24, NewNeighbour = 28, NewQueue = 36;
    private const byte Internet = 2; // AF_INET

    /// <summary>All links are between two ends, so one address does for all of them, and nobody ever has to ask for it.</summary>
    private static ReadOnlySpan<byte> HardwareAddress => [0x02, 0, 0, 0, 0, 0x01];

    /// <summary>A pair of connected links.</summary>
    /// <param name="batch">Where to add it.</param>
    /// <param name="a">One end.</param>
    /// <param name="b">The other end.</param>
    /// <param name="segmented">Whether each packet is one that fits the wire, as opposed to many of them in one piece.</param>
    public static void AddPair(this NetlinkBatch batch, LinkEnd a, LinkEnd b, bool segmented)
    {
        batch.Make(NewLink, $"connect {a.Namespace.Name} with {b.Namespace.Name} (veth)", new LinkHead { Index = a.Index });
        Describe(a);
        batch.Nest(18 /* IFLA_LINKINFO */, () =>
        {
            batch.Attribute(1 /* IFLA_INFO_KIND */, "veth");
            batch.Nest(2 /* IFLA_INFO_DATA */, () => batch.Nest(1 /* VETH_INFO_PEER */, () =>
            {
                batch.Raw(new LinkHead { Index = b.Index });
                Describe(b);
            }));
        });

        void Describe(LinkEnd end)
        {
            batch.Attribute(3 /* IFLA_IFNAME */, end.Name);
            batch.Attribute(1 /* IFLA_ADDRESS */, HardwareAddress);
            batch.Attribute(28 /* IFLA_NET_NS_FD */, end.Namespace.Descriptor);
            if (segmented)
                batch.Attribute(40 /* IFLA_GSO_MAX_SEGS */, 1);
        }
    }

    public static void SetUp(this NetlinkBatch batch, int link) =>
        batch.Alter(SetLink, $"turn link {link} on", new LinkHead { Index = link, Flags = 1, Changed = 1 /* IFF_UP */ });

    public static void AddAddress(this NetlinkBatch batch, int link, IPAddress address)
    {
        batch.Make(NewAddress, $"give link {link} the address {address}", new AddressHead { Family = Internet, PrefixLength = 32, Link = link });
        batch.Attribute(2 /* IFA_LOCAL */, address);
        batch.Attribute(1 /* IFA_ADDRESS */, address);
    }

    /// <summary>The way to an address at the other end of a link, whose hardware address is known.</summary>
    public static void AddNeighbour(this NetlinkBatch batch, int link, IPAddress address)
    {
        batch.Make(NewRoute, $"add a route to {address}", new RouteHead(prefixLength: 32, scope: 253 /* RT_SCOPE_LINK */));
        batch.Attribute(1 /* RTA_DST */, address);
        batch.Attribute(4 /* RTA_OIF */, link);
        batch.Make(NewNeighbour, $"add the neighbour {address}", new NeighbourHead { Family = Internet, Link = link, State = 0x80 /* NUD_PERMANENT */ });
        batch.Attribute(1 /* NDA_DST */, address);
        batch.Attribute(2 /* NDA_LLADDR */, HardwareAddress);
    }

    /// <summary>The way to everything, or to one address, by a neighbour.</summary>
    public static void AddRoute(this NetlinkBatch batch, int link, IPAddress by, IPAddress? destination = null, IPAddress? source = null)
    {
        batch.Make(NewRoute, $"add a route by {by}", new RouteHead(destination is null ? (byte)0 : (byte)32, scope: 0) { Flags = 4 /* RTNH_F_ONLINK */ });
        if (destination is not null)
            batch.Attribute(1 /* RTA_DST */, destination);
        batch.Attribute(5 /* RTA_GATEWAY */, by);
        batch.Attribute(4 /* RTA_OIF */, link);
        if (source is not null)
            batch.Attribute(7 /* RTA_PREFSRC */, source);
    }

    /// <summary>Lets a link send no faster than a rate (token bucket, tc-tbf(8)).</summary>
    /// <param name="batch">Where to add it.</param>
    /// <param name="link">The link.</param>
    /// <param name="bitsPerSecond">The rate, on the wire.</param>
    /// <param name="burstBytes">What may leave at once after a pause.</param>
    /// <param name="queue">How long a packet waits at most; what would wait longer is dropped.</param>
    public static void AddRate(this NetlinkBatch batch, int link, long bitsPerSecond, int burstBytes, TimeSpan queue)
    {
        ulong bytesPerSecond = (ulong)bitsPerSecond / 8;
        batch.Make(NewQueue, $"limit link {link} to {bitsPerSecond} bit/s (tbf)", new QueueHead { Link = link, Parent = uint.MaxValue /* TC_H_ROOT */ });
        batch.Attribute(1 /* TCA_KIND */, "tbf");
        batch.Nest(2 /* TCA_OPTIONS */, () =>
        {
            batch.Attribute(1 /* TCA_TBF_PARMS */, new TokenBucket
            {
                LinkLayer = 1, // TC_LINKLAYER_ETHERNET: the kernel computes with the rate itself and needs no table.
                Rate = (uint)Math.Min(bytesPerSecond, uint.MaxValue),
                Limit = (uint)Math.Min((bytesPerSecond * queue.TotalSeconds) + burstBytes, uint.MaxValue),
            });
            batch.Attribute(6 /* TCA_TBF_BURST */, burstBytes);
            if (bytesPerSecond > uint.MaxValue)
                batch.Attribute(4 /* TCA_TBF_RATE64 */, bytesPerSecond);
        });
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LinkHead
    {
        public byte Family;
        public byte Padding;
        public ushort Type;
        public int Index;
        public uint Flags;
        public uint Changed;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct AddressHead
    {
        public byte Family;
        public byte PrefixLength;
        public byte Flags;
        public byte Scope;
        public int Link;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct RouteHead(byte prefixLength, byte scope)
    {
        public byte Family = Internet;
        public byte PrefixLength = prefixLength;
        public byte SourceLength;
        public byte TypeOfService;
        public byte Table = 254; // RT_TABLE_MAIN
        public byte Protocol = 4; // RTPROT_STATIC
        public byte Scope = scope;
        public byte Type = 1; // RTN_UNICAST
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct NeighbourHead
    {
        public byte Family;
        public byte Padding;
        public ushort Padding2;
        public int Link;
        public ushort State;
        public byte Flags;
        public byte Type;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct QueueHead
    {
        public byte Family;
        public byte Padding;
        public ushort Padding2;
        public int Link;
        public uint Handle;
        public uint Parent;
        public uint Information;
    }

    /// <summary>struct tc_tbf_qopt: the rate, a peak rate that is not used, and the queue.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TokenBucket
    {
        public byte CellLog;
        public byte LinkLayer;
        public ushort Overhead;
        public short CellAlign;
        public ushort MinimumPacket;
        public uint Rate;
        public uint PeakCell;
        public uint PeakAlign;
        public uint PeakRate;
        public uint Limit;
        public uint Buffer;
        public uint MaximumPacket;
    }
}
