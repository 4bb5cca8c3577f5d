using System.Diagnostics;
using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>NATs with another outer port for each destination: what cannot be punched is refused with the reason, or relayed.</summary>
public sealed class NoWayTests
{
    [Theory]
    [InlineData("symmetric", false)]
    [InlineData("symmetric", true)]
    [InlineData("symmetric,cone", false)]
    [InlineData("cone,symmetric", true)]
    [InlineData("symmetric,remap", false)]
    public async Task A_pair_that_cannot_be_punched_is_refused_with_the_reason_in_bounded_time(string kinds, bool reset)
    {
        await using LabJob job = LabJob.Start(Options(kinds, reset));
        JobClient[] ranks = await job.JoinAllAsync();
        long start = Stopwatch.GetTimestamp();
        Task<WireUpReport>[] wiring = [.. ranks.Select(rank => job.WireAsync(rank))];
        LinkException error = await Assert.ThrowsAsync<LinkException>(() => Task.WhenAny(wiring).Unwrap());
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        foreach (MemberInfo member in ranks[0].Members)
        {
            Assert.Contains($"rank {member.Rank} ({member.Observed}, NAT {member.Nat.Name()})", error.Message, StringComparison.Ordinal);
        }

        Assert.Contains("--relay", error.Message, StringComparison.Ordinal);
        Assert.Equal(LinkStage.Punch, error.Stage);
        await Task.WhenAll(ranks.Select(rank => rank.DisposeAsync().AsTask()));
        await Task.WhenAll(wiring).ContinueWith(_ => { }, job.Deadline, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    [Theory]
    [InlineData("symmetric", false)]
    [InlineData("symmetric,cone", true)]
    [InlineData("remap,symmetric", false)]
    public async Task With_a_relay_it_goes_through_the_coordinator(string kinds, bool reset)
    {
        await using LabJob job = LabJob.Start(Options(kinds, reset), spec => spec with { Relay = true });
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        Assert.All(reports, report => Assert.Equal(LinkWay.Relayed, Assert.Single(report.Links).Way));
        RelayedPair pair = Assert.Single(job.Job.Relayed);
        Assert.Equal((0, 1), (pair.Lower, pair.Higher));
    }

    [Theory]
    [InlineData("symmetric,none")]
    [InlineData("none,symmetric")]
    [InlineData("symmetric,fullcone")]
    [InlineData("fullcone,symmetric")]
    [InlineData("cone,none")]
    public async Task Where_one_end_lets_anybody_in_the_other_one_connects(string kinds)
    {
        await using LabJob job = LabJob.Start(Options(kinds, reset: false));
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        Assert.All(reports, report => Assert.Equal(LinkWay.Direct, Assert.Single(report.Links).Way));
    }

    private static LabOptions Options(string kinds, bool reset) => new()
    {
        Hosts = 2,
        Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))],
        Unsolicited = reset ? UnsolicitedAnswer.Reset : UnsolicitedAnswer.Drop,
    };
}
