using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Sends and receives that are cancelled at any moment, while others go on. A failing case is printed with its seed.</summary>
public sealed class CancellationSoakTests
{
    private const int Messages = 40;
    private const int Window = 4;
    private const int LongestMessage = 4_600_000;

    [Fact]
    public void Each_message_is_received_once_and_in_order_or_its_send_was_cancelled() =>
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
        List<Task<bool>> sends = [];
        for (int number = 1; number <= Messages; number++)
            sends.Add(SendOneAsync(world, next, number, Length(random), random.Next(3) == 0 ? random.Next(0, 4) : -1, token));
        bool[] delivered = await Task.WhenAll(sends);

        // What was delivered, by a way that is not cancelled.
        await world.SendAsync<int>(Enumerable.Range(1, Messages).Where(number => delivered[number - 1]).ToArray(), next, 2, token);
    }

    /// <returns>Whether the message was sent; else it was cancelled.</returns>
    private static async Task<bool> SendOneAsync(
        Communicator world, int destination, int number, int bytes, int cancelAfter, CancellationToken token)
    {
        byte[] data = Ranks.Bytes(bytes, number);
        BitConverter.TryWriteBytes(data, number);
        using CancellationTokenSource source = CancellationTokenSource.CreateLinkedTokenSource(token);
        bool delivered = false;
        try
        {
            ValueTask sending = world.SendAsync<byte>(data, destination, 1, source.Token);
            if (cancelAfter >= 0)
                await CancelAsync(source, cancelAfter);
            await sending;
            delivered = true;
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
        }

        data.AsSpan().Fill(0xEE);
        return delivered;
    }

    private static async Task ReceiveAsync(Communicator world, Random random, CancellationToken token)
    {
        int previous = (world.Rank + 2) % 3;
        List<int> received = [];
        List<(byte[] Buffer, byte[] Seen)> cancelled = [];
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(token);
        Task<int[]> end = EndAsync(world, previous, ended, token);
        Queue<(byte[] Buffer, Task<int> Length)> receives = [];
        do
        {
            while (receives.Count < Window)
            {
                byte[] buffer = new byte[LongestMessage];
                int cancelAfter = random.Next(4) == 0 ? random.Next(0, 4) : -1;
                receives.Enqueue((buffer, ReceiveOneAsync(world, previous, buffer, cancelAfter, ended.Token, token)));
            }

            await TakeAsync(receives.Dequeue());
        }
        while (!ended.IsCancellationRequested);
        while (receives.TryDequeue(out (byte[] Buffer, Task<int> Length) last))
            await TakeAsync(last);

        // All was sent before the end: what is left is there.
        while (world.TryMatchedProbe(previous, 1) is { } left)
        {
            byte[] buffer = new byte[left.ByteCount];
            received.Add(Number(buffer, (int)left.Receive<byte>(buffer).ByteCount));
        }

        Assert.Equal(await end, received);
        Assert.All(cancelled, one => Assert.True(one.Buffer.AsSpan().SequenceEqual(one.Seen), "A cancelled receive's buffer was written."));

        async Task TakeAsync((byte[] Buffer, Task<int> Length) receive)
        {
            int length = await receive.Length;
            if (length >= 0)
                received.Add(Number(receive.Buffer, length));
            else if (cancelled.Count < 5)
                cancelled.Add((receive.Buffer, (byte[])receive.Buffer.Clone()));
        }
    }

    /// <returns>The message's length, or -1 if the receive was cancelled.</returns>
    private static async Task<int> ReceiveOneAsync(
        Communicator world, int source, byte[] buffer, int cancelAfter, CancellationToken ended, CancellationToken token)
    {
        using CancellationTokenSource withdrawal = CancellationTokenSource.CreateLinkedTokenSource(ended);
        try
        {
            ValueTask<Status> receiving = world.ReceiveAsync<byte>(buffer, source, 1, withdrawal.Token);
            if (cancelAfter >= 0)
                await CancelAsync(withdrawal, cancelAfter);
            return (int)(await receiving).ByteCount;
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            return -1;
        }
    }

    private static int Number(byte[] buffer, int length)
    {
        int number = BitConverter.ToInt32(buffer);
        byte[] expected = Ranks.Bytes(length, number);
        BitConverter.TryWriteBytes(expected, number);
        Assert.True(buffer.AsSpan(0, length).SequenceEqual(expected), $"Message {number} of {length} bytes came changed.");
        return number;
    }

    private static async Task<int[]> EndAsync(Communicator world, int source, CancellationTokenSource ended, CancellationToken token)
    {
        int[] numbers = new int[Messages];
        Status status = await world.ReceiveAsync<int>(numbers, source, 2, token);
        await ended.CancelAsync();
        return numbers[..(int)status.Count<int>()];
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
        _ => random.Next(4_000_000, LongestMessage),
    };
}
