using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>A coordinator, or a rank, with several addresses, of which some are dead.</summary>
public class AddressTests
{
    private static readonly IPAddress Dead = IPAddress.Parse("127.0.0.3");

    public enum Caller
    {
        Rank,
        Probe,
        Follower,
        Attendant,
    }

    public enum Trouble
    {
        /// <summary>Nothing answers, as where packets are dropped.</summary>
        Silent,

        /// <summary>Something takes the connection and says nothing.</summary>
        Mute,

        /// <summary>Something else answers.</summary>
        Another,

        /// <summary>Nobody listens.</summary>
        Closed,

        /// <summary>This host has no way there.</summary>
        NoWay,
    }

    public static TheoryData<Caller, Trouble> Dead_addresses()
    {
        TheoryData<Caller, Trouble> all = [];
        foreach (Caller caller in Enum.GetValues<Caller>())
        {
            foreach (Trouble trouble in Enum.GetValues<Trouble>())
                all.Add(caller, trouble);
        }

        return all;
    }

    [Theory, MemberData(nameof(Dead_addresses))]
    public async Task A_coordinator_is_found_behind_a_dead_address_of_its_name(Caller caller, Trouble trouble)
    {
        await using TestJob job = new(1);
        int port = job.Seed.EndPoint.Port;
        using SilentPort silent = trouble == Trouble.Silent ? await SilentPort.OpenAsync(Dead, port, job.Deadline) : SilentPort.None;
        using Socket? other = trouble is Trouble.Mute or Trouble.Another ? Addresses.Listen(new IPEndPoint(Dead, port), "a test") : null;
        Task answering = trouble == Trouble.Another ? AnswerAsync(other!, job.Deadline) : Task.CompletedTask;
        IPAddress first = trouble == Trouble.NoWay ? IPAddress.Parse("240.0.0.1") : Dead;
        await CallAsync(caller, job, Named(job, first, IPAddress.Loopback));
        other?.Dispose();
        await answering;
    }

    [Fact]
    public async Task Of_many_dead_addresses_of_one_family_one_pause_is_spent()
    {
        DnsEndPoint name = new("seed.test", 4000);
        IPAddress[] found = [.. Enumerable.Range(1, 9).Select(i => IPAddress.Parse($"2001:db8::{i}")), IPAddress.Parse("192.0.2.1")];
        SeedTarget target = new() { Seed = name, JobId = "test", Token = [], Timeout = TimeSpan.Zero, LookUp = (_, _) => Task.FromResult(found) };
        IPEndPoint[] order = await target.ResolveAsync(TestContext.Current.CancellationToken);
        Assert.Equal(new IPEndPoint(found[9], 4000), order[1]);
        Assert.Equal(found.Order(Comparer<IPAddress>.Create(Compare)), order.Select(one => one.Address).Order(Comparer<IPAddress>.Create(Compare)));

        static int Compare(IPAddress? left, IPAddress? right) => string.CompareOrdinal($"{left}", $"{right}");
    }

    /// <summary>The address that is silent takes none of the attempts at the other one.</summary>
    [Fact]
    public async Task A_coordinator_that_starts_late_is_found_beside_an_address_that_stays_silent()
    {
        using SilentPort silent = await SilentPort.OpenAsync(Dead, 0, TestContext.Current.CancellationToken);
        byte[] token = TestJob.NewToken();
        Task<JobClient> joining = JobClient.JoinAsync(
            new JoinOptions
            {
                Seed = new DnsEndPoint("seed.test", silent.EndPoint.Port),
                JobId = "test",
                Token = token,
                LookUp = (_, _) => Task.FromResult<IPAddress[]>([Dead, IPAddress.Loopback]),
            },
            TestContext.Current.CancellationToken);

        // Meanwhile the second address has refused.
        await Assert.ThrowsAsync<TimeoutException>(() => joining.WaitAsync(TimeSpan.FromSeconds(0.6)));
        await using TestJob job = new(
            1, options => options with { Listen = new IPEndPoint(IPAddress.Loopback, silent.EndPoint.Port) }, spec => spec with { Token = token });
        await using JobClient rank = await joining;
        Assert.Equal(job.Seed.EndPoint.Address, rank.ObservedEndPoint.Address);
    }

    [Theory]
    [InlineData(Caller.Rank)]
    [InlineData(Caller.Probe)]
    public async Task A_name_that_cannot_be_looked_up_for_a_moment_is_looked_up_again(Caller caller)
    {
        await using TestJob job = new(1);
        int lookUps = 0;
        await CallAsync(caller, job, Named(job) with
        {
            LookUp = (_, _) => ++lookUps < 3
                ? Task.FromException<IPAddress[]>(new SocketException((int)(lookUps == 1 ? SocketError.TryAgain : SocketError.TooManyOpenSockets)))
                : Task.FromResult<IPAddress[]>([IPAddress.Loopback]),
        });
        Assert.Equal(3, lookUps);
    }

    [Theory]
    [InlineData(Caller.Rank)]
    [InlineData(Caller.Probe)]
    public async Task A_name_that_nobody_has_is_an_error_at_once(Caller caller)
    {
        await using TestJob job = new(1);
        foreach (JoinOptions options in (JoinOptions[])
        [
            Named(job),
            job.Options() with { Seed = new DnsEndPoint(new string('x', 300), 4000) },
            Named(job) with { LookUp = (_, _) => Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)) },
        ])
        {
            RendezvousException error = await Assert.ThrowsAsync<RendezvousException>(() => CallAsync(caller, job, options));
            Assert.Contains("is not known", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task All_addresses_of_a_name_and_what_came_of_them_are_told()
    {
        await using TestJob job = new(1);
        int port = job.Seed.EndPoint.Port;
        using SilentPort silent = await SilentPort.OpenAsync(Dead, port, job.Deadline);
        JoinOptions options = Named(job, Dead, IPAddress.Parse("127.0.0.4")) with { Timeout = TimeSpan.FromSeconds(1) };
        RendezvousException join = await job.RejectedAsync(options);
        RendezvousException probe = await Assert.ThrowsAsync<RendezvousException>(() => CallAsync(Caller.Probe, job, options));
        foreach (RendezvousException error in (RendezvousException[])[join, probe])
        {
            Assert.Equal(RendezvousFailure.Unreachable, error.Reason);
            Assert.Contains("127.0.0.3 does not answer; 127.0.0.4: Connection refused", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_rank_whose_first_endpoint_is_silent_is_linked_at_its_second()
    {
        await using TestJob job = new(2);
        using SilentPort silent = await SilentPort.OpenAsync(Dead, 0, job.Deadline);
        JobClient[] ranks = await job.JoinAllAsync(options =>
            options.RequestedRank == 0 ? options with { Advertised = [silent.EndPoint, new IPEndPoint(IPAddress.Loopback, 0)] } : options);
        using LinkBox box = new();

        // Less than it takes to give the first endpoint up, and rank 0 does not lose its patience before.
        WireUpOptions limit = new() { Timeout = TimeSpan.FromSeconds(15) };
        await Task.WhenAll(ranks.Select(rank => rank.WireUpAsync(rank.Topology, box.Take, limit, job.Deadline)));
        Assert.Equal(ranks[0].ListenEndPoint.Port, ((IPEndPoint)box.Single(0).RemoteEndPoint!).Port);
    }

    private static JoinOptions Named(TestJob job, params IPAddress[] addresses) => job.Options() with
    {
        Seed = new DnsEndPoint("seed.test", job.Seed.EndPoint.Port),
        LookUp = (_, _) => Task.FromResult(addresses),
    };

    private static async Task CallAsync(Caller caller, TestJob job, JoinOptions options)
    {
        switch (caller)
        {
            case Caller.Rank:
                Assert.Equal(IPAddress.Loopback, (await job.JoinAsync(options)).ListenEndPoint.Address);
                break;
            case Caller.Probe:
                (await ControlHandshake.OpenAsync(
                    options.Target, _ => new MessageWriter(ControlKind.Follow).ReserveProof(), job.Deadline)).Channel.Dispose();
                break;
            case Caller.Follower:
                Task<MembershipEvent> following = MembershipFollower.FollowAsync(options.Target, job.Deadline).FirstAsync(job.Deadline).AsTask();
                await job.JoinAsync();
                Assert.Equal(MembershipChange.Joined, (await following).Change);
                break;
            case Caller.Attendant:
                await using (await AttendanceClient.OpenAsync(
                    new AttendanceOptions
                    {
                        Seed = options.Seed,
                        JobId = options.JobId,
                        Token = options.Token,
                        Number = 0,
                        Probe = true,
                        LookUp = options.LookUp,
                    },
                    job.Deadline))
                {
                }

                break;
        }
    }

    private static async Task AnswerAsync(Socket listener, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                using Socket stranger = await listener.AcceptAsync(cancellationToken);
                await stranger.SendAsync("SSH-2.0-nothing for you\r\n"u8.ToArray(), cancellationToken);
            }
        }
        catch (SocketException)
        {
            // The test is over.
        }
    }

    /// <summary>A port that does not answer: its queue of connections is full, so that further ones are dropped.</summary>
    private sealed class SilentPort : IDisposable
    {
        private readonly Socket? _listener;
        private readonly List<Socket> _queue = [];

        private SilentPort(Socket? listener) => _listener = listener;

        public static SilentPort None { get; } = new(null);

        public IPEndPoint EndPoint => (IPEndPoint)_listener!.LocalEndPoint!;

        public static async Task<SilentPort> OpenAsync(IPAddress address, int port, CancellationToken cancellationToken)
        {
            Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(0);
            SilentPort silent = new(listener);
            while (true)
            {
                Socket one = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                silent._queue.Add(one);
                try
                {
                    await one.ConnectAsync(silent.EndPoint, cancellationToken).AsTask().WaitAsync(TimeSpan.FromMilliseconds(300), cancellationToken);
                }
                catch (TimeoutException)
                {
                    return silent;
                }
            }
        }

        public void Dispose()
        {
            _queue.ForEach(socket => socket.Dispose());
            _listener?.Dispose();
        }
    }
}
