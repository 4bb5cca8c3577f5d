using System.Net;
using System.Net.Sockets;
using BoxerMpi.NatLab.Tests.Support;

namespace BoxerMpi.NatLab.Tests;

/// <summary>
/// Each kind of gateway, seen from outside: one local port calls three endpoints of two public hosts, then the mapping is tried
/// from an address that was called by another port, and from one that was never called.
/// </summary>
public sealed class KindTests
{
    private const int Port = 41000;

    [Theory]
    [InlineData("cone", false)]
    [InlineData("cone", true)]
    [InlineData("remap", false)]
    [InlineData("remap", true)]
    [InlineData("symmetric", false)]
    [InlineData("symmetric", true)]
    [InlineData("fullcone", false)]
    [InlineData("fullcone", true)]
    [InlineData("none", false)]
    public void A_kind_maps_and_filters_as_it_is_told(string name, bool reset)
    {
        GatewayKind kind = Enum.Parse<GatewayKind>(name, ignoreCase: true);
        UnsolicitedAnswer unsolicited = reset ? UnsolicitedAnswer.Reset : UnsolicitedAnswer.Drop;
        using Lab lab = Machine.Make(new LabOptions { Hosts = 2, Kinds = [kind, GatewayKind.None], Unsolicited = unsolicited });
        LabHost host = lab.Hosts[0], stranger = lab.Hosts[1];

        using Socket here = lab.Seed.Run(() => Probe.Listen(Lab.SeedAddress));
        using Socket there = lab.Seed.Run(() => Probe.Listen(Lab.SecondSeedAddress));
        using Socket elsewhere = stranger.Run(() => Probe.Listen(stranger.Address));
        using Socket inside = host.Run(() => Probe.Listen(host.Address, Port));
        List<int> ports = [];
        List<Socket> open = [];
        foreach (Socket target in (Socket[])[here, there, elsewhere])
        {
            open.Add(host.Run(() => Probe.Connect((IPEndPoint)target.LocalEndPoint!, Port)));
            open.Add(Probe.Accept(target));
            IPEndPoint seen = (IPEndPoint)open[^1].RemoteEndPoint!;
            Assert.Equal(host.PublicAddress, seen.Address);
            ports.Add(seen.Port);
        }

        switch (kind)
        {
            case GatewayKind.Remap:
                Assert.Equal([Port ^ 0x155, Port ^ 0x155, Port ^ 0x155], ports);
                break;
            case GatewayKind.Symmetric:
                Assert.Equal(3, ports.Distinct().Count());
                break;
            default:
                Assert.Equal([Port, Port, Port], ports);
                break;
        }

        IPEndPoint mapping = new(host.PublicAddress, ports[0]);
        SocketError unmapped = kind == GatewayKind.None || reset ? SocketError.ConnectionRefused : SocketError.TimedOut;
        SocketError expected = kind is GatewayKind.FullCone or GatewayKind.None ? SocketError.Success : unmapped;
        Assert.Equal(expected, lab.Seed.Run(() => Probe.Try(mapping, from: Lab.SeedAddress)));
        Assert.Equal(expected, lab.Seed.Run(() => Probe.Try(mapping, from: Lab.SecondSeedAddress)));
        Assert.Equal(expected, stranger.Run(() => Probe.Try(mapping, from: stranger.Address)));
        Assert.Equal(unmapped, stranger.Run(() => Probe.Try(new IPEndPoint(host.PublicAddress, Port + 7), from: stranger.Address)));
        open.ForEach(socket => socket.Dispose());
    }
}
