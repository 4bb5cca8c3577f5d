using System.Net;
using System.Net.Sockets;
using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Bad input ends with exit code 2 before anything runs: a line that says what is wrong, and what to try.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("what is to be done?")]
    [InlineData("unknown command 'rum'; did you mean run?", "rum", "-n", "2", "true")]
    [InlineData("unknown command 'exce'; did you mean natlab exec?", "exce", "--help")]
    [InlineData("unknown command 'rum'; did you mean run?", "rum", "--help")]
    [InlineData("unknown command 'rum'; did you mean run?", "--help", "rum")]
    [InlineData("unknown command 'rum'; did you mean run?", "rum", "--version")]
    [InlineData("unknown command 'deplo'; did you mean deploy?", "lambda", "deplo", "--help")]
    [InlineData("unknown command 'exce'; did you mean exec?", "natlab", "exce", "--help")]
    [InlineData("unknown command 'shwo'; did you mean show?", "topology", "shwo", "-h")]
    [InlineData("unknown option '--topologie'; did you mean --topology?", "run", "--topologie", "--help")]
    [InlineData("unknown option '--topologie'; did you mean --topology?", "run", "-n", "2", "--topologie", "ring", "true")]
    [InlineData("unknown option '--frob'", "run", "-n", "2", "--frob", "true")]
    [InlineData("-n is missing", "run", "true")]
    [InlineData("at least one rank", "run", "-n", "0", "true")]
    [InlineData("at least one rank", "run", "-n", "-3", "true")]
    [InlineData("'four' is not a number", "run", "-n", "four", "true")]
    [InlineData("'2.5' is not a number", "run", "-n", "2.5", "true")]
    [InlineData("is not a number", "run", "-n", "99999999999", "true")]
    [InlineData("too many", "run", "-n", "1000000", "true")]
    [InlineData("PROGRAM is missing", "run", "-n", "2")]
    [InlineData("PROGRAM is missing", "run", "-n", "2", "--")]
    [InlineData("no program no-such-program, neither here nor on PATH", "run", "-n", "2", "no-such-program")]
    [InlineData("no program ./no/such/program", "run", "-n", "2", "./no/such/program")]
    [InlineData("no project No.csproj", "run", "-n", "2", "No.csproj")]
    [InlineData("no file no.dll", "run", "-n", "2", "no.dll")]
    [InlineData("has no project in it", "run", "-n", "2", "/proc/sys")]
    [InlineData("is not executable", "run", "-n", "2", "/etc/passwd")]
    [InlineData("names no variable", "run", "-n", "2", "-x", "=value", "true")]
    [InlineData("not set here", "run", "-n", "2", "-x", "BOXER_TEST_NOT_SET", "true")]
    [InlineData("boxer itself sets", "run", "-n", "2", "-x", "BOXER_RANK=1", "true")]
    [InlineData("does not fit 6 ranks", "run", "-n", "6", "--topology", "grid:4x4", "true")]
    [InlineData("no topology 'blob'", "run", "-n", "6", "--topology", "blob", "true")]
    [InlineData("is not a policy", "run", "-n", "2", "--off-topology", "maybe", "true")]
    [InlineData("is not a time", "run", "-n", "2", "--timeout", "soon", "true")]
    [InlineData("is not a time", "run", "-n", "2", "--timeout", "0", "true")]
    [InlineData("is not a time", "run", "-n", "2", "--gate-timeout", "-1", "true")]
    [InlineData("no such folder", "run", "-n", "2", "--wdir", "/no/such/folder", "true")]
    [InlineData("no such rank", "run", "-n", "2", "--stdin", "2", "true")]
    [InlineData("is not a rank", "run", "-n", "2", "--stdin", "some", "true")]
    [InlineData("cannot write there", "run", "-n", "2", "--output-dir", "/proc/no", "true")]
    [InlineData("cannot write there", "run", "-n", "2", "--report", "/no/such/folder/report.json", "true")]
    [InlineData("-n is missing: behind PROGRAM", "run", "true", "-n", "2")]
    [InlineData("is not a form of output", "run", "-n", "2", "--output", "json", "true")]
    [InlineData("--timestamp means nothing", "run", "-n", "2", "--output", "raw", "--timestamp", "true")]
    [InlineData("--size is missing", "seed")]
    [InlineData("at least one rank", "seed", "--size", "0")]
    [InlineData("is not an address", "seed", "--size", "2", "--listen", "nowhere")]
    [InlineData("is not a number of at least 1", "seed", "--size", "2", "--relay-pairs", "0")]
    [InlineData("is not a number of at least 1", "run", "-n", "2", "--relay-pairs", "many", "true")]
    [InlineData("--listen", "seed", "--size", "2", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0")]
    [InlineData("cannot make it", "seed", "--size", "2", "--token-file", "/no/such/folder/token")]
    [InlineData("does not hold a token", "seed", "--size", "2", "--token-file", "/etc/hostname")]
    public async Task What_is_wrong_is_said_in_a_line_and_what_to_try_in_another(string message, params string[] arguments)
    {
        BoxerResult result = (await Boxer.RunAsync(arguments)).ExitsWith(2);
        Assert.Empty(result.Output);
        Assert.Equal(2, result.Error.Count);
        Assert.StartsWith("boxer: ", result.Error[0], StringComparison.Ordinal);
        Assert.Contains(message, result.Error[0], StringComparison.Ordinal);
        Assert.StartsWith("       ", result.Error[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using Socket holder = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        holder.Listen();
        int port = ((IPEndPoint)holder.LocalEndPoint!).Port;
        BoxerResult result = (await Boxer.RunAsync("seed", "--size", "2", "--listen", $"127.0.0.1:{port}")).ExitsWith(2);
        Assert.Contains($"Port {port}", Assert.Single(result.Error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_with_several_projects_lists_them()
    {
        using TemporaryFolder folder = new();
        await File.WriteAllTextAsync(folder.File("A.csproj"), "<Project/>", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.File("B.csproj"), "<Project/>", TestContext.Current.CancellationToken);
        BoxerResult result = (await Boxer.RunAsync("run", "-n", "1", folder.Path)).ExitsWith(2);
        Assert.Contains("A.csproj, B.csproj", result.Error[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_is_no_program()
    {
        BoxerResult result =
            (await Boxer.RunAsync("run", "-n", "1", Path.Combine(AppContext.BaseDirectory, "BoxerMpi.Wire.dll"))).ExitsWith(2);
        Assert.Contains("is a library", result.Error[0], StringComparison.Ordinal);
    }
}
