using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>A coordinator with one job on loopback, and ranks that join it from this process.</summary>
internal sealed class TestJob : IAsyncDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly ConcurrentBag<JobClient> _clients = [];

    public TestJob(int size, Func<SeedOptions, SeedOptions>? seed = null, Func<JobSpec, JobSpec>? job = null)
    {
        _deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        _deadline.CancelAfter(TimeSpan.FromSeconds(60));
        SeedOptions options = new() { Log = Log.Enqueue };
        Seed = Seed.Start(seed?.Invoke(options) ?? options);
        JobSpec spec = new() { JobId = "test", Token = NewToken(), Size = size, Topology = "ring", GateTimeout = TimeSpan.FromSeconds(50) };
        Job = Seed.AddJob(job?.Invoke(spec) ?? spec);
    }

    public ConcurrentQueue<string> Log { get; } = new();

    public Seed Seed { get; }

    public SeedJob Job { get; }

    /// <summary>Ends every wait of a test that hangs.</summary>
    public CancellationToken Deadline => _deadline.Token;

    public static byte[] NewToken() => RandomNumberGenerator.GetBytes(32);

    public JoinOptions Options(int? rank = null) => new()
    {
        Seed = Seed.EndPoint,
        JobId = Job.Spec.JobId,
        Token = Job.Spec.Token,
        RequestedRank = rank,
        Log = Log.Enqueue,
    };

    public Task<JobClient> JoinAsync(int? rank = null) => JoinAsync(Options(rank));

    public async Task<JobClient> JoinAsync(JoinOptions options)
    {
        JobClient client = await JobClient.JoinAsync(options, Deadline);
        _clients.Add(client);
        return client;
    }

    /// <summary>All ranks, in order.</summary>
    public async Task<JobClient[]> JoinAllAsync(Func<JoinOptions, JoinOptions>? change = null)
    {
        JobClient[] clients = await Task.WhenAll(Enumerable.Range(0, Job.Spec.Size).Select(rank => JoinAsync(change?.Invoke(Options(rank)) ?? Options(rank))));
        return [.. clients.OrderBy(client => client.Rank)];
    }

    public async Task<RendezvousException> RejectedAsync(JoinOptions options) =>
        await Assert.ThrowsAsync<RendezvousException>(() => JobClient.JoinAsync(options, Deadline));

    /// <summary>Waits for a condition that another thread brings about.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using PeriodicTimer looks = new(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            Assert.False(Deadline.IsCancellationRequested, $"Waited in vain for: {what}. Log: {string.Join(" | ", Log)}");
            await looks.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (JobClient client in _clients)
            await client.DisposeAsync();
        await Seed.DisposeAsync();
        _deadline.Dispose();
    }
}

/// <summary>What a rank's links are handed to: counts each pair's.</summary>
internal sealed class LinkBox : IDisposable
{
    private readonly ConcurrentDictionary<int, ConcurrentQueue<Socket>> _links = new();

    public IEnumerable<int> Peers => _links.Keys.Order();

    public void Take(int peer, Socket socket) => _links.GetOrAdd(peer, _ => new ConcurrentQueue<Socket>()).Enqueue(socket);

    public int Count(int peer) => _links.TryGetValue(peer, out ConcurrentQueue<Socket>? sockets) ? sockets.Count : 0;

    public Socket Single(int peer) => Assert.Single(_links[peer]);

    public void Dispose()
    {
        foreach (Socket socket in _links.Values.SelectMany(sockets => sockets))
            socket.Dispose();
    }
}
