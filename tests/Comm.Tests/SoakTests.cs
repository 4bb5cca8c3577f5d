using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Random programs of sends and receives against what matching must give. A failing case is printed with its seed.</summary>
/// <remarks>
/// A rank starts all its sends without waiting, and posts its receives in this order: exact ones, then one kind of wildcard
/// (any tag, or any source), then those that take anything. So every program ends, and for each sender the order of what a
/// pattern may take is known: the order of sending.
/// </remarks>
public sealed class SoakTests
{
    private enum SendKind
    {
        Blocking,
        Awaited,
        Synchronous,
        Request,
    }

    private enum ReceiveKind
    {
        Blocking,
        Posted,
        Request,
        Owned,
        OwnedAwaited,
        Probed,
        ProbedAwaited,
        Polled,
    }

    private enum Pattern
    {
        Exact,
        Wildcard,
        Anything,
    }

    private sealed record Message(int Source, int Destination, int Tag, int Bytes, SendKind Send, ReceiveKind Receive, Pattern Pattern);

    private sealed record Program(int Size, LocalTransport Transport, int Options, bool AnySourceWildcard, Message[] Messages)
    {
        public override string ToString() =>
            $"{Size} ranks, {Transport}, options {Options}, {(AnySourceWildcard ? "any source" : "any tag")}: " +
            $"{string.Join(", ", Messages.AsEnumerable())}";
    }

    private static readonly Gen<int> Sizes = Gen.Frequency(
        (6, Gen.Int[0, 100]), (3, Gen.Int[8_100, 8_300]), (3, Gen.Int[65_400, 65_700]), (2, Gen.Int[100_000, 600_000]),
        (1, Gen.Int[4_194_100, 4_300_000]));

    private static readonly Gen<Message> Messages = Gen.Select(
        Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 2], Sizes, Gen.Enum<SendKind>(), Gen.Enum<ReceiveKind>(), Gen.Enum<Pattern>(),
        (source, destination, tag, bytes, send, receive, pattern) => new Message(source, destination, tag, bytes, send, receive, pattern));

    private static readonly Gen<Program> Programs = Gen.Select(
        Gen.Int[1, 4], Gen.Enum<LocalTransport>(), Gen.Int[0, 3], Gen.Bool, Messages.Array[0, 60],
        (size, transport, options, anySource, messages) => new Program(
            size, transport, options, anySource,
            [.. messages.Select(m => m with { Source = m.Source % size, Destination = m.Destination % size })]));

    [Fact]
    public void Random_programs_receive_what_matching_gives_them() =>
        Programs.Sample(
            program => LocalCluster.RunAsync(program.Size, (world, token) => RunAsync(program, world, token), new LocalClusterOptions
            {
                Transport = program.Transport,
                Timeout = Ranks.Patience,
                EagerLimitBytes = program.Options == 1 ? 0 : 64 * 1024,
                Checksums = program.Options == 2,
                Topology = program.Options == 3 && program.Size > 2 ? "ring" : "mesh",
                OffTopology = program.AnySourceWildcard ? OffTopologyPolicy.Relay : OffTopologyPolicy.Connect,
            }).GetAwaiter().GetResult(),
            iter: 100,
            threads: 1);

    private static async Task RunAsync(Program program, Communicator world, CancellationToken token)
    {
        List<Task> sends = [];
        List<Request> requests = [];
        int[] sent = new int[world.Size];
        long[] volume = new long[world.Size];
        foreach (Message message in program.Messages.Where(message => message.Source == world.Rank))
        {
            byte[] data = Ranks.Bytes(message.Bytes, Seed(message, sent[message.Destination]));
            if (data.Length >= 4)
                BitConverter.TryWriteBytes(data, sent[message.Destination]);
            sent[message.Destination]++;
            volume[message.Destination] += message.Bytes + 64;
            switch (message.Send)
            {
                // Only what surely waits for nobody may block: short, and within the credit.
                case SendKind.Blocking when message.Bytes <= 8_192 && volume[message.Destination] < 4_000_000 && program.Options != 1:
                    world.Send<byte>(data, message.Destination, message.Tag);
                    break;
                case SendKind.Synchronous:
                    sends.Add(world.SynchronousSendAsync<byte>(data, message.Destination, message.Tag, token).AsTask());
                    break;
                case SendKind.Request:
                    requests.Add(world.StartSend<byte>(data, message.Destination, message.Tag));
                    break;
                default:
                    sends.Add(world.SendAsync<byte>(data, message.Destination, message.Tag, token).AsTask());
                    break;
            }
        }

        await ReceiveAllAsync(program, world, token);
        await Task.WhenAll(sends);
        foreach (Request request in requests)
            request.Wait();

        // Those that pass messages on stay until all have theirs. Apart from the receives that take anything.
        using Communicator end = world.CreateChild([.. Enumerable.Range(0, world.Size)], "end");
        for (int step = 1; step < world.Size; step++)
            end.Send(step, (world.Rank + step) % world.Size);
        for (int step = 1; step < world.Size; step++)
            Assert.Equal(step, end.Receive<int>((world.Rank + world.Size - step) % world.Size));
    }

    private static async Task ReceiveAllAsync(Program program, Communicator world, CancellationToken token)
    {
        Message[] mine = [.. program.Messages.Where(message => message.Destination == world.Rank)];
        Message[] order = [.. mine.OrderBy(message => message.Pattern)];
        Oracle oracle = new(program, mine);
        List<Func<Task>> later = [];
        int longest = mine.Length == 0 ? 0 : mine.Max(message => message.Bytes);
        foreach (Message wanted in order)
        {
            int source = wanted.Pattern == Pattern.Anything || (wanted.Pattern == Pattern.Wildcard && program.AnySourceWildcard)
                ? Communicator.AnySource
                : wanted.Source;
            int tag = wanted.Pattern == Pattern.Anything || (wanted.Pattern == Pattern.Wildcard && !program.AnySourceWildcard)
                ? Communicator.AnyTag
                : wanted.Tag;
            byte[] buffer = new byte[longest];
            switch (wanted.Receive)
            {
                case ReceiveKind.Posted:
                    Task<Status> task = world.ReceiveAsync<byte>(buffer, source, tag, token).AsTask();
                    later.Add(async () => oracle.Got(wanted.Pattern, await task, buffer));
                    break;
                case ReceiveKind.Request:
                    Request request = world.StartReceive<byte>(buffer, source, tag);
                    later.Add(() =>
                    {
                        oracle.Got(wanted.Pattern, request.Wait(), buffer);
                        return Task.CompletedTask;
                    });
                    break;
                case ReceiveKind.OwnedAwaited:
                    Task<Received<byte>> owned = world.ReceiveOwnedAsync<byte>(source, tag, token).AsTask();
                    later.Add(async () =>
                    {
                        using Received<byte> received = await owned;
                        oracle.Got(wanted.Pattern, received.Status, received.Span);
                    });
                    break;
                default:
                    await DrainAsync(later);
                    await ReceiveNowAsync(world, wanted, source, tag, buffer, oracle, token);
                    break;
            }
        }

        await DrainAsync(later);
        oracle.IsDone();
        Assert.Null(world.TryMatchedProbe(tag: 0));
    }

    private static async Task DrainAsync(List<Func<Task>> later)
    {
        // In order of posting, so that the oracle sees them in the order in which they matched.
        foreach (Func<Task> one in later)
            await one();
        later.Clear();
    }

    private static async Task ReceiveNowAsync(
        Communicator world, Message wanted, int source, int tag, byte[] buffer, Oracle oracle, CancellationToken token)
    {
        switch (wanted.Receive)
        {
            case ReceiveKind.Owned:
                using (Received<byte> received = world.ReceiveOwned<byte>(source, tag))
                    oracle.Got(wanted.Pattern, received.Status, received.Span);
                break;
            case ReceiveKind.Probed:
                using (MatchedMessage probed = world.MatchedProbe(source, tag))
                    oracle.Got(wanted.Pattern, probed.Receive<byte>(buffer), buffer);
                break;
            case ReceiveKind.ProbedAwaited:
                using (MatchedMessage probed = await world.MatchedProbeAsync(source, tag, token))
                {
                    using Received<byte> received = probed.ReceiveOwned<byte>();
                    Assert.Equal(probed.ByteCount, received.Count);
                    oracle.Got(wanted.Pattern, received.Status, received.Span);
                }

                break;
            case ReceiveKind.Polled:
                MatchedMessage? found;
                while ((found = world.TryMatchedProbe(source, tag)) is null)
                    Thread.Yield();
                oracle.Got(wanted.Pattern, await found.ReceiveAsync<byte>(buffer, token), buffer);
                break;
            default:
                oracle.Got(wanted.Pattern, world.Receive<byte>(buffer, source, tag), buffer);
                break;
        }
    }

    private static int Seed(Message message, int number) => (message.Source * 7) + (message.Destination * 13) + message.Tag + (number * 31);

    /// <summary>What one rank has to get: per source and tag the order of sending; exact patterns take the first of them.</summary>
    private sealed class Oracle
    {
        private readonly List<(Message Message, int Number)>[] _left;
        private readonly Dictionary<(int, int), int> _exact;
        private readonly bool _anyTagWildcard;

        public Oracle(Program program, Message[] mine)
        {
            _left = [.. Enumerable.Range(0, program.Size).Select(source =>
                mine.Where(message => message.Source == source).Select((message, number) => (message, number)).ToList())];
            _anyTagWildcard = !program.AnySourceWildcard;
            _exact = mine.Where(m => m.Pattern == Pattern.Exact).CountBy(m => (m.Source, m.Tag)).ToDictionary();
        }

        public void Got(Pattern pattern, Status status, ReadOnlySpan<byte> buffer)
        {
            List<(Message Message, int Number)> left = _left[status.Source];
            bool exact = pattern == Pattern.Exact;

            // A wildcard gets the oldest message of its sender that no exact receive had a right to.
            int index = -1;
            Dictionary<int, int> skipped = [];
            for (int i = 0; i < left.Count && index < 0; i++)
            {
                int tag = left[i].Message.Tag;
                int reserved = exact ? 0 : _exact.GetValueOrDefault((status.Source, tag)) - skipped.GetValueOrDefault(tag);
                if (reserved > 0)
                    skipped[tag] = skipped.GetValueOrDefault(tag) + 1;
                else if (tag == status.Tag)
                    index = i;
                else if (pattern == Pattern.Anything || (pattern == Pattern.Wildcard && _anyTagWildcard))
                    break;
            }

            Assert.True(index >= 0, $"A message of rank {status.Source} with tag {status.Tag} came out of order.");
            (Message message, int number) = left[index];
            left.RemoveAt(index);
            if (exact)
                _exact[(status.Source, status.Tag)]--;
            Assert.Equal(message.Bytes, status.ByteCount);
            byte[] expected = Ranks.Bytes(message.Bytes, Seed(message, number));
            if (expected.Length >= 4)
                BitConverter.TryWriteBytes(expected, number);
            Assert.True(buffer[..message.Bytes].SequenceEqual(expected), $"Message {number} of rank {status.Source} came changed.");
        }

        public void IsDone() => Assert.All(_left, Assert.Empty);
    }
}
