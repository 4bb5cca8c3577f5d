using BoxerMpi.Internal;

namespace BoxerMpi;

// What the collectives are built on: operations of a round, posted together into a context of their own.
public unsafe partial class Communicator
{
    /// <summary>Collectives that nobody blocks for and that have not ended. Guarded by the gate.</summary>
    internal int RunningCollectives { get; private set; }

    /// <summary>The number of the next call of a collective.</summary>
    internal CollectiveNumber NextCollective() => new(Interlocked.Increment(ref _collectives) - 1, Part: 0);

    internal CompletionGroup RentCompletion(string operation, CollectiveNumber number)
    {
        CompletionGroup group = Messenger.RentGroup();
        group.Prepare(this, operation, number);
        return group;
    }

    internal void Return(CompletionGroup group) => Messenger.Return(group);

    /// <summary>Takes the gate for the posts of a round; small frames collect and leave with the wait.</summary>
    internal PostScope EnterPosts()
    {
        ThrowIfClosed();
        return new PostScope(Messenger.Gate);
    }

    /// <summary>As <see cref="ThrowIfDisposed"/>, for rounds of what was begun before it was freed.</summary>
    internal void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsDisposed && !IsFreed, this);

    /// <summary>Posts a receive of exactly this length. Within <see cref="EnterPosts"/>.</summary>
    internal void PostReceive(CompletionGroup group, int source, byte* buffer, long length)
    {
        Messenger.ThrowIfMemberFailed(this, group);
        int from = Group.WorldRanks[source];
        if (Messenger.TryTake(this, CollectiveQueue, from, group.Tag, buffer, length, exact: true, out _))
            return;
        ReceiveOperation receive = Messenger.Pool.RentReceive();
        receive.Prepare(CollectiveQueue, from, group.Tag, buffer, length, ownsBuffer: false);
        receive.Communicator = this;
        group.Add(receive);
        Messenger.StartReceive(receive);
    }

    /// <summary>Posts a send; the data stays as it is until the group is done. Within <see cref="EnterPosts"/>.</summary>
    internal void PostSend(CompletionGroup group, int destination, byte* data, long length)
    {
        Messenger.ThrowIfMemberFailed(this, group);
        SendOperation? send = Messenger.StartSend(
            this, CollectiveQueue, Group.WorldRanks[destination], group.Tag, data, length, synchronous: false);
        if (send is null)
            return;
        if (!send.IsDone)
        {
            group.Add(send);
            return;
        }

        Exception? error = send.Error;
        Messenger.Pool.Return(send);
        if (error is not null)
            throw error;
    }

    /// <summary>
    /// Blocks until the round is done, driving progress. A timeout revokes the communicator. Within <see cref="EnterPosts"/>.
    /// </summary>
    internal void WaitPosted(CompletionGroup group)
    {
        if (!Messenger.WaitFor(group, Timeout) && !group.IsDone)
            FailRound(group, Messenger.Errors.TimedOut(group, this, Timeout));
        EndRound(group);
    }

    private void EndRound(CompletionGroup group)
    {
        Exception? error = group.Error;
        group.Clear();
        if (error is null)
            return;

        // The others cannot know that this rank will not go on: a member's timeout is the collective's.
        if (error is MpiTimeoutException)
            Messenger.Revoke(this, error.Message, Messenger.Rank);
        throw error;
    }

    /// <summary>Ends a round that will not be completed; the others are told by a revocation.</summary>
    internal void FailRound(CompletionGroup group, Exception error)
    {
        Messenger.Engine.AssertGate();
        group.Fail(error);
        Messenger.Revoke(this, error.Message, Messenger.Rank);
    }

    /// <summary>
    /// A collective has failed on this rank alone, as far as it knows: the others are told by a revocation, since nothing else would end
    /// their part before its timeout. Where a member has failed or the job has, they all hear of that.
    /// </summary>
    internal void FailCollective(string operation, long sequence, Exception error)
    {
        string reason = error is MpiException or OperationCanceledException
            ? error.Message
            : $"{operation} #{sequence} failed with {error.GetType().Name}: {error.Message}";
        if (error is not CommunicatorRevokedException)
            FailCollective(reason);
    }

    /// <summary>As the other form, for what is made of several collectives.</summary>
    internal void FailCollective(string reason)
    {
        lock (Messenger.Gate)
        {
            if ((!IsDisposed || IsFreed) && Messenger.OthersGoOn(this))
                Messenger.Revoke(this, reason, Messenger.Rank);
        }
    }

    /// <summary>Holds the gate while the posts of a round are made.</summary>
    internal readonly ref struct PostScope
    {
        private readonly object _gate;

        public PostScope(object gate)
        {
            _gate = gate;
            Monitor.Enter(gate);
        }

        public void Dispose() => Monitor.Exit(_gate);
    }
}
