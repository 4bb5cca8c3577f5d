using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Launching.Programs;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Processes that may open few files, and strangers who take what they can get.</summary>
public sealed class DescriptorTests
{
    private const int Limit = 256;
    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    [Theory]
    [InlineData(Limit)]
    [InlineData(400)]
    public async Task Silent_strangers_keep_nobody_from_a_coordinator_with_few_descriptors(int limit)
    {
        using Silence silence = new();
        await using Boxer seed = Boxer.StartUnder(AtMost(limit), [], "seed", "--size", "2", "--job", "crowded");
        IPEndPoint address = IPEndPoint.Parse((await seed.Output.WaitForAsync("seed "))["seed ".Length..]);
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        await silence.FallAsync(address, limit + 200);

        // Those that came first give way; the others stay.
        await silence.UntilClosedAsync(201);
        Assert.True(silence.Closed < limit + 200, $"all {silence.Closed} were closed");
        string[] where = ["--seed", $"{address}", "--job", "crowded"];
        await using Boxer zero = Boxer.StartWith(token, ["rank", .. where, Puppet, "hello"]);
        await using Boxer one = Boxer.StartWith(token, ["rank", .. where, Puppet, "hello"]);
        (await zero.EndAsync()).ExitsWith(0);
        (await one.EndAsync()).ExitsWith(0);
        (await seed.EndAsync()).ExitsWith(0);
    }

    [Fact]
    public async Task Silent_strangers_at_the_port_of_a_rank_leave_it_the_descriptors_that_it_needs()
    {
        using TemporaryFolder folder = new();
        using Silence silence = new();
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "crowded");
        string address = (await seed.Output.WaitForAsync("seed "))["seed ".Length..];
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] where = ["--seed", address, "--job", "crowded"];
        await using Boxer zero = Boxer.StartUnder(AtMost(Limit), token, ["rank", .. where, "--rank", "0", Puppet, "open", folder.File("go")]);
        await using Boxer one = Boxer.StartWith(token, ["rank", .. where, "--rank", "1", Puppet, "open", folder.File("go")]);
        await zero.Output.WaitForAsync("pid ");

        await using Boxer members = Boxer.StartWith(token, ["members", .. where]);
        BoxerResult shown = (await members.EndAsync()).ExitsWith(0);
        await silence.FallAsync(EndPointOfRankZero(shown.Output), Limit + 200);
        await silence.UntilClosedAsync(201);
        await File.WriteAllTextAsync(folder.File("go"), "", TestContext.Current.CancellationToken);
        (await zero.EndAsync()).ExitsWith(0);
        (await one.EndAsync()).ExitsWith(0);
        (await seed.EndAsync()).ExitsWith(0);
    }

    [Theory]
    [InlineData("run", "-n", "100", "--", "sleep", "3")]
    [InlineData("seed", "--size", "200")]
    public async Task A_job_that_needs_more_descriptors_than_there_may_be_is_refused_in_one_line(params string[] arguments)
    {
        BoxerResult result = (await Boxer.RunUnderAsync(AtMost(128), arguments)).ExitsWith(1);
        Assert.Matches(@"^boxer: \d+ ranks need about \d+ file descriptors here, and this process may have 128; raise the limit", Assert.Single(result.Error));
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task As_many_ranks_as_the_limit_allows_run()
    {
        BoxerResult result = (await Boxer.RunUnderAsync(AtMost(Limit), "run", "-n", "20", Puppet, "hello")).ExitsWith(0);
        Assert.Equal(40, result.Output.Count);
        Assert.Empty(result.Error);
    }

    /// <summary>Two event queues, a thread with two, the listener, the coordinator, the link: whichever finds no more.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task A_moment_without_descriptors_fails_no_rank_wherever_it_comes(int free)
    {
        BoxerResult result = (await Boxer.RunUnderAsync(AtMost(Limit), "run", "-n", "2", Puppet, "short", "1", $"{free}")).ExitsWith(0);
        string said = Assert.Single(result.OutputOf(1), line => line.StartsWith("joined although ", StringComparison.Ordinal));
        Assert.Matches(
            @"^joined although (Joining job|The coordinator at|The link to rank 0) .*tried again: "
                + $@"no file descriptor is left \(this process may have {Limit}\); raise",
            said);
    }

    [Fact]
    public async Task A_moment_without_descriptors_fails_no_link()
    {
        BoxerResult result = await Boxer.RunUnderAsync(AtMost(Limit), "run", "-n", "2", Puppet, "shortOfLink", "1");
        Assert.Single(
            result.OutputOf(1), line => line.StartsWith("linked although The link to rank 0 is tried again: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("shortForGood", "0", "The coordinator at .* was not tried in .* s: ")]
    [InlineData("shortForGood", "3", "The coordinator at .* was not (tried|reached) in .* s.*: ")]
    [InlineData("shortForGood", "5", "The coordinator at .* was not (tried|reached) in .* s.*: ")]
    [InlineData("shortOfLinkForGood", "0", "No link between rank 1 .* and rank 0 .* attempts in .* On this host ")]
    public async Task Who_never_gets_a_descriptor_says_so(string what, string free, string said)
    {
        BoxerResult result = await Boxer.RunUnderAsync(AtMost(Limit), "run", "-n", "2", Puppet, what, "1", free);
        string line = Assert.Single(result.OutputOf(1), line => line.StartsWith("failed: ", StringComparison.Ordinal));
        Assert.Matches(
            $@"^failed: {said}no file descriptor is left \(this process may have {Limit}\); raise the limit \(ulimit -n\)", line);
        result.ExitsWith(3);
    }

    /// <summary>The runtime raises the limit of other programs before they start, not of native ones.</summary>
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_rank_compiled_to_native_code_raises_its_soft_limit()
    {
        // The same program, built the same way, that the tests of functions deploy.
        string program = new ProjectPublisher(new BuildKind(NativeAot: true, "Release"), verbose: false, _ => { })
            .PublishFile(Path.Combine(LambdaDeployTests.Hello, "Hello.csproj"));
        await using Boxer seed = Boxer.Start("seed", "--size", "2", "--job", "native");
        string address = (await seed.Output.WaitForAsync("seed "))["seed ".Length..];
        KeyValuePair<string, string?>[] token = [new("BOXER_TOKEN", (await seed.Output.WaitForAsync("token "))["token ".Length..])];
        string[] rank = ["rank", "--seed", address, "--job", "native", "--"];
        string lowered = "ulimit -Sn 256; ulimit -Hn 4096; echo pid $$; exec \"$0\"";
        await using Boxer one = Boxer.StartWith(token, [.. rank, "sh", "-c", lowered, program]);
        int pid = int.Parse((await one.Output.WaitForAsync("pid "))["pid ".Length..], CultureInfo.InvariantCulture);

        // It waits for the other rank meanwhile.
        await SoftLimitBecomesAsync(pid, 4096);
        await using Boxer two = Boxer.StartWith(token, [.. rank, program]);
        (await one.EndAsync()).ExitsWith(0);
        (await two.EndAsync()).ExitsWith(0);
        (await seed.EndAsync()).ExitsWith(0);
    }

    [Fact]
    public async Task A_local_cluster_raises_the_limit_that_is_too_low_for_it()
    {
        BoxerResult result = (await Boxer.RunUnderAsync(AtMost(4096), "run", "-n", "1", Puppet, "cluster", "40", "mesh")).ExitsWith(0);
        Assert.Equal(["ran"], result.OutputOf(0));
    }

    [Fact]
    public async Task A_local_cluster_that_needs_more_than_there_may_be_says_so()
    {
        BoxerResult result = (await Boxer.RunUnderAsync(AtMost(Limit), "run", "-n", "1", Puppet, "cluster", "24", "mesh")).ExitsWith(0);
        Assert.StartsWith(
            $"failed: A link among 24 ranks over TCP cannot be had: no file descriptor is left (this process may have {Limit})",
            Assert.Single(result.OutputOf(0)), StringComparison.Ordinal);
    }

    /// <summary>Both limits: what may be raised is raised.</summary>
    private static string[] AtMost(int descriptors) => ["sh", "-c", $"ulimit -n {descriptors}; exec \"$@\"", "sh"];

    private static async Task SoftLimitBecomesAsync(int pid, int limit)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Boxer.Deadline);
        using PeriodicTimer looks = new(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            string shown = (await File.ReadAllLinesAsync($"/proc/{pid}/limits", CancellationToken.None)).Single(
                line => line.StartsWith("Max open files", StringComparison.Ordinal));
            if (shown.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3] == $"{limit}")
                return;
            Assert.False(late.IsCancellationRequested, shown);
            await looks.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static IPEndPoint EndPointOfRankZero(IReadOnlyList<string> members)
    {
        foreach (string line in members)
        {
            JsonElement member = JsonDocument.Parse(line).RootElement;
            if (member.TryGetProperty("rank", out JsonElement rank) && rank.GetInt32() == 0 && member.TryGetProperty("address", out JsonElement at))
                return IPEndPoint.Parse(at.GetString()!);
        }

        throw new InvalidOperationException($"No endpoint of rank 0 in: {string.Join('\n', members)}");
    }

    /// <summary>Connections that say nothing.</summary>
    private sealed class Silence : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        /// <summary>How many the other end has closed.</summary>
        public int Closed => _sockets.Count(socket => socket.Poll(0, SelectMode.SelectRead));

        public async Task FallAsync(IPEndPoint endPoint, int count)
        {
            for (int i = 0; i < count; i++)
            {
                Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(socket);
                await socket.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
            }
        }

        public async Task UntilClosedAsync(int count)
        {
            using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            late.CancelAfter(Boxer.Deadline);
            using PeriodicTimer looks = new(TimeSpan.FromMilliseconds(10));
            while (Closed < count)
            {
                Assert.False(late.IsCancellationRequested, $"{Closed} instead of {count} were closed");
                await looks.WaitForNextTickAsync(CancellationToken.None);
            }
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
