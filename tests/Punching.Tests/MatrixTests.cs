using BoxerMpi.Control;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>
/// A mesh of four hosts behind each kind of NAT that can be punched, on each kind of network; <see cref="ResetTests"/> has those that
/// answer, <see cref="NoWayTests"/> those that cannot be punched, <see cref="LossTests"/> those that lose packets.
/// </summary>
public sealed class MatrixTests
{
    private const int Hosts = 4;

    private static readonly GatewayKind[] Every = [GatewayKind.Cone, GatewayKind.Remap, GatewayKind.FullCone, GatewayKind.Symmetric, GatewayKind.None];
    private static readonly GatewayKind[] Mixed = [GatewayKind.Cone, GatewayKind.Remap, GatewayKind.FullCone, GatewayKind.Cone];

    private enum Pairing
    {
        /// <summary>One end lets the other in.</summary>
        Open,
        Punchable,
        NoWay,
    }

    public static TheoryData<string, bool, int> Networks()
    {
        TheoryData<string, bool, int> all = [];
        foreach (string kinds in (string[])["cone", "remap", "fullcone", "mixed"])
        {
            foreach (bool strict in (bool[])[false, true])
            {
                foreach (int roundTrip in (int[])[0, 1, 20])
                    all.Add(kinds, strict, roundTrip);
            }
        }

        return all;
    }

    [Theory, MemberData(nameof(Networks))]
    public async Task All_pairs_are_linked(string kinds, bool strict, int roundTripMilliseconds)
    {
        await using LabJob job = LabJob.Start(new LabOptions
        {
            Hosts = Hosts,
            Kinds = kinds == "mixed" ? Mixed : [Enum.Parse<GatewayKind>(kinds, ignoreCase: true)],
            StrictWindow = strict,
            Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
        });
        JobClient[] ranks = await job.JoinAllAsync();
        Assert.All(ranks[0].Members, member => Assert.Equal(Expected(job.Lab.Hosts[member.Rank].Kind), member.Nat));
        WireUpReport[] reports = await job.WireAllAsync(ranks);
        Assert.All(reports, report => Assert.All(report.Links, link => Assert.Equal(LinkWay.Punched, link.Way)));
        foreach (LinkReport link in reports.SelectMany(report => report.Links))
            TestContext.Current.TestOutputHelper?.WriteLine($"{link.Way} {link.Attempts} {link.Took.TotalMilliseconds:0.0} ms");
    }

    /// <summary>Every kind beside every other: what cannot be punched goes through the coordinator, and nothing else does.</summary>
    [Theory]
    [InlineData(false, false, 0)]
    [InlineData(false, false, 20)]
    [InlineData(false, true, 1)]
    [InlineData(true, true, 0)]
    [InlineData(true, true, 20)]
    [InlineData(true, false, 20)]
    public async Task Each_pair_gets_the_way_that_its_two_NATs_allow(bool reset, bool strict, int roundTripMilliseconds)
    {
        LabOptions options = new()
        {
            Hosts = Every.Length,
            Kinds = Every,
            Unsolicited = reset ? UnsolicitedAnswer.Reset : UnsolicitedAnswer.Drop,
            StrictWindow = strict,
            Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
        };
        await using LabJob job = LabJob.Start(options, spec => spec with { Relay = true });
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        for (int rank = 0; rank < Every.Length; rank++)
        {
            foreach (LinkReport link in reports[rank].Links)
            {
                bool allowed = Kind(Every[rank], Every[link.Peer]) switch
                {
                    Pairing.Open => link.Way == LinkWay.Direct,
                    Pairing.NoWay => link.Way == LinkWay.Relayed,
                    _ => link.Way is LinkWay.Punched or LinkWay.Sequential or LinkWay.HandedOver,
                };
                Assert.True(allowed, $"{Every[rank]} and {Every[link.Peer]}: {link.Way}");
            }
        }

        // With cone and with remap.
        Assert.Equal(2, job.Job.Relayed.Count);
    }

    private static Pairing Kind(GatewayKind a, GatewayKind b)
    {
        if (a == GatewayKind.None || b == GatewayKind.None)
            return Pairing.Open;
        if (a != GatewayKind.Symmetric && b != GatewayKind.Symmetric)
            return Pairing.Punchable;
        return a == GatewayKind.FullCone || b == GatewayKind.FullCone ? Pairing.Open : Pairing.NoWay;
    }

    private static NatKind Expected(GatewayKind kind) => kind switch
    {
        GatewayKind.None => NatKind.None,
        GatewayKind.Remap => NatKind.Remapped,
        GatewayKind.Symmetric => NatKind.Symmetric,
        _ => NatKind.PortKept,
    };
}
