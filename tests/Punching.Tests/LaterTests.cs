using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>Links that only one end asks for, while the job runs: sequential punching.</summary>
public sealed class LaterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("cone", false)]
    [InlineData("cone", true)]
    [InlineData("remap", true)]
    [InlineData("none,cone", false)]
    [InlineData("cone,none", false)]
    public async Task A_link_off_the_topology_comes_up_when_one_end_asks(string kinds, bool strict)
    {
        LabOptions options = new()
        {
            Hosts = 4,
            Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))],
            StrictWindow = strict,
        };
        await using LabJob job = LabJob.Start(options, spec => spec with { Topology = "edges:0-1,1-2,2-3" });
        JobClient[] ranks = await job.JoinAllAsync();
        await job.WireAllAsync(ranks);

        // From the lower and from the higher rank, and from both at once.
        await ranks[0].ConnectAsync(3, Patience, job.Deadline);
        await ranks[2].ConnectAsync(0, Patience, job.Deadline);
        await Task.WhenAll(ranks[1].ConnectAsync(3, Patience, job.Deadline), ranks[3].ConnectAsync(1, Patience, job.Deadline));
        foreach ((int a, int b) in ((int, int)[])[(0, 3), (0, 2), (1, 3)])
        {
            await job.UntilAsync(() => job.Boxes[a].Count(b) == 1 && job.Boxes[b].Count(a) == 1, $"both ends of {a}-{b}");
            await job.CheckAsync(a, b);
            await job.CheckAsync(b, a);
        }
    }

    [Fact]
    public async Task A_link_that_cannot_be_punched_is_relayed_when_one_end_asks()
    {
        await using LabJob job = LabJob.Start(
            new LabOptions { Hosts = 3, Kinds = [GatewayKind.Symmetric, GatewayKind.None, GatewayKind.Cone] },
            spec => spec with { Topology = "edges:0-1,1-2", Relay = true });
        JobClient[] ranks = await job.JoinAllAsync();
        await job.WireAllAsync(ranks);
        await ranks[2].ConnectAsync(0, Patience, job.Deadline);
        await job.UntilAsync(() => job.Boxes[0].Count(2) == 1, "the other end");
        await job.CheckAsync(0, 2);
        await job.CheckAsync(2, 0);
    }
}
