using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab.Tests.Support;

namespace BoxerMpi.NatLab.Tests;

/// <summary>What cannot be done ends with exit code 2, a line that says why and one that says what to try; nothing is made.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("what is to be done?", "natlab")]
    [InlineData("unknown command 'uo'; did you mean up?", "natlab", "uo")]
    [InlineData("how many hosts?", "natlab", "up")]
    [InlineData("'0' is not a number of hosts", "natlab", "up", "0")]
    [InlineData("'two' is not a number of hosts", "natlab", "up", "two")]
    [InlineData("too large", "natlab", "up", "1001")]
    [InlineData("unknown option '--frob'", "natlab", "up", "2", "--frob")]
    [InlineData("'foo' is not a kind of NAT", "natlab", "up", "2", "--nat", "cone,foo")]
    [InlineData("is not an answer", "natlab", "up", "2", "--unsolicited", "maybe")]
    [InlineData("is not a way to check", "natlab", "up", "2", "--window", "open")]
    [InlineData("'fast' is not a rate", "natlab", "up", "2", "--rate", "fast")]
    [InlineData("'5' is not a rate", "natlab", "up", "2", "--rate", "5")]
    [InlineData("'0mbit' is not a rate", "natlab", "up", "2", "--rate", "0mbit")]
    [InlineData("--delay '-1'", "natlab", "up", "2", "--delay", "-1")]
    [InlineData("--delay '-Infinity'", "natlab", "up", "2", "--delay", "-Infinity")]
    [InlineData("--loss '-Infinity'", "natlab", "up", "2", "--loss", "-Infinity")]
    [InlineData("--delay 'long'", "natlab", "up", "2", "--delay", "long")]
    [InlineData("--loss '100'", "natlab", "up", "2", "--loss", "100")]
    [InlineData("--behind '0'", "natlab", "up", "2", "--behind", "0")]
    [InlineData("exclude each other", "natlab", "up", "2", "--behind", "2", "--nat", "none")]
    [InlineData("none has none", "natlab", "up", "2", "--hairpin", "--nat", "none")]
    [InlineData("is not a name for a lab", "natlab", "up", "2", "--prefix", "a/b")]
    [InlineData("there is no lab absent", "natlab", "exec", "--prefix", "absent", "0", "--", "true")]
    [InlineData("the host is missing", "natlab", "exec", "--prefix", "absent")]
    [InlineData("there is no lab absent", "natlab", "exec-seed", "--prefix", "absent", "--", "true")]
    [InlineData("there is no lab absent", "natlab", "down", "--prefix", "absent")]
    [InlineData("exclude each other", "natlab", "down", "--all", "--prefix", "absent")]
    [InlineData("'mars' is not a place", "run", "-n", "2", "--on", "mars", "true")]
    [InlineData("--nat is about a NAT lab", "run", "-n", "2", "--nat", "cone", "true")]
    [InlineData("--hairpin is about a NAT lab", "run", "-n", "2", "--on", "local", "--hairpin", "true")]
    [InlineData("'foo' is not a kind of NAT", "run", "-n", "2", "--on", "natlab", "--nat", "foo", "true")]
    public async Task Wrong_options_are_named(string part, params string[] arguments)
    {
        BoxerResult result = (await Boxer.RunAsync(arguments)).ExitsWith(2);
        Assert.Empty(result.Output);
        Assert.Equal(2, result.Error.Count);
        Assert.Contains(part, result.Error[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("needs root", "unshare --user")]
    [InlineData("makes no network namespace", "setpriv --bounding-set=-sys_admin")]
    public async Task A_process_without_the_rights_is_told_so(string part, string without)
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        BoxerResult result = (await Boxer.RunUnderAsync(without.Split(' '), "natlab", "up", "2", "--prefix", prefix)).ExitsWith(2);
        Assert.Contains(part, result.Error[0], StringComparison.Ordinal);
        Assert.Empty(Machine.Names(prefix));
        Assert.Null(LabRecords.Find(prefix));
        (await Boxer.RunUnderAsync(without.Split(' '), "run", "-n", "2", "--on", "natlab", "true")).ExitsWith(2);
    }

    [Fact]
    public async Task A_limit_of_descriptors_that_is_too_low_is_named()
    {
        Machine.RequireLab();
        string prefix = Machine.Prefix();
        BoxerResult result = (await Boxer.RunUnderAsync(["prlimit", "--nofile=150:150"], "natlab", "up", "100", "--prefix", prefix)).ExitsWith(2);
        Assert.Contains("Too many open files", result.Error[0], StringComparison.Ordinal);
        Assert.Contains("ulimit -n", result.Error[1], StringComparison.Ordinal);
        Assert.Null(LabRecords.Find(prefix));
    }

    [Fact]
    public async Task Without_nftables_its_package_is_named()
    {
        // In a mount namespace of its own the folder of the command is empty.
        Machine.RequireLab();
        const string Hide = "mount -t tmpfs none /usr/sbin && exec \"$@\"";
        BoxerResult result = (await Boxer.RunUnderAsync(["unshare", "--mount", "sh", "-c", Hide, "sh"], "natlab", "up", "2", "--prefix", Machine.Prefix())).ExitsWith(2);
        Assert.Contains("need the nft command", result.Error[0], StringComparison.Ordinal);
        Assert.Contains("apt-get install nftables", result.Error[1], StringComparison.Ordinal);
    }
}
