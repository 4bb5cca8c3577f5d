using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>A mesh of four hosts behind each kind of NAT that can be punched, on each kind of network.</summary>
public sealed class MatrixTests
{
    private const int Hosts = 4;

    private static readonly GatewayKind[] Mixed = [GatewayKind.Cone, GatewayKind.Remap, GatewayKind.FullCone, GatewayKind.Cone];

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
        Assert.All(reports, report => Assert.All(report.Links, link => Assert.NotEqual(LinkWay.Relayed, link.Way)));
        foreach (LinkReport link in reports.SelectMany(report => report.Links))
            TestContext.Current.TestOutputHelper?.WriteLine($"{link.Way} {link.Attempts} {link.Took.TotalMilliseconds:0.0} ms");
    }

    private static NatKind Expected(GatewayKind kind) => kind switch
    {
        GatewayKind.None => NatKind.None,
        GatewayKind.Remap => NatKind.Remapped,
        GatewayKind.Symmetric => NatKind.Symmetric,
        _ => NatKind.PortKept,
    };
}
