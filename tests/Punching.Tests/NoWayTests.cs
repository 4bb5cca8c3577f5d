using System.Diagnostics;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>NATs with another outer port for each destination: what cannot be punched is refused with the reason, or relayed.</summary>
public sealed class NoWayTests
{
    /// <summary>Two symmetric NATs on every kind of network, and one of them before another kind.</summary>
    public static TheoryData<string, bool, bool, int, double> Networks()
    {
        TheoryData<string, bool, bool, int, double> all = [];
        foreach (bool reset in (bool[])[false, true])
        {
            foreach (bool strict in (bool[])[false, true])
            {
                foreach (int roundTrip in (int[])[0, 1, 20])
                    all.Add("symmetric", reset, strict, roundTrip, 0);
            }
        }

        all.Add("symmetric,cone", false, false, 0, 0);
        all.Add("cone,symmetric", true, true, 20, 0);
        all.Add("symmetric,remap", false, true, 1, 0);
        all.Add("symmetric,cone", true, true, 1, 2);
        return all;
    }

    [Theory, MemberData(nameof(Networks))]
    public async Task A_pair_that_cannot_be_punched_is_refused_with_the_reason_in_bounded_time_and_relayed_where_that_is_allowed(
        string kinds, bool reset, bool strict, int roundTripMilliseconds, double lossPercent)
    {
        await using LabJob job = LabJob.Start(Options(kinds, reset, strict, roundTripMilliseconds, lossPercent));
        await RefusedAsync(job);
        await job.EndAsync();
        LabJob again = job.Again(spec => spec with { Relay = true });
        await RelayedAsync(again);
        await again.EndAsync();
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

    private static async Task RefusedAsync(LabJob job)
    {
        JobClient[] ranks = await job.JoinAllAsync();
        long start = Stopwatch.GetTimestamp();
        Task<WireUpReport>[] wiring = [.. ranks.Select(rank => job.WireAsync(rank))];
        LinkException error = await Assert.ThrowsAsync<LinkException>(() => Task.WhenAny(wiring).Unwrap());
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        foreach (MemberInfo member in ranks[0].Members)
        {
            Assert.Contains($"rank {member.Rank} ({member.Observed}, NAT {member.Nat.Name()})", error.Message, StringComparison.Ordinal);
        }

        Assert.Contains("setting Relay", error.Message, StringComparison.Ordinal);
        Assert.Contains("stage Punch", error.Message, StringComparison.Ordinal);
        Assert.Contains(error.Attempts switch { 0 => "without an attempt", 1 => "1 attempt in", int count => $"{count} attempts in" }, error.Message, StringComparison.Ordinal);
        Assert.Equal(LinkStage.Punch, error.Stage);
        await Task.WhenAll(ranks.Select(rank => rank.DisposeAsync().AsTask()));
        await Task.WhenAll(wiring).ContinueWith(_ => { }, job.Deadline, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private static async Task RelayedAsync(LabJob job)
    {
        WireUpReport[] reports = await job.WireAllAsync(await job.JoinAllAsync());
        Assert.All(reports, report => Assert.Equal(LinkWay.Relayed, Assert.Single(report.Links).Way));
        RelayedPair pair = Assert.Single(job.Job.Relayed);
        Assert.Equal((0, 1), (pair.Lower, pair.Higher));
        Assert.InRange(Math.Min(pair.BytesFromLower, pair.BytesFromHigher), 3, 100_000);
    }

    private static LabOptions Options(string kinds, bool reset, bool strict = false, int roundTripMilliseconds = 0, double lossPercent = 0) => new()
    {
        Hosts = 2,
        Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))],
        Unsolicited = reset ? UnsolicitedAnswer.Reset : UnsolicitedAnswer.Drop,
        StrictWindow = strict,
        Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
        LossPercent = lossPercent,
    };
}
