using System.Net;
using System.Net.Sockets;
using BoxerMpi.NatLab.Tests.Support;

namespace BoxerMpi.NatLab.Tests;

/// <summary>Several hosts behind one gateway, and gateways of several kinds in one lab.</summary>
public sealed class SharedGatewayTests
{
    private const int Port = 42000;

    [Fact]
    public void Hosts_behind_one_gateway_share_its_address_and_reach_each_other_inside()
    {
        using Lab lab = Machine.Make(new LabOptions { Hosts = 3, Behind = 2 });
        Assert.Equal(lab.Hosts[0].PublicAddress, lab.Hosts[1].PublicAddress);
        Assert.NotEqual(lab.Hosts[0].Address, lab.Hosts[1].Address);
        Assert.NotEqual(lab.Hosts[0].PublicAddress, lab.Hosts[2].PublicAddress);
        Assert.Equal(lab.Hosts[0].Address, lab.Hosts[2].Address);
        Assert.Same(lab.Hosts[0].Gateway, lab.Hosts[1].Gateway);

        using Socket listener = lab.Hosts[1].Run(() => Probe.Listen(lab.Hosts[1].Address));
        using Socket connected = lab.Hosts[0].Run(() => Probe.Connect((IPEndPoint)listener.LocalEndPoint!, Port));
        using Socket accepted = Probe.Accept(listener);
        Assert.Equal(new IPEndPoint(lab.Hosts[0].Address, Port), accepted.RemoteEndPoint);
    }

    [Fact]
    public void One_port_of_two_hosts_becomes_two_ports_of_their_gateway()
    {
        using Lab lab = Machine.Make(new LabOptions { Hosts = 2, Behind = 2 });
        using Socket listener = lab.Seed.Run(() => Probe.Listen(Lab.SeedAddress));
        List<IPEndPoint> seen = [];
        List<Socket> open = [];
        foreach (LabHost host in lab.Hosts)
        {
            open.Add(host.Run(() => Probe.Connect((IPEndPoint)listener.LocalEndPoint!, Port)));
            open.Add(Probe.Accept(listener));
            seen.Add((IPEndPoint)open[^1].RemoteEndPoint!);
        }

        Assert.Equal(new IPEndPoint(lab.Hosts[0].PublicAddress, Port), seen[0]);
        Assert.Equal(seen[0].Address, seen[1].Address);
        Assert.NotEqual(seen[0].Port, seen[1].Port);
        open.ForEach(socket => socket.Dispose());
    }

    [Theory]
    [InlineData("cone", true)]
    [InlineData("cone", false)]
    [InlineData("remap", true)]
    [InlineData("symmetric", true)]
    [InlineData("fullcone", true)]
    [InlineData("fullcone", false)]
    public void A_call_to_the_own_public_address_comes_back_with_hairpin_only(string name, bool hairpin)
    {
        GatewayKind kind = Enum.Parse<GatewayKind>(name, ignoreCase: true);
        using Lab lab = Machine.Make(new LabOptions { Hosts = 2, Behind = 2, Kinds = [kind], Hairpin = hairpin });
        using Socket seed = lab.Seed.Run(() => Probe.Listen(Lab.SeedAddress));
        using Socket inside = lab.Hosts[0].Run(() => Probe.Listen(lab.Hosts[0].Address, Port));
        using Socket opener = lab.Hosts[0].Run(() => Probe.Connect((IPEndPoint)seed.LocalEndPoint!, Port));
        using Socket atSeed = Probe.Accept(seed);
        IPEndPoint mapping = (IPEndPoint)atSeed.RemoteEndPoint!;
        SocketError result = lab.Hosts[1].Run(() => Probe.Try(mapping, from: lab.Hosts[1].Address));
        Assert.Equal(hairpin ? SocketError.Success : SocketError.TimedOut, result);
        if (hairpin)
        {
            // The called host sees the gateway as well: it may not learn whom it shares it with.
            using Socket accepted = Probe.Accept(inside);
            Assert.Equal(lab.Hosts[0].PublicAddress, ((IPEndPoint)accepted.RemoteEndPoint!).Address);
        }
    }

    [Fact]
    public void Kinds_are_dealt_out_in_turn()
    {
        GatewayKind[] kinds = [GatewayKind.Remap, GatewayKind.None, GatewayKind.Cone];
        using Lab lab = Machine.Make(new LabOptions { Hosts = 5, Kinds = kinds });
        using Socket seed = lab.Seed.Run(() => Probe.Listen(Lab.SeedAddress));
        Assert.Equal([.. kinds, .. kinds[..2]], lab.Hosts.Select(host => host.Kind));
        foreach (LabHost host in lab.Hosts)
        {
            using Socket connected = host.Run(() => Probe.Connect((IPEndPoint)seed.LocalEndPoint!, Port));
            using Socket accepted = Probe.Accept(seed);
            int expected = host.Kind == GatewayKind.Remap ? Port ^ 0x155 : Port;
            Assert.Equal(new IPEndPoint(host.PublicAddress, expected), accepted.RemoteEndPoint);
            Assert.Equal(host.Kind == GatewayKind.None, host.Gateway is null);
            Assert.Equal(host.Kind == GatewayKind.None ? host.PublicAddress : new IPAddress([10, 0, 0, 2]), host.Address);
        }
    }
}
