namespace BoxerMpi.Tests;

/// <summary>Calls for several requests tell each end once, and everything that has ended.</summary>
public sealed class RequestTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(60);

    [Fact]
    public void What_was_told_is_not_told_again()
    {
        using Pair pair = new();
        int[] first = new int[1], second = new int[1];
        Request?[] requests = [pair.First.StartReceive<int>(first, 1, 1), null, pair.First.StartReceive<int>(second, 1, 2)];
        pair.Second.Send(20, 0, tag: 2);
        Status ofSecond = new(1, 2, 4);
        Assert.Equal((2, ofSecond), Request.WaitAny(requests));
        Assert.Equal((true, false, true), (requests[0]!.IsActive, requests[2]!.IsActive, requests[2]!.IsCompleted));
        Assert.False(Request.TestAny(requests, out int index, out Status status));
        Assert.Equal((Request.Undefined, Status.Empty), (index, status));
        Assert.False(Request.TestSome(requests, out var some));
        Assert.Empty(some);

        pair.Second.Send(10, 0, tag: 1);
        Status ofFirst = new(1, 1, 4);
        Assert.Equal((0, ofFirst), Request.WaitAny(requests));
        Assert.Equal((10, 20), (first[0], second[0]));

        // None is active any more; asked alone, each repeats what it told.
        Assert.Equal((Request.Undefined, Status.Empty), Request.WaitAny(requests));
        Assert.Empty(Request.WaitSome(requests));
        Assert.True(Request.TestAny(requests, out index, out status));
        Assert.Equal((Request.Undefined, Status.Empty), (index, status));
        Assert.True(Request.TestSome(requests, out some));
        Assert.Empty(some);
        Assert.True(Request.TestAll(requests, out Status[] all));
        Assert.Equal([ofFirst, Status.Empty, ofSecond], all);
        Assert.Equal(all, Request.WaitAll(requests));
        Assert.Equal(ofSecond, requests[2]!.Wait());
        Assert.True(requests[0]!.Test(out status));
        Assert.Equal(ofFirst, status);
    }

    [Fact]
    public void Nothing_among_no_requests()
    {
        Request?[] none = [null, null];
        Assert.Equal((Request.Undefined, Status.Empty), Request.WaitAny([]));
        Assert.Equal((Request.Undefined, Status.Empty), Request.WaitAny(none));
        Assert.Empty(Request.WaitSome(none));
        Assert.Empty(Request.WaitAll());
        Assert.Equal([Status.Empty, Status.Empty], Request.WaitAll(none));
        Assert.True(Request.TestAll([], out Status[] statuses));
        Assert.Empty(statuses);
        Assert.True(Request.TestAny([], out int index, out _));
        Assert.Equal(-32766, index);
    }

    [Fact]
    public void Some_are_told_in_the_order_in_which_they_ended()
    {
        using Pair pair = new();
        Request[] requests = [.. Enumerable.Range(0, 5).Select(tag => pair.First.StartReceive<int>(new int[1], 1, tag))];
        foreach (int tag in (int[])[3, 0, 4])
        {
            pair.Second.Send(tag, 0, tag);
            pair.First.DriveUntil(() => requests[tag].IsCompleted);
        }

        Assert.Equal([(3, new Status(1, 3, 4)), (0, new Status(1, 0, 4)), (4, new Status(1, 4, 4))], Request.WaitSome(requests));
        Assert.False(Request.TestSome(requests, out _));
        pair.Second.Send(1, 0, 1);
        pair.First.DriveUntil(() => requests[1].IsCompleted);
        Assert.True(Request.TestSome(requests, out var ended));
        Assert.Equal([(1, new Status(1, 1, 4))], ended);
        Assert.False(Request.TestAll(requests, out _));
        pair.Second.Send(2, 0, 2);
        Assert.Equal([(2, new Status(1, 2, 4))], Request.WaitSome(requests));
        Assert.Empty(Request.WaitSome(requests));
    }

    [Fact]
    public void A_test_of_all_leaves_them_active_until_all_have_ended()
    {
        using Pair pair = new();
        Request[] requests = [pair.First.StartReceive<int>(new int[1], 1, 1), pair.First.StartReceive<int>(new int[1], 1, 2)];
        pair.Second.Send(1, 0, 1);
        pair.First.DriveUntil(() => requests[0].IsCompleted);
        Assert.False(Request.TestAll(requests, out Status[] statuses));
        Assert.Empty(statuses);
        Assert.True(requests[0].IsActive);
        pair.Second.Send(2, 0, 2);
        pair.First.DriveUntil(() => requests[1].IsCompleted);
        Assert.True(Request.TestAll(requests, out statuses));
        Assert.Equal([new Status(1, 1, 4), new Status(1, 2, 4)], statuses);
    }

    [Fact]
    public void All_are_waited_for_though_some_fail_and_each_tells_why()
    {
        using Pair pair = new();
        int[] last = new int[1];
        Request[] requests =
        [
            pair.First.StartReceive<int>(new int[1], 1, 0),
            pair.First.StartReceive<int>(new int[1], 1, 1),
            pair.First.StartReceive<int>(new int[1], 1, 2),
            pair.First.StartReceive<int>(last, 1, 3),
        ];
        requests[0].Cancel();
        pair.Second.Send<int>([1, 2, 3], 0, 1);
        pair.Second.Send(7, 0, 3);
        pair.Second.Send<int>([1, 2], 0, 2);
        MessageTruncatedException error = Assert.Throws<MessageTruncatedException>(() => Request.WaitAll(requests));
        Assert.Same(requests[1].Error, error);
        Assert.Equal((1, 12), (error.Tag, error.ActualBytes));
        Assert.IsType<OperationCanceledException>(requests[0].Error);
        Assert.Equal(8, Assert.IsType<MessageTruncatedException>(requests[2].Error).ActualBytes);
        Assert.Null(requests[3].Error);
        Assert.Equal((new Status(1, 3, 4), 7), (requests[3].Wait(), last[0]));
        Assert.All(requests, request => Assert.Equal((true, false), (request.IsCompleted, request.IsActive)));

        // Told once: by then they are nothing to calls for several.
        Assert.Equal([Status.Empty, Status.Empty, Status.Empty, new Status(1, 3, 4)], Request.WaitAll(requests));
        Assert.Throws<MessageTruncatedException>(() => requests[1].Wait());
    }

    [Fact]
    public void A_failure_among_several_takes_no_other_end_with_it()
    {
        using Pair pair = new();
        Request[] requests = [.. Enumerable.Range(0, 3).Select(tag => pair.First.StartReceive<int>(new int[1], 1, tag))];
        pair.Second.Send(5, 0, 0);
        pair.Second.Send<int>([1, 2], 0, 1);
        pair.Second.Send<int>([1, 2, 3], 0, 2);
        pair.First.DriveUntil(() => requests.All(request => request.IsCompleted));
        Assert.Equal(8, Assert.Throws<MessageTruncatedException>(() => Request.WaitSome(requests)).ActualBytes);
        Assert.Equal([true, false, true], requests.Select(request => request.IsActive));
        Assert.Equal(12, Assert.Throws<MessageTruncatedException>(() => Request.TestSome(requests, out _)).ActualBytes);
        Assert.Equal([(0, new Status(1, 0, 4))], Request.WaitSome(requests));

        requests = [pair.First.StartReceive<int>(new int[1], 1, 0), pair.First.StartReceive<int>(new int[1], 1, 1)];
        pair.Second.Send<int>([1, 2], 0, 1);
        Assert.Throws<MessageTruncatedException>(() => Request.WaitAny(requests));
        Assert.Equal(1, Array.FindIndex(requests, request => request.Error is not null));
        pair.Second.Send(1, 0, 0);
        Assert.Equal(0, Request.WaitAny(requests).Index);
    }

    [Fact]
    public void The_timeout_is_for_all_together()
    {
        using Pair pair = new();
        pair.First.Timeout = TimeSpan.FromMilliseconds(300);
        Request[] requests = [.. Enumerable.Range(0, 200).Select(tag => pair.First.StartReceive<int>(new int[1], 1, tag))];
        pair.Second.Send(8, 0, 8);
        long start = Environment.TickCount64;
        Assert.Throws<MpiTimeoutException>(() => Request.WaitAll(requests));
        Assert.InRange(Environment.TickCount64 - start, 290, 30_000);
        Assert.Equal(199, requests.Count(request => request.Error is MpiTimeoutException));
        Assert.Equal(new Status(1, 8, 4), requests[8].Wait());
        Assert.Empty(pair.First.Messenger.DescribePending());

        Request late = pair.First.StartReceive<int>(new int[1], 1, 0);
        Assert.Throws<MpiTimeoutException>(() => Request.WaitAll([late], Short));
        Assert.True(late.IsCompleted);
    }

    [Fact]
    public void A_wait_for_one_or_some_that_takes_too_long_withdraws_nothing()
    {
        using Pair pair = new();
        Request[] requests = [pair.First.StartReceive<int>(new int[1], 1, 1), pair.First.StartReceive<int>(new int[1], 1, 2)];
        Assert.Equal("WaitAny", Assert.Throws<MpiTimeoutException>(() => Request.WaitAny(requests, Short)).Operation);
        Assert.Equal("WaitSome", Assert.Throws<MpiTimeoutException>(() => Request.WaitSome(requests, Short)).Operation);
        Assert.All(requests, request => Assert.Equal((false, true), (request.IsCompleted, request.IsActive)));
        pair.Second.Send(1, 0, 2);
        Assert.Equal(1, Request.WaitAny(requests).Index);
        requests[0].Cancel();
        Assert.Throws<OperationCanceledException>(() => Request.WaitAny(requests));
        Assert.Equal(Request.Undefined, Request.WaitAny(requests).Index);
    }

    [Fact]
    public void A_failure_is_thrown_before_the_timeouts_that_follow_from_it()
    {
        using Pair pair = new();
        Request[] requests = [pair.First.StartReceive<int>(new int[1], 1, 1), pair.First.StartReceive<int>(new int[1], 1, 2)];
        pair.Second.Send<int>([1, 2], 0, 2);
        Assert.Throws<MessageTruncatedException>(() => Request.WaitAll(requests, Short));
        Assert.IsType<MpiTimeoutException>(requests[0].Error);
    }
}
