using System.Runtime.CompilerServices;

namespace BoxerMpi.Tests;

/// <summary>Operations that have ended keep nothing, also when nobody ever looks at how they did.</summary>
public sealed class AbandonedOperationTests
{
    private const int Count = 8;

    private static readonly CancellationTokenSource Never = new();

    private static readonly (string Name, Action<Communicator, byte[]> Start)[] Forms =
    [
        ("receive", (world, buffer) => world.StartReceive<byte>(buffer, 1, 1)),
        ("receive from any rank", (world, buffer) => world.StartReceive<byte>(buffer, Communicator.AnySource, 1)),
        ("send", (world, buffer) => world.StartSend<byte>(buffer, 1, 2)),
        ("awaitable receive", (world, buffer) => Abandon(world.ReceiveAsync<byte>(buffer, 1, 1, Never.Token))),
        ("awaitable send", (world, buffer) => Abandon(world.SendAsync<byte>(buffer, 1, 2, Never.Token))),
        ("awaitable synchronous send", (world, buffer) => Abandon(world.SynchronousSendAsync<byte>(buffer, 1, 2, Never.Token))),
        ("awaitable exchange", (world, buffer) => Abandon(
            world.SendReceiveAsync<byte>(buffer.AsMemory(1), 1, buffer.AsMemory(0, 1), 1, 2, 1, Never.Token))),
    ];

    private static readonly (string Name, Action<Pair> Cause)[] Ends =
    [
        ("link lost", pair => pair.First.Messenger.BreakLink(1, "cut by the test")),
        ("revoked", pair => pair.Second.Revoke()),
        ("job ended", pair => pair.First.Messenger.Fail(new MpiException("ended by the test"))),
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach ((string form, _) in Forms)
            {
                foreach ((string end, _) in Ends)
                    cases.Add(form, end);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void What_has_failed_holds_no_memory_of_the_program(string form, string end)
    {
        using Pair pair = new();
        WeakReference[] buffers = Start(pair.First, Forms.Single(one => one.Name == form).Start);
        Assert.True(pair.First.Messenger.DescribePending().Count >= Count);
        Ends.Single(one => one.Name == end).Cause(pair);
        pair.First.DriveUntil(() => pair.First.Messenger.DescribePending().Count == 0);
        Assert.True(SpinWait.SpinUntil(() => AreGone(buffers), Ranks.Patience));
        if (end == "job ended")
            return;

        // Announced sends go on from copies until the other side says that it wants nothing of them.
        pair.First.DriveUntil(() =>
        {
            lock (pair.Second.Messenger.Gate)
                pair.Second.Messenger.Engine.Poll();
            return pair.First.Messenger.Engine.AsynchronousOperations == 0;
        });
    }

    [Fact]
    public void Requests_that_nobody_asks_again_hold_nothing()
    {
        using Pair pair = new();
        List<WeakReference> buffers = [];
        for (int i = 0; i < 200; i++)
        {
            buffers.AddRange(Start(pair.First, (world, buffer) => world.StartReceive<byte>(buffer.AsMemory(0, 1), 1, 1)));
            for (int k = 0; k < Count; k++)
                pair.Second.Send<byte>(new byte[(k % 2) + 1], 0, 1);
            pair.First.DriveUntil(() => pair.First.Messenger.DescribePending().Count == 0);
        }

        Assert.True(SpinWait.SpinUntil(() => AreGone(buffers), Ranks.Patience));
        Assert.Equal(0, pair.First.Messenger.Engine.AsynchronousOperations);
    }

    [Fact]
    public void A_request_tells_its_failure_though_its_operation_is_gone()
    {
        using Pair pair = new();
        Request[] requests = [.. Enumerable.Range(0, 100).Select(tag => pair.First.StartReceive<int>(new int[1], 1, tag))];
        pair.First.Messenger.BreakLink(1, "cut by the test");
        Assert.All(requests, request => Assert.True(request.IsCompleted));
        foreach (Request request in requests)
        {
            request.Cancel();
            Assert.Same(request.Error, Assert.Throws<PeerFailedException>(() => request.Wait()));
        }

        Assert.Equal(0, pair.First.Messenger.Engine.AsynchronousOperations);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference[] Start(Communicator world, Action<Communicator, byte[]> start)
    {
        WeakReference[] buffers = new WeakReference[Count];
        for (int i = 0; i < Count; i++)
        {
            byte[] buffer = new byte[5_000_000];
            start(world, buffer);
            buffers[i] = new WeakReference(buffer);
        }

        return buffers;
    }

    private static void Abandon(ValueTask task) => Assert.False(task.IsCompleted);

    private static void Abandon(ValueTask<Status> task) => Assert.False(task.IsCompleted);

    private static bool AreGone(IEnumerable<WeakReference> buffers)
    {
        GC.Collect();
        return !buffers.Any(buffer => buffer.IsAlive);
    }
}
