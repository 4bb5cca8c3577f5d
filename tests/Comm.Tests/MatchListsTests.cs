using BoxerMpi.Internal;
using CsCheck;

namespace BoxerMpi.Tests;

/// <summary>Matching against lists that are searched from one end to the other, and how much it looks at.</summary>
public sealed class MatchListsTests
{
    private const int Lists = 3;

    [Fact]
    public void Searches_find_what_a_walk_over_the_whole_list_finds() =>
        Gen.Select(Gen.Int, Gen.Int[1, 60], Gen.Int[5, 95]).Sample(
            (seed, tags, adding) => Compare(new Random(seed), tags, adding), iter: 200, threads: 1);

    [Theory]
    [InlineData(Direction.Ascending)]
    [InlineData(Direction.Descending)]
    [InlineData(Direction.Permuted)]
    public void The_cost_of_a_message_does_not_grow_with_those_that_wait(Direction direction)
    {
        double few = LooksPerEntry(5_000, direction), many = LooksPerEntry(40_000, direction), most = LooksPerEntry(60_000, direction);
        Assert.True(many <= 2 * few, $"{few:F1} looks at each of 5,000, {many:F1} at each of 40,000.");
        Assert.True(most <= 2 * few, $"{few:F1} looks at each of 5,000, {most:F1} at each of 60,000.");
    }

    [Fact]
    public void Many_entries_of_one_tag_are_not_walked_for_another()
    {
        MatchLists lists = new(1);
        for (int i = 0; i < 40_000; i++)
            lists.Add(0, new MatchLink(lists) { Tag = 1, Order = i });
        MatchLink last = new(lists) { Tag = 2, Order = 40_000 };
        lists.Add(0, last);
        Assert.Same(last, lists.Find(0, 2));
        long before = lists.Visited;
        for (int i = 0; i < 100; i++)
        {
            lists.Remove(0, last);
            Assert.Null(lists.Find(0, 2));
            lists.Add(0, last);
            Assert.Same(last, lists.Find(0, 2));
        }

        Assert.InRange(lists.Visited - before, 0, 2_000);
    }

    public enum Direction
    {
        Ascending,
        Descending,
        Permuted,
    }

    private static double LooksPerEntry(int count, Direction direction)
    {
        int[] arriving = [.. Enumerable.Range(0, count)];
        if (direction == Direction.Descending)
            Array.Reverse(arriving);
        else if (direction == Direction.Permuted)
            new Random(11).Shuffle(arriving);
        MatchLists lists = new(1);
        for (int i = 0; i < count; i++)
            lists.Add(0, new MatchLink(lists) { Tag = arriving[i], Order = i });
        for (int tag = 0; tag < count; tag++)
        {
            MatchLink? found = direction == Direction.Permuted ? lists.FindWanting(0, tag) : lists.Find(0, tag);
            Assert.Equal(tag, found?.Tag);
            lists.Remove(0, found!);
        }

        Assert.Null(lists.Oldest(0));
        return lists.Visited / (double)count;
    }

    private static void Compare(Random random, int tags, int adding)
    {
        MatchLists lists = new(Lists);
        List<MatchLink>[] oracle = [.. Enumerable.Range(0, Lists).Select(_ => new List<MatchLink>())];
        Stack<(int List, MatchLink Link)> removed = new();
        long order = 0;
        for (int step = 0; step < 2_000; step++)
        {
            int list = random.Next(Lists), tag = random.Next(-1, tags);

            // Now mostly filling, now mostly emptying: lists become long, short and empty again.
            bool adds = random.Next(100) < (step / 300 % 2 == 0 ? adding : 100 - adding);
            if (adds && random.Next(4) == 0 && removed.TryPop(out (int List, MatchLink Link) back))
            {
                lists.Add(back.List, back.Link);
                int at = oracle[back.List].FindIndex(link => link.Order > back.Link.Order);
                oracle[back.List].Insert(at < 0 ? oracle[back.List].Count : at, back.Link);
            }
            else if (adds)
            {
                MatchLink link = new(lists) { Tag = tag, Order = ++order };
                lists.Add(list, link);
                oracle[list].Add(link);
            }
            else if (random.Next(3) == 0 && oracle[list].Count > 0)
            {
                Take(list, oracle[list][random.Next(oracle[list].Count)]);
            }
            else if (random.Next(2) == 0)
            {
                MatchLink? wanted = oracle[list].Find(link => tag < 0 || link.Tag == tag);
                Assert.Same(wanted, lists.Find(list, tag));
                if (wanted is not null)
                    Take(list, wanted);
            }
            else if (tag >= 0)
            {
                MatchLink? wanting = oracle[list].Find(link => link.Tag < 0 || link.Tag == tag);
                Assert.Same(wanting, lists.FindWanting(list, tag));
                if (wanting is not null)
                    Take(list, wanting);
            }

            Assert.Same(oracle[list].FirstOrDefault(), lists.Oldest(list));
        }

        void Take(int list, MatchLink link)
        {
            lists.Remove(list, link);
            oracle[list].Remove(link);
            if (removed.Count < 20)
                removed.Push((list, link));
        }
    }
}
