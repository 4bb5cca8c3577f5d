using BoxerMpi.Control;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>NATs that answer strangers with a reset, which closes what the stranger's own NAT had opened.</summary>
public sealed class ResetTests
{
    public static TheoryData<string, bool, int> Networks()
    {
        TheoryData<string, bool, int> all = [];
        foreach (string kinds in (string[])["cone", "remap", "fullcone", "cone,remap,fullcone"])
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
        LabOptions options = new()
        {
            Hosts = 4,
            Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))],
            Unsolicited = UnsolicitedAnswer.Reset,
            StrictWindow = strict,
            Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
        };
        await using LabJob job = LabJob.Start(options);
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        Assert.All(reports, report => Assert.All(report.Links, link => Assert.NotEqual(LinkWay.Relayed, link.Way)));
        foreach (LinkReport link in reports.SelectMany(report => report.Links))
            TestContext.Current.TestOutputHelper?.WriteLine($"{link.Way} {link.Attempts} {link.Took.TotalMilliseconds:0.0} ms");
    }
}
