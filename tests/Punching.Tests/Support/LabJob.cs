using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launcher.Options;
using BoxerMpi.NatLab;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests.Support;

/// <summary>A NAT lab with a coordinator on its public host, and a job with one rank on each of its hosts; all in this process.</summary>
internal sealed class LabJob : IAsyncDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly ConcurrentBag<JobClient> _clients = [];

    private LabJob(Lab lab, Func<JobSpec, JobSpec>? change, int port, Func<SeedOptions, SeedOptions>? changeSeed = null)
    {
        Lab = lab;
        Port = port;
        _deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        _deadline.CancelAfter(TimeSpan.FromSeconds(120));
        SeedOptions options = new()
        {
            Listen = new IPEndPoint(Lab.SeedAddress, 0),
            ExtraListen = [new IPEndPoint(Lab.SecondSeedAddress, 0)],
            Log = Log.Enqueue,
        };
        Seed = lab.Seed.Run(() => Coordinator.Seed.Start(changeSeed?.Invoke(options) ?? options));
        JobSpec spec = new() { JobId = "lab", Token = RandomNumberGenerator.GetBytes(32), Size = lab.Hosts.Count, Topology = "mesh", GateTimeout = TimeSpan.FromSeconds(60) };
        Job = Seed.AddJob(change?.Invoke(spec) ?? spec);
        Boxes = [.. lab.Hosts.Select(_ => new LinkBox())];
    }

    public Lab Lab { get; }

    /// <summary>The port that all ranks use, or 0 for any.</summary>
    public int Port { get; }

    public Seed Seed { get; }

    public SeedJob Job { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>What each rank's links were handed to.</summary>
    public LinkBox[] Boxes { get; }

    /// <summary>Ends every wait of a test that hangs.</summary>
    public CancellationToken Deadline => _deadline.Token;

    /// <param name="options">Of the lab; tests that need one are skipped where there can be none.</param>
    /// <param name="change">What is special about the job.</param>
    /// <param name="port">The port that all ranks use; 0 for any.</param>
    /// <param name="changeSeed">What is special about the coordinator.</param>
    public static LabJob Start(
        LabOptions options, Func<JobSpec, JobSpec>? change = null, int port = 0, Func<SeedOptions, SeedOptions>? changeSeed = null)
    {
        try
        {
            return new LabJob(Lab.Create(options with { RelayProgram = ThisProgram.Relay }), change, port, changeSeed);
        }
        catch (LabException missing)
        {
            Assert.Skip($"No NAT lab here: {missing.Message}");
            throw;
        }
    }

    /// <summary>Another job on the same hosts, after the one before.</summary>
    public LabJob Again(Func<JobSpec, JobSpec>? change = null) => new(Lab, change, Port);

    public JoinOptions Options(int rank) => new()
    {
        Seed = Seed.EndPoint,
        JobId = Job.Spec.JobId,
        Token = Job.Spec.Token,
        RequestedRank = rank,
        ListenPort = Port,
        Log = line => Log.Enqueue($"[{rank}] {line}"),
    };

    /// <summary>Joins from a host: the rank's only thread, and with it all its sockets, belong there.</summary>
    public async Task<JobClient> JoinAsync(int rank, Func<JoinOptions, JoinOptions>? change = null)
    {
        JoinOptions options = change?.Invoke(Options(rank)) ?? Options(rank);
        JobClient client = await Lab.Hosts[rank].Run(() => JobClient.JoinAsync(options, Deadline));
        _clients.Add(client);
        return client;
    }

    public async Task<JobClient[]> JoinAllAsync(Func<JoinOptions, JoinOptions>? change = null) =>
        await Task.WhenAll(Lab.Hosts.Select(host => JoinAsync(host.Number, change)));

    public Task<WireUpReport> WireAsync(JobClient rank, WireUpOptions? options = null) =>
        rank.WireUpAsync(rank.Topology, Boxes[rank.Rank].Take, options, Deadline);

    /// <summary>All links of all ranks; checks that each pair has exactly one, and that it carries data.</summary>
    public async Task<WireUpReport[]> WireAllAsync(JobClient[] ranks)
    {
        WireUpReport[] reports;
        try
        {
            reports = await Task.WhenAll(ranks.Select(rank => WireAsync(rank)));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{Lab}: {error.Message}\n{string.Join('\n', Log)}", error);
        }

        foreach (JobClient rank in ranks)
        {
            Assert.Equal(rank.Topology.Neighbours(rank.Rank).ToArray().Order(), Boxes[rank.Rank].Peers);
            foreach (int peer in Boxes[rank.Rank].Peers)
                await CheckAsync(rank.Rank, peer);
        }

        return reports;
    }

    /// <summary>What one end sends arrives at the other, and nothing else.</summary>
    public async Task CheckAsync(int from, int to)
    {
        byte[] sent = [(byte)from, (byte)to, 3];
        byte[] received = new byte[3];
        await Boxes[from].Single(to).SendAsync(sent, Deadline);
        for (int count = 0; count < received.Length;)
        {
            int more = await Boxes[to].Single(from).ReceiveAsync(received.AsMemory(count), Deadline);
            Assert.NotEqual(0, more);
            count += more;
        }

        Assert.Equal(sent, received);
    }

    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using PeriodicTimer looks = new(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            Assert.False(Deadline.IsCancellationRequested, $"Waited in vain for: {what}. Log: {string.Join(" | ", Log)}");
            await looks.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Ends the job, not the lab.</summary>
    public async Task EndAsync()
    {
        foreach (JobClient client in _clients)
            await client.DisposeAsync();
        await Seed.DisposeAsync();
        Array.ForEach(Boxes, box => box.Dispose());
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        Lab.Dispose();
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
