using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>Many messages and receives that wait for each other, met in another order than they came.</summary>
public sealed class MatchingTests
{
    [Theory]
    [InlineData(60_000, 1)]
    [InlineData(60_000, Communicator.AnySource)]
    public void Messages_that_wait_are_found_by_their_tag_however_many_there_are(int most, int source)
    {
        double few = LooksForMessages(5_000, source);
        Assert.InRange(LooksForMessages(40_000, source), 0, 2 * few);
        Assert.InRange(LooksForMessages(most, source), 0, 2 * few);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Communicator.AnySource)]
    public void Receives_that_wait_are_found_by_the_tag_of_a_message_however_many_there_are(int source)
    {
        double few = LooksForReceives(5_000, source);
        Assert.InRange(LooksForReceives(40_000, source), 0, 2 * few);
    }

    [Fact]
    public void Probes_that_wait_are_found_by_the_tag_of_a_message_however_many_there_are()
    {
        double few = LooksForProbes(2_000);
        Assert.InRange(LooksForProbes(16_000), 0, 2 * few);
    }

    [Fact]
    public void Wildcards_and_tags_meet_in_the_order_of_sending_and_posting()
    {
        // As many that nobody asks for as make the queue look into its index.
        using Pair pair = new();
        for (int i = 0; i < 50; i++)
            pair.First.Send(-1, 1, tag: 1_000 + i);
        int[][] buffers = [.. Enumerable.Range(0, 5).Select(_ => new int[1])];
        Request[] posted =
        [
            pair.Second.StartReceive<int>(buffers[0], 0, 7),
            pair.Second.StartReceive<int>(buffers[1], Communicator.AnySource, 7),
            pair.Second.StartReceive<int>(buffers[2], 0, 8),
            pair.Second.StartReceive<int>(buffers[3], 0, 7),
        ];
        for (int i = 1; i <= 3; i++)
            pair.First.Send(i, 1, tag: 7);
        pair.First.Send(4, 1, tag: 8);
        Request.WaitAll(posted);
        Assert.Equal([1, 2, 4, 3], buffers[..4].Select(buffer => buffer[0]));

        for (int i = 0; i < 50; i++)
        {
            using MatchedMessage message = pair.Second.MatchedProbe(i % 2 == 0 ? 0 : Communicator.AnySource);
            Assert.Equal(1_000 + i, message.Tag);
        }
    }

    private static double LooksForMessages(int count, int source)
    {
        using Pair pair = new();
        foreach (int tag in Permutation(count))
            pair.Second.Send<byte>([], 0, tag);
        pair.Second.Send<byte>([], 0, count);
        pair.First.Receive<byte>([], 1, count);
        long before = pair.First.Queue.Visited;
        for (int tag = 0; tag < count; tag++)
        {
            using MatchedMessage? message = pair.First.TryMatchedProbe(source, tag);
            Assert.Equal(tag, message?.Tag);
        }

        return (pair.First.Queue.Visited - before) / (double)count;
    }

    private static double LooksForReceives(int count, int source)
    {
        using Pair pair = new();
        Request[] receives = new Request[count];
        for (int tag = 0; tag < count; tag++)
            receives[tag] = pair.First.StartReceive<byte>(Memory<byte>.Empty, source, tag);
        foreach (int tag in Permutation(count))
            pair.Second.Send<byte>([], 0, tag);
        pair.Second.Send<byte>([], 0, count);
        pair.First.Receive<byte>([], 1, count);
        Assert.All(receives, receive => Assert.True(receive.Test(out _)));
        return pair.First.Queue.Visited / (double)count;
    }

    private static double LooksForProbes(int count)
    {
        using Pair pair = new();
        Task<MatchedMessage>[] probes = new Task<MatchedMessage>[count];
        for (int tag = 0; tag < count; tag++)
            probes[tag] = pair.First.MatchedProbeAsync(Communicator.AnySource, tag).AsTask();
        foreach (int tag in Permutation(count))
            pair.Second.Send<byte>([], 0, tag);
        Assert.True(Task.WaitAll(probes, Ranks.Patience));
        for (int tag = 0; tag < count; tag++)
        {
            using MatchedMessage message = probes[tag].Result;
            Assert.Equal(tag, message.Tag);
        }

        return pair.First.Queue.Visited / (double)count;
    }

    private static int[] Permutation(int count)
    {
        int[] tags = [.. Enumerable.Range(0, count)];
        new Random(7).Shuffle(tags);
        return tags;
    }
}
