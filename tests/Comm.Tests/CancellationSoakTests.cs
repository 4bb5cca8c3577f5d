using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Sends and receives that are cancelled at any moment, while others go on. A failing case is printed with its seed.</summary>
public sealed class CancellationSoakTests
{
    private const int Messages = 40;

    [Fact]
    public void What_is_received_is_whole_and_in_order_and_what_was_cancelled_is_left_alone() =>
        Gen.Select(Gen.Int, Gen.Enum<LocalTransport>(), Gen.Enum<OffTopologyPolicy>(), Gen.Bool).Sample(
            (seed, transport, policy, checksums) => LocalCluster.RunAsync(
                3,
                (world, token) => Task.WhenAll(
                    SendAsync(world, new Random(seed + world.Rank), token), ReceiveAsync(world, new Random(seed - world.Rank), token)),
                Ranks.Over(transport) with
                {
                    // Rank 1 and 2 have no link, unless all have one.
                    Topology = policy == OffTopologyPolicy.Refuse ? "mesh" : "star",
                    OffTopology = policy,
                    Checksums = checksums,
                }).GetAwaiter().GetResult(),
            iter: 8,
            threads: 1);

    private static async Task SendAsync(Communicator world, Random random, CancellationToken token)
    {
        int next = (world.Rank + 1) % 3;
        List<Task> sends = [];
        for (int number = 1; number <= Messages; number++)
            sends.Add(SendOneAsync(world, next, number, Length(random), random.Next(3) == 0 ? random.Next(0, 4) : -1, token));
        await Task.WhenAll(sends);

        // The end is not received by what may be cancelled.
        await world.SendAsync(Messages, next, 2, token);
    }

    private static async Task SendOneAsync(
        Communicator world, int destination, int number, int bytes, int cancelAfter, CancellationToken token)
    {
        byte[] data = Ranks.Bytes(bytes, number);
        BitConverter.TryWriteBytes(data, number);
        using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
        try
        {
            ValueTask sending = world.SendAsync<byte>(data, destination, 1, source.Token);
            if (cancelAfter >= 0)
                await CancelAsync(source, cancelAfter);
            await sending;
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            // Whatever of it still travels is a copy.
        }

        data.AsSpan().Fill(0xEE);
    }

    private static async Task ReceiveAsync(Communicator world, Random random, CancellationToken token)
    {
        int previous = (world.Rank + 2) % 3, last = 0;
        List<(byte[] Buffer, byte[] Seen)> cancelled = [];
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(token);
        Task end = EndAsync(world, previous, ended, token);
        while (true)
        {
            byte[] buffer = new byte[5_000_000];
            using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
            Status status;
            try
            {
                ValueTask<Status> receiving = world.ReceiveAsync<byte>(buffer, previous, 1, source.Token);
                if (random.Next(4) == 0)
                    await CancelAsync(source, random.Next(0, 4));
                status = await receiving;
            }
            catch (OperationCanceledException) when (!token.IsCancellationRequested)
            {
                if (cancelled.Count < 5)
                    cancelled.Add((buffer, (byte[])buffer.Clone()));
                if (!ended.IsCancellationRequested)
                    continue;

                // All was sent before the end: what is left is there.
                while (world.TryProbe(previous, 1) is { } left)
                    left.Dispose();
                break;
            }

            int number = BitConverter.ToInt32(buffer);
            Assert.InRange(number, last + 1, Messages);
            byte[] expected = Ranks.Bytes((int)status.ByteCount, number);
            BitConverter.TryWriteBytes(expected, number);
            Assert.True(
                buffer.AsSpan(0, expected.Length).SequenceEqual(expected), $"Message {number} of {expected.Length} bytes came changed.");
            last = number;
        }

        await end;
        Assert.All(cancelled, one => Assert.True(one.Buffer.AsSpan().SequenceEqual(one.Seen), "A cancelled receive's buffer was written."));
    }

    private static async Task EndAsync(Communicator world, int source, CancellationTokenSource ended, CancellationToken token)
    {
        await world.ReceiveAsync<int>(new int[1], source, 2, token);
        await ended.CancelAsync();
    }

    private static async Task CancelAsync(CancellationTokenSource source, int after)
    {
        for (int i = 0; i < after; i++)
            await Task.Yield();
        await source.CancelAsync();
    }

    private static int Length(Random random) => random.Next(6) switch
    {
        0 or 1 => random.Next(4, 200),
        2 => random.Next(8_000, 9_000),
        3 => random.Next(60_000, 70_000),
        4 => random.Next(200_000, 900_000),
        _ => random.Next(4_000_000, 4_600_000),
    };
}
