using BoxerMpi.Transport;

namespace BoxerMpi.Tests;

/// <summary>How many strangers a process keeps that may have few descriptors.</summary>
public sealed class StrangerAllowanceTests
{
    private const int Own = 20;

    /// <summary>Neither more nor fewer: one that is shed at each high number would be one too few, or let the process grow to its limit.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(4096)]
    public void As_many_strangers_stay_as_leave_the_reserve_free(int limit)
    {
        DescriptorTable table = new(limit, Own);
        int room = limit - DescriptorLimit.ReserveOf(limit) - Own;
        for (int i = 1; i <= 4 * limit; i++)
        {
            table.Arrive();
            Assert.Equal(Math.Min(i, room), table.Strangers);
        }
    }

    [Fact]
    public void Who_came_first_is_who_goes()
    {
        DescriptorTable table = new(64, Own);
        for (int i = 0; i < 100; i++)
            table.Arrive();
        Assert.Equal(Enumerable.Range(0, 100 - table.Strangers), table.Gone);
    }

    [Theory]
    [InlineData(100, 0)]
    [InlineData(0, 50)]
    [InlineData(60, 70)]
    public void Room_is_kept_for_members_that_are_still_to_come_and_for_what_is_planned(int planned, int expected)
    {
        const int limit = 400;
        DescriptorTable table = new(limit, Own) { Planned = planned, Expected = expected };
        for (int i = 0; i < 2 * limit; i++)
            table.Arrive();

        // Whoever is expected comes as a stranger, and all of them fit at once beside the reserve.
        Assert.True(table.Used + planned + expected <= limit - DescriptorLimit.ReserveOf(limit));
        for (int i = 0; i < planned + expected; i++)
            Assert.True(table.Open() < limit - DescriptorLimit.ReserveOf(limit));
    }

    [Fact]
    public void The_program_s_own_descriptors_make_strangers_give_way()
    {
        const int limit = 256;
        DescriptorTable table = new(limit, Own);
        for (int i = 0; i < limit; i++)
            table.Arrive();
        int before = table.Strangers;
        for (int i = 0; i < DescriptorLimit.ReserveOf(limit) / 2; i++)
            table.Open();
        for (int i = 0; i < limit; i++)
            table.Arrive();
        Assert.Equal(before - (DescriptorLimit.ReserveOf(limit) / 2), table.Strangers);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public void Some_strangers_may_always_be_there_as_each_member_begins_as_one(int expected)
    {
        foreach (int limit in (int[])[1, 16, 24, 64, 1024])
        {
            StrangerAllowance allowance = new(() => limit);
            for (int newest = limit - 1; newest < limit + 3; newest++)
                Assert.Equal(DescriptorLimit.LeastStrangers + expected, allowance.Of(newest, strangers: 1, planned: 5000, expected));
        }
    }

    [Fact]
    public void Once_most_are_gone_as_many_may_come_as_fit_then()
    {
        const int limit = 256;
        DescriptorTable table = new(limit, Own);
        int[] files = [.. Enumerable.Range(0, 100).Select(_ => table.Open())];
        for (int i = 0; i < limit; i++)
            table.Arrive();
        int beside = table.Strangers;
        Array.ForEach(files, table.Close);
        table.Leave(beside - 10);
        for (int i = 0; i < 2 * limit; i++)
            table.Arrive();
        Assert.Equal(beside + files.Length, table.Strangers);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1 << 30)]
    public void Without_a_limit_nobody_gives_way(int limit)
    {
        StrangerAllowance allowance = new(() => limit);
        Assert.Equal(int.MaxValue, allowance.Of(newest: 5_000_000, strangers: 5_000_000, planned: 1_000_000, expected: 65_536));
    }

    [Fact]
    public void A_limit_that_is_raised_counts_from_then_on()
    {
        int limit = 64;
        StrangerAllowance allowance = new(() => limit);
        Assert.Equal(10, allowance.Of(newest: 57, strangers: 20));
        limit = 1024;
        Assert.Equal(10, allowance.Of(newest: 40, strangers: 11));
        Assert.Equal(int.MaxValue, allowance.Of(newest: 30, strangers: 4));
        Assert.Equal(int.MaxValue, allowance.Of(newest: 900, strangers: 800));
    }

    /// <summary>The descriptors of a process, which sheds the oldest stranger as it is told.</summary>
    private sealed class DescriptorTable
    {
        private readonly int _limit;
        private readonly SortedSet<int> _free;
        private readonly Queue<(int Descriptor, int Number)> _strangers = new();
        private readonly StrangerAllowance _allowance;
        private int _arrived;

        public DescriptorTable(int limit, int own)
        {
            _limit = limit;
            _free = [.. Enumerable.Range(own, limit - own)];
            _allowance = new StrangerAllowance(() => limit);
        }

        public int Planned { get; init; }

        public int Expected { get; init; }

        public int Strangers => _strangers.Count;

        public int Used => _limit - _free.Count;

        /// <summary>Strangers that were closed, by the order in which they came.</summary>
        public List<int> Gone { get; } = [];

        public int Open()
        {
            int descriptor = _free.Min;
            Assert.True(_free.Remove(descriptor), "no descriptor is left");
            return descriptor;
        }

        public void Close(int descriptor) => _free.Add(descriptor);

        public void Arrive()
        {
            int descriptor = Open();
            _strangers.Enqueue((descriptor, _arrived++));
            int allowed = _allowance.Of(descriptor, _strangers.Count, Planned, Expected);
            while (_strangers.Count > allowed)
                Leave(1);
        }

        public void Leave(int count)
        {
            for (int i = 0; i < count; i++)
            {
                (int descriptor, int number) = _strangers.Dequeue();
                Close(descriptor);
                Gone.Add(number);
            }
        }
    }
}
