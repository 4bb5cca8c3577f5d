using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;

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

    /// <summary>Both limits: what may be raised is raised.</summary>
    private static string[] AtMost(int descriptors) => ["sh", "-c", $"ulimit -n {descriptors}; exec \"$@\"", "sh"];

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
