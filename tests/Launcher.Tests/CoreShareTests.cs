using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>While there are enough cores, ranks do not share them.</summary>
public sealed class CoreShareTests
{
    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 8)]
    [InlineData(8, 8)]
    [InlineData(5, 64)]
    public void Shares_are_disjoint_fair_and_use_every_core(int size, int count)
    {
        int[] cores = [.. Enumerable.Range(4, count)];
        int[][] shares = [.. Enumerable.Range(0, size).Select(rank => CoreShare.Of(cores, rank, size))];
        Assert.Equal(cores, shares.SelectMany(share => share));
        Assert.All(shares, share => Assert.InRange(share.Length, count / size, count / size + 1));
    }

    [Fact]
    public void With_more_ranks_than_cores_nobody_is_bound() => Assert.Empty(CoreShare.Of([0, 1], 1, 3));

    [Fact]
    public async Task Binding_can_be_switched_off()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("binds on Linux only");
        string[] script = ["sh", "-c", "grep Cpus_allowed_list /proc/self/status"];
        BoxerResult free = (await Boxer.RunAsync(["run", "-n", "2", "-x", "BOXER_BIND=none", .. script])).ExitsWith(0);
        Assert.Single(free.Output.Select(line => line[3..]).Distinct());
        BoxerResult bound = (await Boxer.RunAsync(["run", "-n", "2", .. script])).ExitsWith(0);
        Assert.Equal(Environment.ProcessorCount >= 2 ? 2 : 1, bound.Output.Select(line => line[3..]).Distinct().Count());
    }
}
