using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.NatLab.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab.Tests;

/// <summary>Ranks whose network is cut, without a word, while their job runs: how it ends, and what is said.</summary>
/// <remarks>Not at the same time as others that remove all labs.</remarks>
[Collection("labs of launchers")]
public sealed class LostRankTests : IDisposable
{
    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    private readonly string _prefix = Machine.Prefix();
    private readonly string _done = Path.Combine(Path.GetTempPath(), Machine.Prefix() + ".done");

    public void Dispose() => File.Delete(_done);

    [Theory]
    [InlineData("host1", "boxer: rank 1 was lost: it was silent for 3 s")]
    [InlineData("seed", "boxer: rank [0-3] was lost: it was silent for 3 s")]
    public async Task A_job_ends_when_the_coordinator_hears_nothing_of_ranks(string where, string verdict)
    {
        await using Boxer boxer = await StartAsync("--silence-timeout", "3");
        Cut(where);
        await EndsAsync(boxer, verdict);
    }

    [Fact]
    public async Task A_rank_that_others_miss_and_the_coordinator_does_not_hear_is_to_blame_rather_than_they()
    {
        // The ends of its links notice before the coordinator's patience is over.
        await using Boxer boxer = await StartAsync("--silence-timeout", "1000");
        Cut("host1");
        await EndsAsync(boxer, "boxer: rank 1 was lost: the coordinator has not heard it for [0-9]+ s, and rank [023] tells: .* rank 1");
    }

    [Fact]
    public async Task A_rank_that_loses_only_its_coordinator_has_a_whole_result()
    {
        await using Boxer boxer = await StartAsync();
        Cut("host1", $"ip saddr {Lab.SeedAddress}", $"ip daddr {Lab.SeedAddress}");
        await File.WriteAllTextAsync(_done, "", TestContext.Current.CancellationToken);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(0);
        Assert.Equal(4, result.Output.Count(line => line.EndsWith(" of 4", StringComparison.Ordinal)));
        Assert.DoesNotContain(result.Error, line => line.StartsWith("boxer: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_relay_that_dies_ends_the_job_and_is_named()
    {
        await using Boxer boxer = await StartAsync("--delay", "1");
        LabRecord record = LabRecords.Find(_prefix)!;
        int relay = Assert.Single(LabProcesses.In(record with { Namespaces = [.. record.Namespaces.Where(one => one.Name == LabPlan.Net)] }));
        Assert.Equal(0, NativeMethods.Kill(relay, NativeMethods.SigKill));
        await EndsAsync(boxer, "boxer: the lab's relay, which delays and loses packets, was killed by SIGKILL; the ranks do not reach each other any more");
    }

    /// <summary>Four ranks that exchange messages until they are told to end.</summary>
    private async Task<Boxer> StartAsync(params string[] options)
    {
        Machine.RequireLab();
        Boxer boxer = Boxer.Start(["run", "-n", "4", "--on", "natlab", "--nat", "none", "--prefix", _prefix, .. options, Puppet, "until", _done]);
        for (int rank = 0; rank < 4; rank++)
            await boxer.Output.WaitForAsync($"[{rank}] pid ");
        return boxer;
    }

    /// <summary>Drops what comes to a host of the lab, and what leaves it: all, or only some.</summary>
    private void Cut(string name, string coming = "", string leaving = "")
    {
        using NetworkNamespace host = LabRecords.Find(_prefix)!.Open(name);
        host.Run(() => PacketRules.Load(
            $$"""
            table ip cut {
              chain input { type filter hook input priority filter; {{coming}} drop; }
              chain output { type filter hook output priority filter; {{leaving}} drop; }
            }

            """));
    }

    private async Task EndsAsync(Boxer boxer, string verdict)
    {
        LabRecord record = LabRecords.Find(_prefix)!;
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(1);
        Assert.Matches("^" + verdict, result.Error.First(line => line.StartsWith("boxer: ", StringComparison.Ordinal)));
        await ProcessList.UntilAsync(() => LabProcesses.In(record).Count == 0, () => "Processes are left in the lab.");
    }
}
