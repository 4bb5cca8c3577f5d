using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Ranks that join a coordinator from anywhere.</summary>
public sealed class JoinTests
{
    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    [Fact]
    public async Task Ranks_started_one_by_one_make_a_job()
    {
        using TemporaryFolder folder = new();
        string token = folder.File("token");
        await using Boxer seed = Boxer.Start("seed", "--size", "3", "--token-file", token, "--topology", "ring");
        string address = await AddressAsync(seed);
        string job = (await seed.Output.WaitForAsync("job ")).Split(' ', ',')[1];
        Assert.Contains(
            $"boxer rank --seed {address} --job {job} --token-file {token} PROGRAM", await seed.Output.WaitForAsync("join with"),
            StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(token));

        string[] join = ["rank", "--seed", address, "--job", job, "--token-file", token];
        await using Boxer two = Boxer.Start([.. join, "--rank", "2", Puppet, "hello"]);
        await using Boxer one = Boxer.Start([.. join, "--rank", "1", Puppet, "hello"]);
        await using Boxer any = Boxer.Start([.. join, Puppet, "hello"]);
        Assert.Equal("rank 2 of 3", (await two.EndAsync()).ExitsWith(0).Output[^1]);
        Assert.Equal("rank 1 of 3", (await one.EndAsync()).ExitsWith(0).Output[^1]);
        Assert.Equal("rank 0 of 3", (await any.EndAsync()).ExitsWith(0).Output[^1]);
        (await seed.EndAsync()).ExitsWith(0);
    }

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    public async Task A_coordinator_on_all_addresses_prints_one_at_which_others_reach_it(string listen)
    {
        await using Boxer seed = Boxer.Start("seed", "--size", "1", "--job", "open", "--listen", listen);
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] how = (await seed.Output.WaitForAsync("join with")).Split(' ');
        string address = how[Array.IndexOf(how, "--seed") + 1];

        // Never a name, which may mean a loopback address here; and no loopback address on a host that has another one.
        IPAddress shown = IPEndPoint.Parse(address).Address;
        bool hasAnother = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Any(one => one.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(one.Address));
        Assert.True(!IPAddress.IsLoopback(shown) || !hasAnother, address);
        await using Boxer rank = Boxer.StartWith(token, ["rank", "--seed", address, "--job", "open", Puppet, "hello"]);
        (await rank.EndAsync()).ExitsWith(0);
        (await seed.EndAsync()).ExitsWith(0);
    }

    [Fact]
    public async Task A_failing_rank_is_the_end_of_the_coordinator_as_well()
    {
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "failing");
        string address = await AddressAsync(seed);
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] join = ["rank", "--seed", address, "--job", "failing"];
        await using Boxer zero = Boxer.StartWith(token, [.. join, "--rank", "0", Puppet, "throw", "1"]);
        await using Boxer one = Boxer.StartWith(token, [.. join, "--rank", "1", Puppet, "throw", "1"]);
        (await one.EndAsync()).ExitsWith(1);
        (await zero.EndAsync()).ExitsWith(1);
        BoxerResult result = (await seed.EndAsync()).ExitsWith(1);
        Assert.StartsWith("boxer: rank 1 failed: System.InvalidOperationException", result.Error[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("644")]
    [InlineData("640")]
    [InlineData("602")]
    public async Task A_token_that_others_can_read_or_change_is_refused(string mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes of files are a matter of Unix");
        using TemporaryFolder folder = new();
        string token = folder.File("token");
        File.WriteAllText(token, new string('a', 64));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(token, (UnixFileMode)Convert.ToInt32(mode, 8));
        foreach (string[] command in (string[][])[["seed", "--size", "1"], ["rank", "--seed", "127.0.0.1:1", "--job", "j"], ["members", "--seed", "127.0.0.1:1", "--job", "j"]])
        {
            string[] program = command[0] == "rank" ? ["true"] : [];
            BoxerResult result = (await Boxer.RunAsync([.. command, "--token-file", token, .. program])).ExitsWith(2);
            Assert.Contains($"its mode 0{mode} lets others have the token", result.Error[0], StringComparison.Ordinal);
            Assert.Contains($"chmod 600 {token}", string.Join('\n', result.Error), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Joining_wrongly_says_what_is_wrong()
    {
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "strict");
        string address = await AddressAsync(seed);
        string right = (await seed.Output.WaitForAsync("token "))["token ".Length..];
        string wrong = new('a', 64);
        await FailsAsync("token", wrong, "--seed", address, "--job", "strict", "true");
        await FailsAsync("job", right, "--seed", address, "--job", "unknown", "true");
        await FailsAsync("--rank 2: there is no such rank", right, "--seed", address, "--job", "strict", "--rank", "2", "true");
        await FailsAsync("is not a rank", right, "--seed", address, "--job", "strict", "--rank", "-1", "true");
        await FailsAsync("PROGRAM is missing", right, "--seed", address, "--job", "strict");
        await FailsAsync("--seed is missing", right, "--job", "strict", "true");
        await FailsAsync("--job is missing", right, "--seed", address, "true");
        await FailsAsync("is not an address", right, "--seed", "nowhere", "--job", "strict", "true");
        await FailsAsync("does not hold a token", "xyz", "--seed", address, "--job", "strict", "true");
        await FailsAsync("No coordinator answered", right, "--seed", "127.0.0.1:1", "--connect-timeout", "0.3", "--job", "strict", "true");
    }

    [Fact]
    public async Task Members_are_shown_as_lines_of_JSON_and_followed_to_the_end()
    {
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "shown");
        string address = await AddressAsync(seed);
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] where = ["--seed", address, "--job", "shown"];
        await using Boxer follower = Boxer.StartWith(token, ["members", .. where, "--follow"]);
        await using Boxer one = Boxer.StartWith(token, ["rank", .. where, "--rank", "1", Puppet, "hello"]);
        Assert.Contains("\"rank\":1", await follower.Output.WaitForAsync("joined"), StringComparison.Ordinal);

        await using Boxer snapshot = Boxer.StartWith(token, ["members", .. where]);
        BoxerResult present = (await snapshot.EndAsync()).ExitsWith(0);
        Assert.Contains("\"event\":\"joined\"", Assert.Single(present.Output), StringComparison.Ordinal);

        await using Boxer zero = Boxer.StartWith(token, ["rank", .. where, Puppet, "hello"]);
        (await zero.EndAsync()).ExitsWith(0);
        BoxerResult followed = (await follower.EndAsync()).ExitsWith(0);
        string[] kinds =
            [.. followed.Output.Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("event").GetString()!)];
        Assert.Equal(["joined", "joined", "left", "left", "linked", "linked", "started"], kinds.Order());
    }

    [Fact]
    public async Task Two_ranks_of_one_job_on_a_machine_do_not_end_each_other()
    {
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "shared");
        string address = await AddressAsync(seed);
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] join = ["rank", "--seed", address, "--job", "shared"];
        await using Boxer staying = Boxer.StartWith(token, [.. join, "--", "sh", "-c", "echo pid $$; exec sleep 1000"]);
        int id = ProcessList.IdIn(await staying.Output.WaitForAsync("pid "));
        await using Boxer ending = Boxer.StartWith(token, [.. join, "--", "true"]);
        (await ending.EndAsync()).ExitsWith(0);
        Assert.True(ProcessList.IsAlive(id));
    }

    [Fact]
    public async Task A_coordinator_that_was_killed_and_started_again_finds_its_ranks_and_they_do_not_notice()
    {
        using TemporaryFolder folder = new();
        string done = folder.File("done");
        string[] start = ["seed", "--size", "3", "--job", "lasting", "--token-file", folder.File("token")];
        await using Boxer first = Boxer.Start(start);
        string address = await AddressAsync(first);
        string[] where = ["--seed", address, "--job", "lasting", "--token-file", folder.File("token")];
        Boxer[] ranks =
            [.. Enumerable.Range(0, 3).Select(rank => Boxer.Start(["rank", .. where, "--rank", $"{rank}", Puppet, "until", done]))];
        foreach (Boxer rank in ranks)
            await rank.Output.WaitForAsync("pid ");
        first.Signal(NativeMethods.SigKill);
        Assert.Equal(137, (await first.EndAsync()).ExitCode);

        await using Boxer second = Boxer.Start([.. start, "--listen", address]);
        Assert.Equal(address, await AddressAsync(second));
        await using Boxer follower = Boxer.Start(["members", .. where, "--follow"]);
        for (int rank = 0; rank < 3; rank++)
            await follower.Output.WaitForAsync(line =>
                line.Contains("\"returned\"", StringComparison.Ordinal) && line.Contains($"\"rank\":{rank},", StringComparison.Ordinal));

        await File.WriteAllTextAsync(done, "", TestContext.Current.CancellationToken);
        for (int rank = 0; rank < 3; rank++)
        {
            BoxerResult result = (await ranks[rank].EndAsync()).ExitsWith(0);
            Assert.Equal($"rank {rank} of 3", result.Output[^1]);
            Assert.Empty(result.Error);
            await ranks[rank].DisposeAsync();
        }

        (await second.EndAsync()).ExitsWith(0);
        (await follower.EndAsync()).ExitsWith(0);
    }

    [Fact]
    public async Task A_coordinator_listens_where_it_is_told_and_ranks_join_at_either_address()
    {
        using TemporaryFolder folder = new();
        string token = folder.File("token");
        await using Boxer seed = Boxer.Start(
            "seed", "--size", "2", "--job", "two", "--token-file", token, "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--relay");
        string[] job = ["--job", "two", "--token-file", token, Puppet, "hello"];
        await using Boxer one = Boxer.Start(["rank", "--seed", await AddressAsync(seed), .. job]);
        await using Boxer two = Boxer.Start(
            ["rank", "--seed", (await seed.Output.WaitForAsync("also 127.0.0.2:"))["also ".Length..], .. job]);
        (await one.EndAsync()).ExitsWith(0);
        (await two.EndAsync()).ExitsWith(0);
        (await seed.EndAsync()).ExitsWith(0);
    }

    [Fact]
    public async Task One_per_address_rejects_the_second_rank_and_says_why()
    {
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "apart", "--one-per-address");
        string address = await AddressAsync(seed);
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] where = ["--seed", address, "--job", "apart"];
        await using Boxer follower = Boxer.StartWith(token, ["members", .. where, "--follow"]);
        await using Boxer one = Boxer.StartWith(token, ["rank", .. where, Puppet, "hello"]);
        Assert.Contains(
            "\"nat\":\"none\"", await follower.Output.WaitForAsync(line => line.Contains("joined", StringComparison.Ordinal)),
            StringComparison.Ordinal);
        await using Boxer two = Boxer.StartWith(token, ["rank", .. where, Puppet, "hello"]);
        BoxerResult rejected = await two.EndAsync();
        Assert.NotEqual(0, rejected.ExitCode);
        Assert.Contains(rejected.Error, line => line.Contains("one member an address", StringComparison.Ordinal));
    }

    private static async Task FailsAsync(string message, string token, params string[] arguments)
    {
        await using Boxer boxer = Boxer.StartWith([new("BOXER_TOKEN", token)], ["rank", .. arguments]);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(2);
        Assert.Contains(message, result.Error[0], StringComparison.Ordinal);
        Assert.StartsWith("boxer: ", result.Error[0], StringComparison.Ordinal);
    }

    private static async Task<string> AddressAsync(Boxer seed) => (await seed.Output.WaitForAsync("seed "))["seed ".Length..];
}
