using System.Net;
using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Rendezvous.Tests;

public class LinkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(3, 30)]
    [InlineData(6, 8)]
    [InlineData(12, 3)]
    public async Task Both_ends_connecting_at_once_get_exactly_one_link(int size, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            await using TestJob job = new(size, job: spec => spec with { Topology = "star" });
            JobClient[] ranks = await job.JoinAllAsync();
            LinkBox[] boxes = await WireAsync(job, ranks);
            await Task.WhenAll(
                from rank in ranks
                from peer in Enumerable.Range(0, size)
                where peer != rank.Rank
                select rank.ConnectAsync(peer, Patience, job.Deadline));
            foreach (JobClient rank in ranks)
            {
                Assert.Equal(Enumerable.Range(0, size).Where(peer => peer != rank.Rank), boxes[rank.Rank].Peers);
                foreach (int peer in boxes[rank.Rank].Peers)
                    Assert.Equal(boxes[rank.Rank].Single(peer).LocalEndPoint, boxes[peer].Single(rank.Rank).RemoteEndPoint);
            }

            Array.ForEach(boxes, box => box.Dispose());
        }
    }

    [Fact]
    public async Task A_link_off_the_topology_comes_up_on_demand_and_once()
    {
        await using TestJob job = new(4, job: spec => spec with { Topology = "edges:0-1,1-2,1-3" });
        JobClient[] ranks = await job.JoinAllAsync();
        LinkBox[] boxes = await WireAsync(job, ranks);
        Assert.Equal([1], boxes[0].Peers);

        // Several callers, one link; from the end that connects by the rule and from the other one.
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ranks[3].ConnectAsync(2, Patience, job.Deadline)));
        await ranks[2].ConnectAsync(3, Patience, job.Deadline);
        await ranks[0].ConnectAsync(3, Patience, job.Deadline);
        await job.UntilAsync(() => boxes[3].Count(0) == 1, "the other end of the link");
        Assert.Equal(1, boxes[3].Count(2));
        Assert.Equal(1, boxes[2].Count(3));
        Assert.Equal(1, boxes[0].Count(3));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ranks[0].ConnectAsync(0, Patience, job.Deadline));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ranks[0].ConnectAsync(4, Patience, job.Deadline));
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task Links_that_come_before_the_receiver_is_named_wait_for_it()
    {
        await using TestJob job = new(2);
        JobClient[] ranks = await job.JoinAllAsync();
        using LinkBox early = new();
        await ranks[1].WireUpAsync(ranks[1].Topology, early.Take, cancellationToken: job.Deadline);
        using LinkBox late = new();
        await ranks[0].WireUpAsync(ranks[0].Topology, late.Take, cancellationToken: job.Deadline);
        Assert.Equal(early.Single(0).LocalEndPoint, late.Single(1).RemoteEndPoint);
    }

    [Fact]
    public async Task The_sockets_are_not_left_in_the_event_loop_of_the_runtime()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The event loop is looked at through /proc.");
        await using TestJob job = new(4, job: spec => spec with { Topology = "mesh" });
        JobClient[] ranks = await job.JoinAllAsync();
        LinkBox[] boxes = await WireAsync(job, ranks);
        HashSet<long> watched = [];
        foreach (string descriptor in Directory.GetFiles("/proc/self/fd"))
        {
            if (new FileInfo(descriptor).LinkTarget is not "anon_inode:[eventpoll]")
                continue;
            foreach (string line in await File.ReadAllLinesAsync($"/proc/self/fdinfo/{Path.GetFileName(descriptor)}", job.Deadline))
            {
                if (line.StartsWith("tfd:", StringComparison.Ordinal))
                    watched.Add(long.Parse(line["tfd:".Length..].TrimStart().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        Assert.NotEmpty(watched); // the coordinator's connections
        Assert.All(boxes, box => Assert.All(box.Peers, peer => Assert.DoesNotContain(box.Single(peer).Handle, watched)));
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task A_replayed_link_hello_is_refused()
    {
        await using TestJob job = new(2);
        await using RecordingProxy proxy = new();
        JobClient[] ranks = await job.JoinAllAsync(options => options.RequestedRank == 0 ? options with { Advertised = [proxy.EndPoint] } : options);
        proxy.Target.SetResult(ranks[0].ListenEndPoint);
        LinkBox[] boxes = await WireAsync(job, ranks);

        using RawPeer replay = await RawPeer.ConnectAsync(ranks[0].ListenEndPoint, job.Deadline);
        await replay.SendAsync(RecordingProxy.Recorded(proxy.FromClient), job.Deadline);
        Assert.Equal(ControlKind.LinkHello, (await replay.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.LinkProof, (await replay.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.LinkRefused, (await replay.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(1, boxes[0].Count(1));
        await job.UntilAsync(() => job.Log.Any(line => line.Contains("token was not proven", StringComparison.Ordinal)), "the reason in the log");
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task A_stranger_on_the_link_port_gets_nothing_and_the_links_come_up()
    {
        await using TestJob job = new(2);
        JobClient[] ranks = await job.JoinAllAsync();
        Guid[] ids = [.. ranks[0].Members.Select(member => member.Id)];
        byte[] nonce = Proof.Nonce();
        LinkHello good = new(Protocol.Version, "test", 1, 0, 0, ids[1], nonce);
        (LinkHello Hello, string Reason)[] refused =
        [
            (good with { Version = 9 }, "version 9"),
            (good with { JobId = "another" }, "another job"),
            (good with { Epoch = 4 }, "epoch 0"),
            (good with { To = 1 }, "this is rank 0"),
            (good with { From = 2 }, "no other rank 2"),
            (good with { From = 0 }, "no other rank 0"),
            (good with { From = -1 }, "no other rank -1"),
            (good with { MemberId = ids[0] }, "another member has rank 1"),
        ];
        foreach ((LinkHello hello, string reason) in refused)
        {
            using RawPeer stranger = await RawPeer.ConnectAsync(ranks[0].ListenEndPoint, job.Deadline);
            await stranger.SendAsync(hello.Encode(), job.Deadline);
            (ControlKind kind, byte[] payload) = await stranger.ReceiveAsync(job.Deadline);
            Assert.Equal(ControlKind.LinkRefused, kind);
            Assert.Contains(reason, System.Text.Encoding.UTF8.GetString(payload), StringComparison.Ordinal);
        }

        // The right names, but not the token.
        using (RawPeer stranger = await RawPeer.ConnectAsync(ranks[0].ListenEndPoint, job.Deadline))
        {
            await stranger.SendAsync(good.Encode(), job.Deadline);
            LinkHello answer = LinkHello.Decode((await stranger.ReceiveAsync(job.Deadline)).Payload);
            Assert.Equal(ControlKind.LinkProof, (await stranger.ReceiveAsync(job.Deadline)).Kind);
            await stranger.SendAsync(ProofOf(TestJob.NewToken(), new LinkIdentity("test", 0, 0, ids[0], 1, ids[1]), answer.Nonce, nonce), job.Deadline);
            Assert.Equal(ControlKind.LinkRefused, (await stranger.ReceiveAsync(job.Deadline)).Kind);
        }

        foreach (byte[] garbage in new[] { "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [255, 255, 255, 255, 32], [0, 0, 0, 0, 32], [5, 0, 0, 0, 32, 1, 2, 3, 4], [5, 0, 0, 0, 33, 1, 2, 3, 4] })
        {
            using RawPeer stranger = await RawPeer.ConnectAsync(ranks[0].ListenEndPoint, job.Deadline);
            await stranger.SendAsync(garbage, job.Deadline);
            Assert.Equal(ControlKind.None, (await stranger.ReceiveAsync(job.Deadline)).Kind);
        }

        using RawPeer silent = await RawPeer.ConnectAsync(ranks[0].ListenEndPoint, job.Deadline);
        LinkBox[] boxes = await WireAsync(job, ranks);
        Assert.Equal([1], boxes[0].Peers);
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task A_silent_stranger_on_the_link_port_is_closed_after_its_time()
    {
        await using TestJob job = new(1);
        JobClient rank = await job.JoinAsync(job.Options() with { Links = new LinkOptions { StrangerTimeout = TimeSpan.FromSeconds(2), StrangerLimit = 2 } });
        using RawPeer first = await RawPeer.ConnectAsync(rank.ListenEndPoint, job.Deadline);
        using RawPeer second = await RawPeer.ConnectAsync(rank.ListenEndPoint, job.Deadline);
        using RawPeer third = await RawPeer.ConnectAsync(rank.ListenEndPoint, job.Deadline);

        // The oldest gives way at once to who comes after it; the others have their time.
        Assert.Equal(ControlKind.None, (await first.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.None, (await second.ReceiveAsync(job.Deadline)).Kind);
        Assert.Equal(ControlKind.None, (await third.ReceiveAsync(job.Deadline)).Kind);
        Assert.Contains(job.Log, line => line.Contains($"from {first.Local}: 2 newer ones wait to prove", StringComparison.Ordinal));
        Assert.Contains(job.Log, line => line.Contains("was silent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_that_took_the_port_of_a_peer_is_not_taken_for_the_peer()
    {
        await using TestJob job = new(2);
        using Socket listener = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        JobClient[] ranks = await job.JoinAllAsync(options => options.RequestedRank == 0 ? options with { Advertised = [(IPEndPoint)listener.LocalEndPoint!] } : options);
        Task impostor = ImpersonateAsync(listener, ranks[1].Members, job.Deadline);
        using LinkBox box = new();
        LinkException error = await Assert.ThrowsAsync<LinkException>(() => ranks[1].WireUpAsync(ranks[1].Topology, box.Take, cancellationToken: job.Deadline));
        Assert.Equal(0, error.Peer);
        Assert.Equal(LinkStage.Hello, error.Stage);
        Assert.Contains("token", error.Message, StringComparison.Ordinal);
        Assert.Empty(box.Peers);
        await impostor;
    }

    [Fact]
    public async Task A_peer_that_cannot_be_reached_ends_in_an_error_that_names_both_ends()
    {
        await using TestJob job = new(2);
        using Socket closed = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        IPEndPoint nobody = (IPEndPoint)closed.LocalEndPoint!;
        closed.Dispose();
        JobClient[] ranks = await job.JoinAllAsync(options => options.RequestedRank == 0 ? options with { Advertised = [nobody] } : options);
        using LinkBox box = new();
        LinkException error = await Assert.ThrowsAsync<LinkException>(
            () => ranks[1].WireUpAsync(ranks[1].Topology, box.Take, new WireUpOptions { Timeout = TimeSpan.FromSeconds(1) }, job.Deadline));
        Assert.Equal(LinkStage.Punch, error.Stage);
        Assert.True(error.Attempts > 1);
        Assert.Equal(nobody.ToString(), error.RemoteEndPoint);
        Assert.Contains(ranks[1].ListenEndPoint.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(nobody.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_only_one_direction_works_the_link_comes_up_that_way()
    {
        await using TestJob job = new(2);
        using Socket closed = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        IPEndPoint nobody = (IPEndPoint)closed.LocalEndPoint!;
        closed.Dispose();

        // Rank 1 connects by the rule, but cannot reach rank 0; rank 0 loses its patience and connects.
        LinkOptions impatient = new() { Patience = TimeSpan.FromMilliseconds(100) };
        JobClient[] ranks = await job.JoinAllAsync(options => options.RequestedRank == 0 ? options with { Advertised = [nobody], Links = impatient } : options);
        LinkBox[] boxes = await WireAsync(job, ranks);
        Assert.Equal(boxes[0].Single(1).LocalEndPoint, boxes[1].Single(0).RemoteEndPoint);
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task The_second_endpoint_of_a_member_is_tried_when_the_first_does_not_answer()
    {
        await using TestJob job = new(2);
        using Socket closed = Addresses.Listen(new IPEndPoint(IPAddress.Loopback, 0), "a test");
        IPEndPoint nobody = (IPEndPoint)closed.LocalEndPoint!;
        closed.Dispose();
        JobClient[] ranks = await job.JoinAllAsync(options =>
            options.RequestedRank == 0 ? options with { Advertised = [nobody, new IPEndPoint(IPAddress.Loopback, 0)] } : options);
        LinkBox[] boxes = await WireAsync(job, ranks);
        await job.Job.AllLinked.WaitAsync(job.Deadline);
        Assert.InRange(job.Job.Statuses[1].WireUp!.Attempts, 2, 20);
        Array.ForEach(boxes, box => box.Dispose());
    }

    [Fact]
    public async Task A_receiver_that_refuses_a_link_fails_the_wire_up()
    {
        await using TestJob job = new(2);
        JobClient[] ranks = await job.JoinAllAsync();
        Task other = ranks[0].WireUpAsync(ranks[0].Topology, (_, socket) => socket.Dispose(), cancellationToken: job.Deadline);
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => ranks[1].WireUpAsync(ranks[1].Topology, (_, _) => throw new InvalidOperationException("full"), cancellationToken: job.Deadline));
        Assert.Equal("full", error.Message);
        await other;
    }

    [Theory]
    [InlineData(8)]
    [InlineData(33)]
    [InlineData(64)]
    public void The_rule_lets_one_end_of_each_pair_connect_and_spreads_the_work(int size)
    {
        int[] connects = new int[size];
        for (int a = 0; a < size; a++)
        {
            for (int b = 0; b < a; b++)
            {
                Assert.NotEqual(LinkPlans.IsConnector(a, b), LinkPlans.IsConnector(b, a));
                connects[LinkPlans.IsConnector(a, b) ? a : b]++;
            }
        }

        Assert.InRange(connects.Max() - connects.Min(), 0, 2);
    }

    private static async Task<LinkBox[]> WireAsync(TestJob job, JobClient[] ranks)
    {
        LinkBox[] boxes = [.. ranks.Select(_ => new LinkBox())];
        await Task.WhenAll(ranks.Select((rank, i) => rank.WireUpAsync(rank.Topology, boxes[i].Take, cancellationToken: job.Deadline)));
        return boxes;
    }

    /// <summary>Plays the accepting end as well as it can without the token.</summary>
    private static async Task ImpersonateAsync(Socket listener, IReadOnlyList<MemberInfo> members, CancellationToken cancellationToken)
    {
        for (int i = 0; i < 3; i++)
        {
            using RawPeer peer = RawPeer.Over(await listener.AcceptAsync(cancellationToken));
            LinkHello hello = LinkHello.Decode((await peer.ReceiveAsync(cancellationToken)).Payload);
            await peer.SendAsync((hello with { From = hello.To, To = hello.From, MemberId = members[hello.To].Id, Nonce = Proof.Nonce() }).Encode(), cancellationToken);

            // What the peer proves itself with does not serve in the other direction.
            byte[] proof = (await peer.ReceiveAsync(cancellationToken)).Payload;
            await peer.SendAsync(LinkMessages.EncodeProof(proof), cancellationToken);
            await peer.ReadToEndAsync(cancellationToken);
        }
    }

    private static ReadOnlyMemory<byte> ProofOf(byte[] token, LinkIdentity link, byte[] lowerNonce, byte[] higherNonce)
    {
        byte[] proof = new byte[Proof.Bytes];
        Proof.OfLink(token, ofLower: false, link, lowerNonce, higherNonce, proof);
        return LinkMessages.EncodeProof(proof);
    }
}
