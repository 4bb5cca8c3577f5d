using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>Contexts by themselves, and frames that come too early or too late.</summary>
public sealed class ContextsTests
{
    [Fact]
    public void A_context_is_to_come_then_open_then_closed()
    {
        (Contexts here, Contexts there) = (WithWorld(), WithWorld());
        ulong[] made = [.. Enumerable.Range(0, 5).Select(_ => there.OpenChild(Contexts.World))];
        Assert.Equal(6, made.Append(Contexts.World).Distinct().Count());
        Assert.All(made, context => Assert.False(here.IsClosed(context)));

        Assert.Equal(made[0], here.OpenChild(Contexts.World));
        here.SkipChild(Contexts.World);
        Assert.Equal(made[2], here.OpenChild(Contexts.World));
        here.Close(made[0]);
        Assert.Equal([true, true, false, false, false], made.Select(here.IsClosed));
        Assert.Equal([true, true, false, false, false], made.Select(context => here.IsClosed(context | 1)));
        Assert.Throws<ObjectDisposedException>(() => here.OpenChild(made[0]));
    }

    [Fact]
    public void Groups_count_by_themselves()
    {
        (Contexts here, Contexts there) = (WithWorld(), WithWorld());
        ulong mine = here.OpenOfGroup(Contexts.World, key: 16);
        ulong other = there.OpenOfGroup(Contexts.World, key: 32);
        Assert.NotEqual(mine, other);
        Assert.Equal(here.OpenChild(Contexts.World), there.OpenChild(Contexts.World));
        Assert.Equal(mine, there.OpenOfGroup(Contexts.World, key: 16));
        here.Close(mine);
        ulong second = here.OpenOfGroup(Contexts.World, key: 16);
        Assert.NotEqual(mine, second);
        Assert.False(there.IsClosed(second));
        Assert.True(here.IsClosed(mine));
    }

    [Fact]
    public void What_a_collective_makes_has_the_number_of_the_call()
    {
        (Contexts here, Contexts there) = (WithWorld(), WithWorld());
        ulong[] made = [.. new long[] { 7, 9, (1L << 16) + 7 }.Select(call => there.OpenOfCollective(Contexts.World, call))];
        Assert.Equal(4, made.Append(there.OpenChild(Contexts.World)).Distinct().Count());
        Assert.All(made, context => Assert.False(here.IsClosed(context)));

        // The second ends first.
        Assert.Equal(made[0], here.OpenOfCollective(Contexts.World, 7));
        Assert.Equal(made[1], here.OpenOfCollective(Contexts.World, 9));
        here.Close(made[1]);
        Assert.Equal([false, true, false], made.Select(here.IsClosed));
        here.Close(made[0]);
        Assert.Equal([true, true, false], made.Select(here.IsClosed));
        Assert.Equal(made[2], here.OpenOfCollective(Contexts.World, (1L << 16) + 7));
    }

    [Fact]
    public void What_is_below_a_communicator_that_is_gone_is_closed()
    {
        (Contexts here, Contexts there) = (WithWorld(), WithWorld());
        (ulong child, ulong same) = (here.OpenChild(Contexts.World), there.OpenChild(Contexts.World));
        ulong grandchild = here.OpenChild(child);
        (ulong first, ulong second) = (there.OpenChild(same), there.OpenChild(same));
        Assert.Equal(grandchild, first);
        here.Close(child);
        Assert.False(here.IsClosed(grandchild));
        Assert.True(here.IsClosed(second));
        here.Close(grandchild);
        Assert.True(here.IsClosed(grandchild));
    }

    [Fact]
    public void A_family_goes_on_after_its_last_number()
    {
        Contexts contexts = WithWorld();
        HashSet<ulong> made = [];
        for (int i = 0; i < 140_000; i++)
        {
            ulong context = contexts.OpenChild(Contexts.World);
            Assert.True(made.Add(context));
            contexts.Close(context);
        }

        Assert.All(made, context => Assert.True(contexts.IsClosed(context)));
        Assert.InRange(contexts.Entries, 1, 10);
    }

    [Fact]
    public void What_is_remembered_is_bounded()
    {
        Contexts contexts = WithWorld();
        for (int i = 0; i < 50_000; i++)
        {
            ulong child = contexts.OpenChild(Contexts.World);
            ulong grandchild = contexts.OpenChild(child);
            contexts.Close(i % 2 == 0 ? child : grandchild);
            contexts.Close(i % 2 == 0 ? grandchild : child);
            Assert.True(contexts.IsClosed(grandchild));
        }

        Assert.InRange(contexts.Entries, 1, Contexts.EndedFamilies + 10);
    }

    [Fact]
    public void Late_messages_are_dropped_and_their_credit_returned()
    {
        using Pair pair = new();
        Communicator kept = pair.First.CreateChild([0, 1], "child");
        using (Communicator closed = pair.Second.CreateChild([0, 1], "child"))
        using (Communicator below = closed.CreateChild([0, 1], "grandchild"))
            Assert.NotEqual(closed.Identity, below.Identity);

        using Communicator keptBelow = kept.CreateChild([0, 1], "grandchild");
        byte[] large = new byte[1 << 20];
        for (int i = 0; i < 20; i++)
        {
            // Each would be more than the credit without what came back for those before.
            Task sending = (i % 2 == 0 ? kept : keptBelow).SendAsync<byte>(large, 1).AsTask();
            pair.Second.Send(i, 0);
            Assert.Equal(i, pair.First.Receive<int>(1));
            pair.First.Send(i, 1);
            Assert.Equal(i, pair.Second.Receive<int>(0));
            Assert.Equal(0, pair.Second.Messenger.UnexpectedBytes);
            pair.Second.DriveUntil(() => sending.IsCompleted);
            Assert.True(sending.IsCompletedSuccessfully);
        }

        kept.Dispose();
    }

    private static Contexts WithWorld()
    {
        Contexts contexts = new();
        Assert.Equal(Contexts.World, contexts.OpenWorld());
        return contexts;
    }
}
