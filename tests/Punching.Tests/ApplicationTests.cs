using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using BoxerMpi.Control;
using BoxerMpi.NatLab;
using BoxerMpi.Punching.Tests.Support;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Punching.Tests;

/// <summary>An application's own socket connects to one that listens behind another NAT.</summary>
public sealed class ApplicationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("cone", false, false, 0)]
    [InlineData("cone", true, false, 0)]
    [InlineData("cone", false, true, 0)]
    [InlineData("cone", true, true, 0)]
    [InlineData("cone", false, false, 20)]
    [InlineData("cone", true, false, 20)]
    [InlineData("cone", false, true, 20)]
    [InlineData("cone", true, true, 20)]
    [InlineData("remap", false, false, 20)]
    [InlineData("remap", true, true, 0)]
    [InlineData("fullcone", false, false, 20)]
    [InlineData("fullcone,cone", true, false, 0)]
    [InlineData("cone,remap", false, false, 20)]
    [InlineData("none,cone", false, false, 0)]
    [InlineData("cone,none", true, true, 20)]
    [InlineData("symmetric,none", false, false, 0)]
    [InlineData("none", false, false, 0)]
    public async Task It_is_connected_and_carries_data_both_ways(string kinds, bool strict, bool reset, int roundTripMilliseconds)
    {
        await using LabJob job = LabJob.Start(Options(kinds, strict, reset, roundTripMilliseconds));
        JobClient[] ranks = await job.JoinAllAsync();
        using EchoApplication application = new(job.Lab.Hosts[1], shares: true, job.Deadline);
        await ranks[1].OpenPortAsync(application.Port, application.Take);

        // Twice, because the endpoint of the listening port is known by then; once where attempts have to time out.
        for (int i = 1; i <= (strict ? 1 : 2); i++)
        {
            long start = Stopwatch.GetTimestamp();
            using ApplicationPath path = await ranks[0].PunchForAsync(1, application.Port, Patience, job.Deadline);
            using Socket socket = await ConnectAsync(job, path);

            // A strict NAT may let in what an attempt sends, and not let out the answer: then there are more.
            Assert.InRange(application.Accepted + application.HandedOver, i, int.MaxValue);
            Assert.True(strict || application.HandedOver == 0);
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{path.Attempts} attempts, {(path.IsHandedOver ? "handed over" : "accepted")}, {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms");
        }
    }

    [Fact]
    public async Task Many_at_once_are_connected_each_from_its_own_port()
    {
        await using LabJob job = LabJob.Start(Options("remap", strict: false, reset: false, 0));
        JobClient[] ranks = await job.JoinAllAsync();
        using EchoApplication application = new(job.Lab.Hosts[1], shares: true, job.Deadline);
        await ranks[1].OpenPortAsync(application.Port, application.Take);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using ApplicationPath path = await ranks[0].PunchForAsync(1, application.Port, Patience, job.Deadline);
            using Socket socket = await ConnectAsync(job, path);
        }));
        Assert.Equal(20, application.Accepted + application.HandedOver);
    }

    [Fact]
    public async Task A_port_that_nobody_used_for_longer_than_the_coordinator_keeps_connections_open_is_asked_for_again()
    {
        // What a rank has to join within, too.
        await using LabJob job = LabJob.Start(
            Options("remap", strict: false, reset: false, 0), changeSeed: options => options with { JoinDeadline = TimeSpan.FromSeconds(3) });
        JobClient[] ranks = await job.JoinAllAsync();
        using EchoApplication application = new(job.Lab.Hosts[1], shares: true, job.Deadline);
        await ranks[1].OpenPortAsync(application.Port, application.Take);
        string seenAs = "";
        for (int round = 1; round <= 2; round++)
        {
            using (ApplicationPath path = await ranks[0].PunchForAsync(1, application.Port, Patience, job.Deadline))
            {
                seenAs = $"The connection from {path.Remote} ended";
                using Socket socket = await ConnectAsync(job, path);
            }

            // Each time the port was asked for, the coordinator has closed one more of the connections that kept its mapping.
            await job.UntilAsync(() => job.Log.Count(line => line.StartsWith(seenAs, StringComparison.Ordinal)) == round, $"{round} × {seenAs}");
            job.Lab.Hosts[1].Gateway!.Run(Connections.Forget);
        }

        Assert.Equal(2, application.Accepted);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_with_the_reason()
    {
        await using LabJob job = LabJob.Start(Options("cone", strict: false, reset: false, 0));
        JobClient[] ranks = await job.JoinAllAsync();
        using EchoApplication application = new(job.Lab.Hosts[1], shares: true, job.Deadline);
        await RefusedAsync(job, ranks, application.Port, "has not opened port");

        await ranks[1].OpenPortAsync(application.Port, application.Take);
        (await ranks[0].PunchForAsync(1, application.Port, Patience, job.Deadline)).Dispose();
        await ranks[1].ClosePortAsync(application.Port);
        await RefusedAsync(job, ranks, application.Port, "has not opened port");

        using EchoApplication alone = new(job.Lab.Hosts[1], shares: false, job.Deadline);
        await ranks[1].OpenPortAsync(alone.Port, alone.Take);
        await RefusedAsync(job, ranks, alone.Port, "SO_REUSEPORT");

        alone.Dispose();
        await RefusedAsync(job, ranks, alone.Port, "nobody listens");

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ranks[0].PunchForAsync(0, 80, Patience, job.Deadline));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ranks[0].OpenPortAsync(65_536, application.Take));
    }

    [Fact]
    public async Task A_peer_that_is_gone_ends_it_and_so_does_the_end_of_this_rank()
    {
        await using LabJob job = LabJob.Start(Options("cone", strict: false, reset: false, 0));
        JobClient[] ranks = await job.JoinAllAsync();
        await ranks[1].LeaveAsync();
        LinkException gone = await Assert.ThrowsAsync<LinkException>(() => ranks[0].PunchForAsync(1, 80, Patience, job.Deadline));
        Assert.Contains("rank 1 is not there", gone.Message, StringComparison.Ordinal);
        await ranks[0].DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ranks[0].PunchForAsync(1, 80, Patience, job.Deadline));
    }

    [Fact]
    public async Task When_no_attempt_succeeds_the_error_says_how_often_and_the_last_reason()
    {
        await using LabJob job = LabJob.Start(Options("cone", strict: false, reset: false, 0));
        JobClient[] ranks = await job.JoinAllAsync();
        using EchoApplication application = new(job.Lab.Hosts[1], shares: true, job.Deadline);
        await ranks[1].OpenPortAsync(application.Port, application.Take);
        using ApplicationPath path = await ranks[0].PunchForAsync(1, application.Port, Patience, job.Deadline);
        HashSet<int> ports = [path.Local.Port];
        LinkException error = await Assert.ThrowsAsync<LinkException>(async () =>
        {
            while (true)
            {
                await path.NextAsync("not this one");
                Assert.True(ports.Add(path.Local.Port));
            }
        });
        Assert.Equal(8, error.Attempts);
        Assert.Equal(8, ports.Count);
        Assert.Equal(LinkStage.Punch, error.Stage);
        Assert.Contains("not this one", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("symmetric,cone")]
    [InlineData("cone,symmetric")]
    [InlineData("none,symmetric")]
    public async Task A_symmetric_NAT_is_refused_at_once(string kinds)
    {
        await using LabJob job = LabJob.Start(Options(kinds, strict: false, reset: false, 0));
        JobClient[] ranks = await job.JoinAllAsync();
        LinkException error = await Assert.ThrowsAsync<LinkException>(() => ranks[0].PunchForAsync(1, 80, Patience, job.Deadline));
        Assert.Equal(0, error.Attempts);
        foreach (MemberInfo member in ranks[0].Members)
            Assert.Contains($"rank {member.Rank} ({member.Observed}, NAT {member.Nat.Name()})", error.Message, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(LabJob job, JobClient[] ranks, int port, string reason)
    {
        LinkException error = await Assert.ThrowsAsync<LinkException>(() => ranks[0].PunchForAsync(1, port, Patience, job.Deadline));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains($"port {port} of rank 1", error.Message, StringComparison.Ordinal);
        Assert.Equal((1, LinkStage.Resolve), (error.Peer, error.Stage));
    }

    /// <summary>What an application does, or the library in front of it.</summary>
    private static async Task<Socket> ConnectAsync(LabJob job, ApplicationPath path)
    {
        while (true)
        {
            Socket socket = job.Lab.Hosts[0].Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); // SO_REUSEPORT as well
            socket.Bind(path.Local);
            try
            {
                using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(job.Deadline);
                limit.CancelAfter(path.ConnectLimit);
                await socket.ConnectAsync(path.Remote, limit.Token);
                await ExchangeAsync(socket, limit.Token);
                return socket;
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException && !job.Deadline.IsCancellationRequested)
            {
                socket.Dispose();
                await path.NextAsync(error.Message);
            }
        }
    }

    private static async Task ExchangeAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] sent = RandomNumberGenerator.GetBytes(EchoApplication.MessageBytes);
        byte[] received = new byte[sent.Length];
        await socket.SendAsync(sent, cancellationToken);
        for (int count = 0; count < received.Length;)
        {
            int more = await socket.ReceiveAsync(received.AsMemory(count), cancellationToken);
            if (more == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            count += more;
        }

        Assert.Equal(sent, received);
    }

    private static LabOptions Options(string kinds, bool strict, bool reset, int roundTripMilliseconds) => new()
    {
        Hosts = 2,
        Kinds = [.. kinds.Split(',').Select(kind => Enum.Parse<GatewayKind>(kind, ignoreCase: true))],
        StrictWindow = strict,
        Unsolicited = reset ? UnsolicitedAnswer.Reset : UnsolicitedAnswer.Drop,
        Delay = TimeSpan.FromMilliseconds(roundTripMilliseconds),
    };
}
