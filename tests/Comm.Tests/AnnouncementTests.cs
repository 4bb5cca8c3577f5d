using BoxerMpi.Internal;
using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Tests;

/// <summary>Messages that are announced cost a rank that receives none a bounded amount of memory, and are all found in the end.</summary>
public sealed class AnnouncementTests
{
    private const int Limit = WireLimits.AnnouncementLimit;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_rank_that_receives_none_remembers_only_so_many()
    {
        const int Count = 400_000;
        using Pair pair = new();
        Request[] requests = StartSends(pair.First, Count, _ => 0);
        pair.Second.DriveUntil(() => pair.Second.Messenger.WaitingAnnouncements == Limit);
        Assert.Equal(0, pair.First.Messenger.SendsThatWait + Limit + EagerCount(requests) - Count);

        // Whatever else the two do meanwhile.
        for (int i = 0; i < 100; i++)
            PassOn(pair, i);
        Assert.Equal(Limit, pair.Second.Messenger.WaitingAnnouncements);

        for (int i = 0; i < Count; i++)
            Assert.Equal(i, pair.Second.Receive<int>(0, 0));
        Request.WaitAll(requests);
        Assert.Equal(0, pair.Second.Messenger.WaitingAnnouncements + pair.First.Messenger.SendsThatWait);
    }

    public static TheoryData<string> Searches => ["receive", "any source", "any tag", "probe", "matched probe", "polling", "started before"];

    [Theory, MemberData(nameof(Searches))]
    public async Task What_was_sent_last_is_found_however_much_lies_in_front_of_it(string search)
    {
        const int Count = Limit + (5 * WireLimits.AnnouncementBatch / 2);
        using Pair pair = new();
        Communicator receiver = pair.Second;
        int[] early = new int[1];
        Request? started = search == "started before" ? receiver.StartReceive<int>(early, 0, 1) : null;
        Task<Status>[] sends = [.. Enumerable.Range(0, Count).Select(i => SendAnnounced(pair.First, i, i == Count - 1 ? 1 : 0))];
        int last = search switch
        {
            "receive" => receiver.Receive<int>(0, 1),
            "any source" => receiver.Receive<int>(Communicator.AnySource, 1),
            "any tag" => ReceiveAll(receiver, Count - 1),
            "probe" => Found(receiver.Probe(0, 1)),
            "matched probe" => Taken(receiver.MatchedProbe(Communicator.AnySource, 1)),
            "polling" => Polled(),
            _ => Waited(started!),
        };
        Assert.Equal(Count - 1, last);
        for (int i = 0; i < Count - 1 && search != "any tag"; i++)
            Assert.Equal(i, receiver.Receive<int>(0, 0));
        await Task.WhenAll(sends).WaitAsync(Ranks.Patience, Token);

        int Found(Status status)
        {
            Assert.Equal((0, 1, 4), (status.Source, status.Tag, status.ByteCount));
            return receiver.Receive<int>(0, 1);
        }

        int Polled()
        {
            Status? status = null;
            receiver.DriveUntil(() => (status = receiver.TryProbe(0, 1)) is not null);
            return Found(status!.Value);
        }

        int Waited(Request request)
        {
            request.Wait();
            return early[0];
        }
    }

    [Fact]
    public async Task Other_communicators_go_on_and_get_what_they_look_for()
    {
        using Pair pair = new();
        using Communicator mine = pair.First.CreateChild([0, 1], "other"), theirs = pair.Second.CreateChild([0, 1], "other");
        Task<Status>[] sends = [.. Enumerable.Range(0, Limit + 10).Select(i => SendAnnounced(pair.First, i, 0))];

        // Short messages need no announcement; those that do wait for somebody who looks.
        mine.Send(7, 1);
        Assert.Equal(7, theirs.Receive<int>(0));
        Task<Status> other = SendAnnounced(mine, 8, 3);
        Task behind = mine.SendAsync(9, 1, 3, Token).Soon();
        Assert.Equal(12, pair.First.Messenger.SendsThatWait);
        Assert.Equal((8, 9), (theirs.Receive<int>(0, 3), theirs.Receive<int>(0, 3)));
        await Task.WhenAll(other, behind).WaitAsync(Ranks.Patience, Token);

        for (int i = 0; i < sends.Length; i++)
            Assert.Equal(i, pair.Second.Receive<int>(0, 0));
        await Task.WhenAll(sends).WaitAsync(Ranks.Patience, Token);
    }

    [Fact]
    public async Task Sends_that_wait_are_taken_back_and_the_others_keep_their_order()
    {
        const int Count = Limit + 3_000;
        using Pair pair = new();
        using CancellationTokenSource waiting = new(), announced = new();
        Task<Status>[] sends = [.. Enumerable.Range(0, Count).Select(i => SendAnnounced(pair.First, i, 0, i switch
        {
            < 1_000 => announced.Token,
            >= Limit when i % 3 == 0 => waiting.Token,
            _ => default,
        }))];
        Assert.Equal(3_000, pair.First.Messenger.SendsThatWait);
        pair.Second.DriveUntil(() => pair.Second.Messenger.WaitingAnnouncements == Limit);
        await waiting.CancelAsync();
        Assert.Equal(2_000, pair.First.Messenger.SendsThatWait);
        await announced.CancelAsync();
        pair.Second.DriveUntil(() => sends[..1_000].All(send => send.IsCompleted));
        foreach (int i in Enumerable.Range(0, Count).Where(i => !IsCancelled(i)))
            Assert.Equal(i, pair.Second.Receive<int>(0, 0));
        for (int i = 0; i < Count; i++)
            Assert.Equal(IsCancelled(i), !await IsDelivered(sends[i]));
        Assert.Null(pair.Second.TryProbe());

        static bool IsCancelled(int i) => i < 1_000 || (i >= Limit && i % 3 == 0);
    }

    [Fact]
    public async Task Sends_that_wait_end_with_the_peer()
    {
        using Pair pair = new();
        Task<Status>[] sends = [.. Enumerable.Range(0, Limit + 100).Select(i => SendAnnounced(pair.First, i, 0))];
        Assert.Equal(100, pair.First.Messenger.SendsThatWait);
        pair.First.Messenger.BreakLink(1, "cut");
        foreach (Task<Status> send in sends)
            await Assert.ThrowsAsync<PeerFailedException>(() => send.WaitAsync(Ranks.Patience, Token));
        Assert.Equal(0, pair.First.Messenger.SendsThatWait + pair.First.Messenger.AnnouncedSends);
    }

    [Fact]
    public void A_send_that_waits_too_long_tells_what_for()
    {
        using Pair pair = new();
        for (int i = 0; i < Limit; i++)
            _ = SendAnnounced(pair.First, i, 0);
        MpiTimeoutException error = Assert.Throws<MpiTimeoutException>(
            () => pair.First.SynchronousSend<int>([1], 1, 0, TimeSpan.FromMilliseconds(1)));
        Assert.Contains($"has not received {Limit} earlier messages", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_waits_for_a_link_leaves_over_it_up_to_the_limit()
    {
        using Pair pair = new(linked: false);
        pair.First.Messenger.LinkWanted = _ => null;
        Task<Status>[] sends = [.. Enumerable.Range(0, Limit + 2_000).Select(i => SendAnnounced(pair.First, i, 0))];
        pair.Link();
        Assert.Equal(2_000, pair.First.Messenger.SendsThatWait);
        for (int i = 0; i < sends.Length; i++)
            Assert.Equal(i, pair.Second.Receive<int>(0, 0));
        await Task.WhenAll(sends).WaitAsync(Ranks.Patience, Token);
    }

    [Theory]
    [InlineData("mesh")]
    [InlineData("star")]
    public async Task All_to_one_arrives_in_order_through_relays_too(string topology)
    {
        const int Count = Limit + 1_500;
        LocalClusterOptions options = Ranks.Over(LocalTransport.Memory) with { Topology = topology, OffTopology = OffTopologyPolicy.Relay };
        await LocalCluster.RunAsync(
            3,
            async (world, token) =>
            {
                if (world.Rank < 2)
                {
                    Task[] sends = [.. Enumerable.Range(0, Count).Select(i => world.SynchronousSendAsync<int>(new[] { i }, 2, i == Count - 1 ? 1 : 0, token).AsTask())];
                    await Task.WhenAll(sends);
                    return;
                }

                foreach (int source in new[] { 1, 0 })
                {
                    Assert.Equal(Count - 1, world.Receive<int>(source, 1));
                    for (int i = 0; i < Count - 1; i++)
                        Assert.Equal(i, world.Receive<int>(source, 0));
                }
            },
            options);
    }

    [Fact]
    public void Announcing_more_than_that_unasked_closes_the_link()
    {
        using Pair pair = new(linked: false);
        using RawPeer peer = pair.LinkToRaw();
        byte[] offer = new byte[MessageOffer.Bytes];
        PeerFailedException error = Assert.Throws<PeerFailedException>(() =>
        {
            for (int i = 1; i <= Limit + 1; i++)
            {
                new MessageOffer((ulong)i, 1).Write(offer);
                peer.Write(new FrameHeader { Kind = FrameKind.RequestToSend, Context = Contexts.World, Source = 1, Length = offer.Length }, offer);
                pair.First.TryProbe(1, 9);
            }
        });
        Assert.Contains($"announced {Limit + 1} messages that were not asked for; {Limit} are allowed", error.Message, StringComparison.Ordinal);
    }

    private static Request[] StartSends(Communicator sender, int count, Func<int, int> tag)
    {
        Request[] requests = new Request[count];
        for (int i = 0; i < count; i++)
            requests[i] = sender.StartSend<int>(new[] { i }, 1, tag(i));
        return requests;
    }

    private static int EagerCount(Request[] requests) => requests.Count(request => request.IsCompleted);

    private static void PassOn(Pair pair, int number)
    {
        pair.Second.Send(number, 0);
        Assert.Equal(number, pair.First.Receive<int>(1));
    }

    private static async Task<Status> SendAnnounced(Communicator sender, int value, int tag, CancellationToken token = default)
    {
        await sender.SynchronousSendAsync<int>(new[] { value }, 1, tag, token);
        return default;
    }

    private static async Task<bool> IsDelivered(Task send)
    {
        try
        {
            await send.WaitAsync(Ranks.Patience, Token);
            return true;
        }
        catch (OperationCanceledException) when (send.IsCanceled)
        {
            return false;
        }
    }

    private static int Taken(MatchedMessage message)
    {
        int[] value = new int[1];
        message.Receive<int>(value);
        return value[0];
    }

    private static int ReceiveAll(Communicator receiver, int last)
    {
        for (int i = 0; i < last; i++)
            Assert.Equal(i, receiver.Receive<int>(0));
        return receiver.Receive<int>(0);
    }
}
