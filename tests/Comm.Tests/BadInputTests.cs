using BoxerMpi.Internal;
using BoxerMpi.Wire;

namespace BoxerMpi.Tests;

/// <summary>Wrong arguments and wrong frames: a clear error, nothing sent, nothing left behind.</summary>
public sealed class BadInputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public async Task Ranks_out_of_range_are_refused(int rank)
    {
        using Pair pair = new();
        Communicator world = pair.First;
        int[] one = [1], two = [2];
        Throws<ArgumentOutOfRangeException>("destination", () => world.Send(1, rank));
        Throws<ArgumentOutOfRangeException>("destination", () => world.Send<int>(one, rank));
        Throws<ArgumentOutOfRangeException>("destination", () => world.SynchronousSend<int>(one, rank));
        Throws<ArgumentOutOfRangeException>("destination", () => world.StartSend<int>(one, rank));
        Throws<ArgumentOutOfRangeException>("destination", () => world.SendObject(one, rank));
        Throws<ArgumentOutOfRangeException>("destination", () => world.SendReceive<int>(one, rank, two, 1));
        Throws<ArgumentOutOfRangeException>("destination", () => world.SendReceiveReplace<int>(one, rank, 1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            "destination", async () => await world.SendAsync<int>(one, rank, cancellationToken: Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            "destination", async () => await world.SendReceiveAsync<int>(one, rank, two, 1, cancellationToken: Token));
        if (rank != Communicator.AnySource)
        {
            Throws<ArgumentOutOfRangeException>("source", () => world.Receive<int>(one, rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.ReceiveOwned<int>(rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.ReceiveObject<int[]>(rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.MatchedProbe(rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.TryMatchedProbe(rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.Probe(rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.TryProbe(rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.StartReceive<int>(one, rank));
            Throws<ArgumentOutOfRangeException>("source", () => world.SendReceive<int>(one, 1, two, rank));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                "source", async () => await world.ReceiveAsync<int>(one, rank, cancellationToken: Token));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                "source", async () => await world.MatchedProbeAsync(rank, cancellationToken: Token));
        }

        IsUntouched(pair);
    }

    [Fact]
    public async Task Negative_tags_are_refused()
    {
        using Pair pair = new();
        Communicator world = pair.First;
        int[] one = [1], two = [2];
        Throws<ArgumentOutOfRangeException>("tag", () => world.Send(1, 1, -1));
        Throws<ArgumentOutOfRangeException>("tag", () => world.SendReceive<int>(one, 1, two, 1, Communicator.AnyTag));
        Throws<ArgumentOutOfRangeException>("tag", () => world.Receive<int>(one, 1, -2));
        Throws<ArgumentOutOfRangeException>("tag", () => world.MatchedProbe(1, int.MinValue));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            "tag", async () => await world.SendAsync<int>(one, 1, -5, cancellationToken: Token));
        IsUntouched(pair);
    }

    [Fact]
    public async Task Overlapping_buffers_are_refused()
    {
        using Pair pair = new();
        int[] data = new int[10];
        Throws<ArgumentException>("receive", () => pair.First.SendReceive<int>(data.AsSpan(0, 6), 1, data.AsSpan(5), 1));
        await Assert.ThrowsAsync<ArgumentException>(
            "receive", async () => await pair.First.SendReceiveAsync<int>(data, 1, data, 1, cancellationToken: Token));
        IsUntouched(pair);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void Timeouts_are_positive_and_a_wrong_one_starts_nothing(int milliseconds)
    {
        using Pair pair = new();
        Communicator world = pair.First;
        TimeSpan wrong = TimeSpan.FromMilliseconds(milliseconds);
        int[] one = [1];
        Throws<ArgumentOutOfRangeException>("timeout", () => world.Send<int>(one, 1, 0, wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => world.SynchronousSend<int>(one, 1, 0, wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => world.Receive<int>(one, 1, 0, wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => world.ReceiveOwned<int>(1, 0, wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => world.MatchedProbe(1, 0, wrong));
        Throws<ArgumentOutOfRangeException>("value", () => world.Timeout = wrong);
        Request request = world.StartReceive<int>(one, 1, 9);
        Throws<ArgumentOutOfRangeException>("timeout", () => request.Wait(wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => Request.WaitAny([request], wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => Request.WaitSome([request], wrong));
        Throws<ArgumentOutOfRangeException>("timeout", () => Request.WaitAll([request], wrong));
        request.Cancel();
        IsUntouched(pair);

        world.Timeout = Timeout.InfiniteTimeSpan;
        pair.Second.Send(7, 0);
        Assert.Equal(7, world.Receive<int>(1));
    }

    [Fact]
    public async Task A_disposed_communicator_refuses_everything()
    {
        using Pair pair = new();
        Communicator world = pair.First;
        world.Dispose();
        world.Dispose();
        int[] one = [1];
        Assert.Throws<ObjectDisposedException>(() => world.Send(1, 1));
        Assert.Throws<ObjectDisposedException>(() => world.Receive<int>(1));
        Assert.Throws<ObjectDisposedException>(() => world.Probe());
        Assert.Throws<ObjectDisposedException>(() => world.TryProbe());
        Assert.Throws<ObjectDisposedException>(() => world.MatchedProbe());
        Assert.Throws<ObjectDisposedException>(() => world.TryMatchedProbe());
        Assert.Throws<ObjectDisposedException>(() => world.CreateChild([0], "child"));
        Assert.Throws<ObjectDisposedException>(() => world.CreateFromGroup(world.Group, 0));
        Assert.Throws<ObjectDisposedException>(() => world.Revoke());
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await world.ReceiveAsync<int>(one, cancellationToken: Token));
        Assert.True(world.IsDisposed);
    }

    [Fact]
    public void What_is_used_after_its_cluster_has_ended_says_so()
    {
        Pair pair = new();
        Communicator world = pair.First;
        Request request = world.StartReceive<int>(new int[1], 1, 1);
        pair.Second.Send(1, 0, tag: 2);
        MatchedMessage probed = world.MatchedProbe(1, 2);
        pair.Dispose();
        Assert.Throws<ObjectDisposedException>(() => world.Send(1, 1));
        Assert.Throws<ObjectDisposedException>(() => world.Receive<int>(1));
        Assert.Throws<ObjectDisposedException>(() => world.TryMatchedProbe());
        Assert.Throws<ObjectDisposedException>(() => request.Wait());
        Assert.Throws<ObjectDisposedException>(() => request.Test(out _));
        Assert.Throws<ObjectDisposedException>(() => probed.ReceiveOwned<int>());
        probed.Dispose();
        world.Dispose();
        pair.Dispose();
    }

    [Fact]
    public void A_value_is_received_from_a_message_of_its_size_only()
    {
        using Pair pair = new();
        pair.First.Send<byte>(new byte[3], 1, 1);
        pair.First.Send<byte>(new byte[5], 1, 1);
        pair.First.Send<byte>(new byte[4], 1, 1);
        MessageTruncatedException less = Assert.Throws<MessageTruncatedException>(() => pair.Second.Receive<int>(0, 1));
        Assert.Equal((4L, 3L, 0, 1), (less.ExpectedBytes, less.ActualBytes, less.Peer, less.Tag));
        MessageTruncatedException more = Assert.Throws<MessageTruncatedException>(() => pair.Second.Receive<int>(0, 1));
        Assert.Equal((4L, 5L), (more.ExpectedBytes, more.ActualBytes));
        Assert.Equal(0, pair.Second.Receive<int>(0, 1));
    }

    [Fact]
    public void Elements_are_counted_whole()
    {
        using Pair pair = new();
        pair.First.Send<byte>(new byte[10], 1, 1);
        pair.First.Send<byte>(new byte[10], 1, 2);
        Status status = pair.Second.Receive<byte>(new byte[10], 0, 1);
        Assert.Equal(5, status.Count<short>());
        Assert.Throws<InvalidOperationException>(() => status.Count<int>());
        using MatchedMessage probed = pair.Second.MatchedProbe(0, 2);
        Assert.Throws<InvalidOperationException>(() => probed.Count<long>());
        Assert.Throws<InvalidOperationException>(() => probed.ReceiveOwned<long>());
        pair.First.Send<byte>(new byte[10], 1, 3);
        Assert.Throws<InvalidOperationException>(() => pair.Second.ReceiveOwned<long>(0, 3));
    }

    [Fact]
    public void Received_memory_is_refused_after_it_was_given_back()
    {
        using Pair pair = new();
        pair.First.Send<int>(new int[3], 1);
        Received<int> received = pair.Second.ReceiveOwned<int>();
        Assert.Equal([3], received.Pieces().Select(piece => piece.Length));
        ((IDisposable)received).Dispose();
        ((IDisposable)received).Dispose();
        Assert.Throws<ObjectDisposedException>(() => received.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => received.Pin());
        pair.First.Send<int>([], 1);
        using Received<int> empty = pair.Second.ReceiveOwned<int>();
        Assert.Equal((0, 0), (empty.Count, empty.Span.Length));
    }

    [Fact]
    public async Task A_task_that_is_awaited_twice_does_not_disturb_other_operations()
    {
        using Pair pair = new();
        CancellationToken token = TestContext.Current.CancellationToken;
        ValueTask<Status> first = pair.Second.ReceiveAsync<int>(new int[1], 0, 1, token);
        pair.First.Send(1, 1, tag: 1);
        ValueTask<Status> copy = first;
        await first.Soon();
#pragma warning disable CA2012 // the mistake is the test
        Assert.Throws<InvalidOperationException>(() => copy.GetAwaiter().GetResult());
#pragma warning restore CA2012

        int[] a = [0], b = [0];
        ValueTask<Status> receivingA = pair.Second.ReceiveAsync<int>(a, 0, 2, token), receivingB = pair.Second.ReceiveAsync<int>(
            b, 0, 3, token);
        pair.First.Send(2, 1, tag: 2);
        pair.First.Send(3, 1, tag: 3);
        await receivingA.Soon();
        await receivingB.Soon();
        Assert.Equal((2, 3), (a[0], b[0]));
    }

    [Fact]
    public void Requests_of_several_ranks_are_not_waited_for_together()
    {
        using Pair pair = new();
        Request[] requests = [pair.First.StartReceive<int>(new int[1], 1), pair.Second.StartReceive<int>(new int[1], 0)];
        Throws<ArgumentException>("requests", () => Request.WaitAny(requests));
        Throws<ArgumentException>("requests", () => Request.WaitAll(requests));
        Throws<ArgumentException>("requests", () => Request.WaitSome(requests));
        Throws<ArgumentException>("requests", () => Request.TestAny(requests, out _, out _));
        Throws<ArgumentException>("requests", () => Request.TestAll(requests, out _));
        Throws<ArgumentException>("requests", () => Request.TestSome(requests, out _));
        foreach (Request request in requests)
            request.Cancel();
        IsUntouched(pair);
    }

    private static readonly (string Name, FrameHeader Header, byte[] Payload, string Reason)[] WrongFrames =
    [
        ("source beyond the job", Frame(FrameKind.Eager) with { Source = 2 }, [], "the job has ranks 0 to 1"),
        ("negative destination", Frame(FrameKind.Eager) with { Destination = -1 }, [], "the job has ranks 0 to 1"),
        ("another rank's name", Frame(FrameKind.Eager) with { Source = 0 }, [], "relay nothing"),
        ("for somebody else", Frame(FrameKind.Eager) with { Destination = 1 }, [], "relay nothing"),
        ("negative tag", Frame(FrameKind.Eager) with { Tag = -1 }, [], "tag -1"),
        ("negative tag announced", Frame(FrameKind.RequestToSend) with { Tag = -3, Length = 16 }, new byte[16], "tag -3"),
        ("revoked by a stranger", Frame(FrameKind.Revoke) with { Tag = 7 }, [], "rank 7 revoked"),
        ("short offer", Frame(FrameKind.RequestToSend) with { Length = 15 }, new byte[15], "has 16 bytes of payload, not 15"),
        ("endless offer", Frame(FrameKind.RequestToSend) with { Length = 16 }, [.. new byte[8], 255, 255, 255, 255, 255, 255, 255, 127], "was announced; at most"),
        ("short grant", Frame(FrameKind.ClearToSend) with { Length = 31 }, new byte[31], "has 32 bytes of payload, not 31"),
        ("negative grant", Frame(FrameKind.ClearToSend) with { Length = 32 }, [.. Enumerable.Repeat<byte>(255, 32)], "makes no sense"),
        ("data not asked for", Frame(FrameKind.Data) with { Context = 12, Length = 1 }, [1], "was not asked for (receive 12)"),
        ("credit from nothing", Frame(FrameKind.Credit) with { Credit = 1 }, [], "more than it had been sent"),
    ];

    public static TheoryData<string> WrongFrameNames => [.. WrongFrames.Select(frame => frame.Name)];

    [Theory, MemberData(nameof(WrongFrameNames))]
    public void A_frame_that_makes_no_sense_closes_its_link_with_the_reason(string name)
    {
        (_, FrameHeader header, byte[] payload, string reason) = WrongFrames.Single(frame => frame.Name == name);
        using Pair pair = new(linked: false);
        using RawPeer peer = pair.LinkToRaw();
        peer.Write(Frame(FrameKind.Eager) with { Tag = 4 }, []);
        peer.Write(header, payload);
        PeerFailedException error = Assert.Throws<PeerFailedException>(() => pair.First.Receive<int>(1, 3));
        Assert.IsType<WireFormatException>(error.Cause);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);

        // What came before it is still there, and the rank goes on.
        Assert.Equal(0, pair.First.Receive<int>([], 1, 4).ByteCount);
        pair.First.Send(1, 0);
        Assert.Equal(1, pair.First.Receive<int>(0));
    }

    [Fact]
    public void More_than_the_credit_closes_the_link()
    {
        using Pair pair = new(linked: false);
        using RawPeer peer = pair.LinkToRaw();

        // Short enough to be read without anybody asking for it.
        byte[] payload = new byte[50_000];
        PeerFailedException error = Assert.Throws<PeerFailedException>(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                peer.Write(Frame(FrameKind.Eager) with { Length = payload.Length }, payload);
                pair.First.TryMatchedProbe(1, 9);
            }
        });
        Assert.Contains("its credit is 4194304", error.Message, StringComparison.Ordinal);
        Assert.InRange(pair.First.Messenger.UnexpectedBytes, 4_000_000, WireLimits.CreditWindowBytes);
    }

    [Fact]
    public void A_grant_for_somebody_elses_message_is_ignored()
    {
        using Pair pair = new(linked: false);
        using RawPeer peer = pair.LinkToRaw();
        Request send = pair.First.StartSend<byte>(new byte[5_000_000], 1);
        FrameHeader offer = Assert.Single(peer.ReadFrames()).Header;
        Assert.Equal(FrameKind.RequestToSend, offer.Kind);
        byte[] grant = new byte[MessageGrant.Bytes];
        new MessageGrant(12345, 1, 5_000_000, true).Write(grant);
        peer.Write(Frame(FrameKind.ClearToSend) with { Length = grant.Length }, grant);
        Assert.False(send.Test(out _));
        Assert.Empty(peer.ReadFrames());
        send.Cancel();
    }

    [Fact]
    public void A_message_too_long_for_memory_fails_its_receive_and_not_the_rank()
    {
        using Pair pair = new(linked: false);
        using RawPeer peer = pair.LinkToRaw();
        byte[] offer = new byte[MessageOffer.Bytes];
        new MessageOffer(1, WireLimits.MaximumMessageBytes).Write(offer);
        peer.Write(Frame(FrameKind.RequestToSend) with { Tag = 1, Length = offer.Length }, offer);
        MessageTruncatedException error = Assert.Throws<MessageTruncatedException>(() => pair.First.ReceiveOwned<byte>(1, 1));
        Assert.Equal(WireLimits.MaximumMessageBytes, error.ActualBytes);
        peer.Write(Frame(FrameKind.Eager) with { Tag = 2 }, []);
        Assert.Equal(0, pair.First.Receive<int>([], 1, 2).ByteCount);
    }

    [Fact]
    public void A_relay_holds_no_more_than_a_message_may_have_in_flight()
    {
        using Pair pair = new(MessengerOptions.Default with { Relay = true }, linked: false);
        using RawPeer peer = pair.LinkToRaw();
        peer.Write(Frame(FrameKind.Data) with { Source = 1, Destination = 1, Length = 1L << 50 }, []);
        PeerFailedException error = Assert.Throws<PeerFailedException>(() => pair.First.Receive<int>(1, 1));
        Assert.IsType<WireFormatException>(error.Cause);
    }

    private static FrameHeader Frame(FrameKind kind) => new() { Kind = kind, Context = 8, Source = 1, Destination = 0 };

    private static void Throws<T>(string parameter, Action call)
        where T : ArgumentException => Assert.Throws<T>(parameter, call);

    /// <summary>Nothing was sent, nothing is pending, and the pair still works.</summary>
    private static void IsUntouched(Pair pair)
    {
        Assert.Equal(0, pair.First.LinkTo(1).FramesSent);
        Assert.Empty(pair.First.Messenger.DescribePending());
        int[] received = [0];
        pair.Second.Send(42, 0, tag: 9);
        Assert.Equal(4, pair.First.Receive<int>(received, Communicator.AnySource, Communicator.AnyTag).ByteCount);
        Assert.Equal(42, received[0]);
    }
}
