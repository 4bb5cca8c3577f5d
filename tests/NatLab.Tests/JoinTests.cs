using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab.Tests.Support;

namespace BoxerMpi.NatLab.Tests;

/// <summary>The whole HashJoin example with every rank behind a NAT of its own: its links are punched, or relayed where that cannot be.</summary>
public sealed class JoinTests
{
    private static readonly string HashJoin = Path.Combine(AppContext.BaseDirectory, "HashJoin.dll");

    [Theory]
    [InlineData(9, "mesh", "cone")]
    [InlineData(9, "grid:3x3", "cone")]
    [InlineData(9, "tree", "cone")]
    [InlineData(5, "mesh", "cone,remap,fullcone,none", "--window", "strict", "--delay", "1")]
    [InlineData(4, "mesh", "symmetric,cone", "--relay")]
    public async Task The_join_is_verified_behind_NATs(int ranks, string topology, string kinds, params string[] options)
    {
        Machine.RequireLab();
        BoxerResult result = (await Boxer.RunAsync(
            ["run", "-n", $"{ranks}", "--on", "natlab", "--nat", kinds, .. options, "--topology", topology, "--timeout", "50", HashJoin])).ExitsWith(0);
        Assert.Contains(result.Output, line => line.Contains("verified: 15,000 orders and 60,175 lines give 60,175 rows", StringComparison.Ordinal));
    }
}
