using System.Threading.Channels;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

/// <summary>A follower's bounded queue of events: one that does not keep up is dropped, the job never waits for it.</summary>
internal sealed class Subscription
{
    private readonly Channel<MembershipEvent> _events;
    private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _limit;
    private string? _droppedReason;

    public Subscription(int limit)
    {
        _limit = limit;
        _events = Channel.CreateBounded<MembershipEvent>(new BoundedChannelOptions(limit) { SingleReader = true });
    }

    /// <summary>Why the follower was dropped, when it was.</summary>
    public string? DroppedReason => Volatile.Read(ref _droppedReason);

    /// <summary>Completes when the follower is dropped.</summary>
    public Task Dropped => _dropped.Task;

    public ChannelReader<MembershipEvent> Reader => _events.Reader;

    /// <returns><see langword="false"/> when the follower is dropped or gone.</returns>
    public bool Offer(MembershipEvent happened)
    {
        if (_events.Writer.TryWrite(happened))
            return true;
        if (_events.Writer.TryComplete())
        {
            Volatile.Write(ref _droppedReason, $"The follower did not keep up: {_limit} membership events were waiting for it.");
            _dropped.TrySetResult();
        }

        return false;
    }

    /// <summary>No more events will come.</summary>
    public void Complete() => _events.Writer.TryComplete();
}
