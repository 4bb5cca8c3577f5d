namespace BoxerMpi.Tests;

/// <summary>The exchange that finds its own counts: every part arrives where it belongs, whatever the lengths and the topology.</summary>
public class ExchangeTests
{
    public static TheoryData<int, string, int> Shapes()
    {
        TheoryData<int, string, int> shapes = [];
        foreach (int size in (int[])[1, 2, 3, 4, 7, 9])
        {
            foreach (string topology in (string[])["mesh", "grid", "tree", "ring", "star", "hypercube"])
                shapes.Add(size, topology, 5);
        }

        shapes.Add(4, "mesh", 100_003);
        shapes.Add(4, "grid", 100_003);
        shapes.Add(5, "mesh", 0);
        return shapes;
    }

    [Theory, MemberData(nameof(Shapes))]
    public Task Part_i_goes_to_rank_i(int size, string topology, int scale) => LocalCluster.RunAsync(
        size,
        async (comm, ct) =>
        {
            using Exchanged<long> received = await comm.ExchangeAsync(Parts(comm, scale), ct);
            Check(comm, received, scale);
        },
        On(topology));

    [Theory, MemberData(nameof(Shapes))]
    public Task Blocking_form_gives_the_same(int size, string topology, int scale) => LocalCluster.RunAsync(
        size,
        comm =>
        {
            using Exchanged<long> received = comm.Exchange(Parts(comm, scale));
            Check(comm, received, scale);
        },
        On(topology));

    [Fact]
    public Task Parts_of_one_array_are_sent_from_it_and_need_no_copy() => LocalCluster.RunAsync(
        3,
        async (comm, ct) =>
        {
            int[] rows = [.. Enumerable.Range(0, 60).Select(i => comm.Rank * 1000 + i)];
            ReadOnlyMemory<int>[] parts = [rows.AsMemory(5, 10), rows.AsMemory(15, 0), rows.AsMemory(15, 20)];
            using (PackedParts<int> packed = PackedParts<int>.From(parts, 3))
            {
                Assert.True(packed.All.Span.Overlaps(rows));
                Assert.Equal(30, packed.All.Length);
            }

            using Exchanged<int> received = await comm.ExchangeAsync(parts, ct);
            int[] expected = comm.Rank switch
            {
                0 => [.. Enumerable.Range(5, 10)],
                1 => [],
                _ => [.. Enumerable.Range(15, 20)],
            };
            for (int source = 0; source < 3; source++)
                Assert.Equal(expected.Select(i => source * 1000 + i), received.From(source).ToArray());
        },
        On("mesh"));

    [Fact]
    public void Scattered_parts_are_put_together()
    {
        int[] a = [1, 2, 3], b = [4, 5];
        using PackedParts<int> packed = PackedParts<int>.From([b, a.AsMemory(2), ReadOnlyMemory<int>.Empty, a.AsMemory(0, 2)], 4);
        Assert.Equal([4, 5, 3, 1, 2], packed.All.ToArray());
        Assert.Equal([2, 1, 0, 2], packed.Layout.Counts.ToArray());
    }

    [Fact]
    public Task Wrong_arguments_are_refused_before_anything_is_sent() => LocalCluster.RunAsync(
        2,
        async (comm, ct) =>
        {
            ReadOnlyMemory<int>[] three = [default, default, default];
            await Assert.ThrowsAsync<ArgumentException>(async () => await comm.ExchangeAsync(three, ct));
            await Assert.ThrowsAsync<ArgumentNullException>(async () => await comm.ExchangeAsync<int>(null!, ct));
            await Assert.ThrowsAsync<ArgumentException>(
                async () => await comm.ExchangeAsync<int>(new int[3], BlockLayout.FromCounts(2, 2), ct));
            Assert.Throws<ArgumentException>(() => comm.Exchange<int>(new int[9], BlockLayout.FromCounts(2, 2, 2)));

            ReadOnlyMemory<int>[] parts = [new int[] { comm.Rank }, new int[] { comm.Rank }];
            using Exchanged<int> received = await comm.ExchangeAsync(parts, ct);
            Assert.Equal([0, 1], received.All.ToArray());
        },
        On("mesh"));

    [Fact]
    public Task Disposed_results_and_ranks_that_do_not_exist_are_refused() => LocalCluster.RunAsync(
        1,
        async (comm, ct) =>
        {
            ReadOnlyMemory<int>[] parts = [new int[] { 7 }];
            Exchanged<int> received = await comm.ExchangeAsync(parts, ct);
            Assert.Throws<ArgumentOutOfRangeException>(() => received.From(1));
            Assert.Throws<ArgumentOutOfRangeException>(() => received.From(-1));
            received.Dispose();
            received.Dispose();
            Assert.Throws<ObjectDisposedException>(() => received.All);
        },
        On("mesh"));

    [Fact]
    public void More_elements_than_a_memory_holds_is_an_overflow() =>
        Assert.Throws<OverflowException>(() => Exchanged<byte>.Rent([int.MaxValue, int.MaxValue]));

    private static LocalClusterOptions On(string topology) => new() { Topology = topology, Timeout = TimeSpan.FromSeconds(30) };

    private static int Count(int from, int to, int scale) => (from * 7 + to * 3) % 4 * scale;

    private static ReadOnlyMemory<long>[] Parts(Communicator comm, int scale) =>
        [.. Enumerable.Range(0, comm.Size).Select(to =>
            (ReadOnlyMemory<long>)Enumerable.Range(0, Count(comm.Rank, to, scale)).Select(i => Value(comm.Rank, to, i)).ToArray())];

    private static long Value(int from, int to, int index) => ((long)from << 48) | ((long)to << 32) | (uint)index;

    private static void Check(Communicator comm, Exchanged<long> received, int scale)
    {
        int total = 0;
        for (int source = 0; source < comm.Size; source++)
        {
            int count = Count(source, comm.Rank, scale);
            Assert.Equal(Enumerable.Range(0, count).Select(i => Value(source, comm.Rank, i)), received.From(source).ToArray());
            total += count;
        }

        Assert.Equal(total, received.Count);
        Assert.Equal(total, received.All.Length);
    }
}
