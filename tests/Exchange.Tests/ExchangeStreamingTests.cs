namespace BoxerMpi.Tests;

/// <summary>Streaming exchange: every row once, in order by source, bounded memory, and an end for everybody when one fails.</summary>
public class ExchangeStreamingTests
{
    private static readonly ExchangeOptions Tiny = new() { BlockBytes = 64, BlocksInFlight = 1, ArrivalBytes = 128 };

    public static TheoryData<int, string, int, long> Shapes()
    {
        TheoryData<int, string, int, long> shapes = [];
        foreach (int size in (int[])[1, 2, 3, 4, 7, 16])
        {
            shapes.Add(size, "mesh", 8, 16);
            shapes.Add(size, "mesh", 1000, 1 << 20);
            shapes.Add(size, "grid", 64 * 1024, 64 << 20);
        }

        shapes.Add(5, "tree", 256, 1024);
        shapes.Add(5, "ring", 256, 1024);
        return shapes;
    }

    [Theory, MemberData(nameof(Shapes))]
    public Task Shuffle_delivers_every_row_once_and_in_order(int size, string topology, int blockBytes, long arrivalBytes) =>
        LocalCluster.RunAsync(
        size,
        async (comm, ct) =>
        {
            const int RowsPerRank = 3000;
            long[] last = [.. Enumerable.Repeat(-1L, comm.Size)];
            long received = 0;
            long[] rows = [.. Enumerable.Range(0, RowsPerRank).Select(i => Row(comm.Rank, i))];
            ShuffleCounts counts = await comm.ShuffleAsync<long>(
                rows,
                row => OwnerOf(row, comm.Size),
                (source, arrived) =>
                {
                    foreach (long row in arrived.Span)
                    {
                        Assert.Equal(source, (int)(row >> 32));
                        Assert.Equal(comm.Rank, OwnerOf(row, comm.Size));
                        Assert.True((row & uint.MaxValue) > last[source], "rows of one source arrive in the order of writing");
                        last[source] = row & uint.MaxValue;
                        received++;
                    }
                },
                new ExchangeOptions { BlockBytes = blockBytes, ArrivalBytes = arrivalBytes },
                ct);

            IEnumerable<long> mine =
                from source in Enumerable.Range(0, comm.Size)
                from i in Enumerable.Range(0, RowsPerRank)
                where OwnerOf(Row(source, i), comm.Size) == comm.Rank
                select Row(source, i);
            Assert.Equal(mine.Count(), received);
            Assert.Equal(rows.Count(row => OwnerOf(row, comm.Size) != comm.Rank) * sizeof(long), counts.SentBytes);
            Assert.Equal(mine.Count(row => row >> 32 != comm.Rank) * sizeof(long), counts.ReceivedBytes);
        },
        On(topology));

    [Fact]
    public Task All_rows_to_one_rank_pass_through_little_memory() => LocalCluster.RunAsync(
        4,
        async (comm, ct) =>
        {
            long sum = 0;
            int[] rows = [.. Enumerable.Range(0, 20_000)];
            await comm.ShuffleAsync<int>(rows, _ => 2, (_, arrived) => sum += arrived.Span.Length, Tiny, ct);
            Assert.Equal(comm.Rank == 2 ? 80_000 : 0, sum);
        },
        On("mesh"));

    [Fact]
    public Task Writing_everything_before_reading_works_within_the_arrival_limit() => LocalCluster.RunAsync(
        3,
        async (comm, ct) =>
        {
            await using StreamingExchange<int> exchange = comm.OpenExchange<int>(new ExchangeOptions { BlockBytes = 256 });
            for (int i = 0; i < 9000; i++)
                exchange.Write(i % 3, i);
            await exchange.CompleteAsync(ct);
            await AssertSumAsync(exchange, 3L * Enumerable.Range(0, 9000).Where(i => i % 3 == comm.Rank).Sum(), ct);
        },
        On("mesh"));

    [Fact]
    public Task Beyond_the_limit_the_writer_waits_until_its_timeout_and_is_told_why() => LocalCluster.RunAsync(
        2,
        async (comm, ct) =>
        {
            comm.Timeout = TimeSpan.FromSeconds(0.5);
            await using StreamingExchange<byte> exchange = comm.OpenExchange<byte>(
                new ExchangeOptions { BlockBytes = 64 * 1024, ArrivalBytes = 128 * 1024 });
            byte[] piece = new byte[1 << 20];
            MpiException error = await Assert.ThrowsAnyAsync<MpiException>(async () =>
            {
                for (int i = 0; i < 100; i++)
                    await exchange.WriteAsync(1 - comm.Rank, piece, ct);
            });

            // The first rank to give up revokes the exchange for the other.
            if (error is MpiTimeoutException timeout)
            {
                Assert.Equal([1 - comm.Rank], timeout.MissingRanks);
                Assert.Contains("Read arrivals while writing", timeout.Message, StringComparison.Ordinal);
            }
            else
            {
                Assert.IsType<CommunicatorRevokedException>(error);
            }
        },
        On("mesh"));

    [Fact]
    public Task A_reader_without_rows_times_out_and_names_who_is_missing() => LocalCluster.RunAsync(
        3,
        async (comm, ct) =>
        {
            comm.Timeout = TimeSpan.FromSeconds(0.5);
            StreamingExchange<int> exchange = comm.OpenExchange<int>();
            if (comm.Rank != 1)
                await exchange.CompleteAsync(ct);
            if (comm.Rank == 0)
            {
                MpiTimeoutException timeout = await Assert.ThrowsAsync<MpiTimeoutException>(
                    async () => await AssertSumAsync(exchange, 0, ct));
                Assert.Equal([1], timeout.MissingRanks);
            }

            // Only now may the others dispose: that revokes the exchange.
            comm.Timeout = TimeSpan.FromSeconds(30);
            await comm.BarrierAsync(ct);
            await exchange.DisposeAsync();
        },
        On("mesh"));

    [Fact]
    public Task Flushed_rows_arrive_before_the_end() => LocalCluster.RunAsync(
        2,
        async (comm, ct) =>
        {
            await using StreamingExchange<int> exchange = comm.OpenExchange<int>();
            exchange.Write(1 - comm.Rank, 40 + comm.Rank);
            await exchange.FlushAsync(ct);
            IAsyncEnumerator<Arrival<int>> arrivals = exchange.ReadAllAsync(ct).GetAsyncEnumerator(ct);
            await using (arrivals)
            {
                Assert.True(await arrivals.MoveNextAsync());
                using (Arrival<int> arrival = arrivals.Current)
                {
                    Assert.Equal(1 - comm.Rank, arrival.Source);
                    Assert.Equal([41 - comm.Rank], arrival.Memory.ToArray());
                }

                await exchange.CompleteAsync(ct);
                Assert.False(await arrivals.MoveNextAsync());
            }
        },
        On("mesh"));

    [Fact]
    public Task Messages_of_the_program_and_other_exchanges_do_not_mix() => LocalCluster.RunAsync(
        3,
        async (comm, ct) =>
        {
            int next = (comm.Rank + 1) % 3, previous = (comm.Rank + 2) % 3;
            await using StreamingExchange<int> first = comm.OpenExchange<int>();
            await using StreamingExchange<int> second = comm.OpenExchange<int>();
            second.Write(next, 200 + comm.Rank);
            await comm.SendAsync<int>(new[] { 300 + comm.Rank }, next, 0, ct);
            first.Write(next, 100 + comm.Rank);
            await first.CompleteAsync(ct);
            await second.CompleteAsync(ct);

            int[] message = new int[1];
            await comm.ReceiveAsync<int>(message, Communicator.AnySource, Communicator.AnyTag, ct);
            Assert.Equal(300 + previous, message[0]);
            await AssertSumAsync(second, 200 + previous, ct);
            await AssertSumAsync(first, 100 + previous, ct);
        },
        On("mesh"));

    [Fact]
    public Task A_failing_consumer_ends_the_shuffle_on_every_rank() => LocalCluster.RunAsync(
        3,
        async (comm, ct) =>
        {
            int[] rows = [.. Enumerable.Range(0, 50_000)];
            Exception error = await Assert.ThrowsAnyAsync<Exception>(async () => await comm.ShuffleAsync<int>(
                rows,
                row => row % 3,
                (_, _) =>
                {
                    if (comm.Rank == 1)
                        throw new InvalidDataException("rank 1 has seen enough");
                },
                Tiny,
                ct));
            if (comm.Rank == 1)
                Assert.IsType<InvalidDataException>(error);
            else
                Assert.Contains(
                    "rank 1 has seen enough", Assert.IsType<CommunicatorRevokedException>(error).Message, StringComparison.Ordinal);

            // The communicator itself is not touched by it.
            await comm.BarrierAsync(ct);
        },
        On("mesh"));

    [Fact]
    public Task Cancelling_one_rank_ends_the_shuffle_on_every_rank() => LocalCluster.RunAsync(
        2,
        async (comm, ct) =>
        {
            using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(ct);
            async IAsyncEnumerable<ReadOnlyMemory<int>> Pieces()
            {
                yield return new int[1000];
                await cancel.CancelAsync();
            }

            if (comm.Rank == 0)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(
                    async () => await comm.ShuffleAsync<int>(Pieces(), row => row % 2, (_, _) => { }, cancellationToken: cancel.Token));
            }
            else
            {
                int[] one = [1];
                await Assert.ThrowsAsync<CommunicatorRevokedException>(
                    async () => await comm.ShuffleAsync<int>(one, _ => 0, (_, _) => { }, cancellationToken: ct));
            }
        },
        On("mesh"));

    [Fact]
    public Task Off_the_topology_it_is_the_jobs_policy_that_decides() => LocalCluster.RunAsync(
        4,
        async (comm, ct) =>
        {
            int[] one = [1];
            MpiException error = await Assert.ThrowsAnyAsync<MpiException>(
                async () => await comm.ShuffleAsync<int>(one, _ => (comm.Rank + 2) % 4, (_, _) => { }, cancellationToken: ct));
            Assert.True(error is LinkException or CommunicatorRevokedException, error.ToString());
            Assert.Contains("ring", error.Message, StringComparison.Ordinal);
        },
        On("ring") with { OffTopology = OffTopologyPolicy.Refuse });

    [Fact]
    public Task Misuse_is_refused() => LocalCluster.RunAsync(
        1,
        async (comm, ct) =>
        {
            StreamingExchange<int> exchange = comm.OpenExchange<int>();
            Assert.Throws<ArgumentOutOfRangeException>(() => exchange.Write(1, 5));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await exchange.WriteAsync(-1, new int[1], ct));
            await exchange.CompleteAsync(ct);
            Assert.Throws<InvalidOperationException>(() => exchange.Write(0, 5));
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await exchange.CompleteAsync(ct));
            await AssertSumAsync(exchange, 0, ct);
            await exchange.DisposeAsync();
            await exchange.DisposeAsync();
            Assert.Throws<ObjectDisposedException>(() => exchange.Write(0, 5));
            Assert.Throws<ArgumentOutOfRangeException>(() => new ExchangeOptions { BlockBytes = 0 });
            Assert.Throws<ArgumentOutOfRangeException>(() => new ExchangeOptions { BlocksInFlight = -1 });
            Assert.Throws<ArgumentOutOfRangeException>(() => new ExchangeOptions { ArrivalBytes = 0 });
        },
        On("mesh"));

    [Fact]
    public Task Rows_larger_than_a_block_travel_one_by_one() => LocalCluster.RunAsync(
        2,
        async (comm, ct) =>
        {
            long sum = 0;
            Guid[] rows = new Guid[100];
            await comm.ShuffleAsync<Guid>(
                rows, _ => 1 - comm.Rank, (_, arrived) => sum += arrived.Length, new ExchangeOptions { BlockBytes = 1 }, ct);
            Assert.Equal(100, sum);
        },
        On("mesh"));

    private static LocalClusterOptions On(string topology) => new() { Topology = topology, Timeout = TimeSpan.FromSeconds(60) };

    private static long Row(int rank, int index) => ((long)rank << 32) | (uint)index;

    private static int OwnerOf(long row, int size) => (int)((row * 31 + (row >> 32)) % size);

    private static async Task AssertSumAsync(StreamingExchange<int> exchange, long expected, CancellationToken ct)
    {
        long sum = 0;
        await foreach (Arrival<int> arrival in exchange.ReadAllAsync(ct))
        {
            using (arrival)
            {
                foreach (int row in arrival.Memory.Span)
                    sum += row;
            }
        }

        Assert.Equal(expected, sum);
    }
}
