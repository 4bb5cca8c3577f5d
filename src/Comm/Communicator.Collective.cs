using BoxerMpi.Internal;

namespace BoxerMpi;

// What the collectives are built on: operations of a round, posted together into a context of their own.
public unsafe partial class Communicator
{
    /// <summary>The number of the next collective; the same on every rank because collectives are called in the same order.</summary>
    internal long NextCollective() => Interlocked.Increment(ref _collectives) - 1;

    internal CompletionGroup RentCompletion(string operation, long sequence)
    {
        CompletionGroup group = Messenger.RentGroup();
        group.Prepare(this, operation, sequence);
        return group;
    }

    internal void Return(CompletionGroup group) => Messenger.Return(group);

    /// <summary>Takes the gate for the posts of a round; small frames collect and leave with the wait.</summary>
    internal PostScope EnterPosts()
    {
        ThrowIfDisposed();
        return new PostScope(Messenger.Gate);
    }

    /// <summary>Posts a receive of exactly this length. Within <see cref="EnterPosts"/>.</summary>
    internal void PostReceive(CompletionGroup group, int source, byte* buffer, long length)
    {
        Messenger.ThrowIfMemberFailed(this, group);
        int from = Group.WorldRanks[source];
        if (Messenger.TryTake(this, CollectiveQueue, from, TagOf(group), buffer, length, exact: true, out _))
            return;
        ReceiveOperation receive = Messenger.RentReceive();
        receive.Prepare(CollectiveQueue, from, TagOf(group), buffer, length, ownsBuffer: false);
        receive.Communicator = this;
        group.Add(receive);
        Messenger.StartReceive(receive);
    }

    /// <summary>Posts a send; the data stays as it is until the group is done. Within <see cref="EnterPosts"/>.</summary>
    internal void PostSend(CompletionGroup group, int destination, byte* data, long length)
    {
        Messenger.ThrowIfMemberFailed(this, group);
        SendOperation? send = Messenger.StartSend(
            this, CollectiveQueue, Group.WorldRanks[destination], TagOf(group), data, length, synchronous: false);
        if (send is null)
            return;
        if (!send.IsDone)
        {
            group.Add(send);
            return;
        }

        Exception? error = send.Error;
        Messenger.Recycle(send);
        if (error is not null)
            throw error;
    }

    /// <summary>
    /// Blocks until the round is done, driving progress. A timeout revokes the communicator. Within <see cref="EnterPosts"/>.
    /// </summary>
    internal void WaitPosted(CompletionGroup group)
    {
        if (!Messenger.WaitFor(group, Timeout) && !group.IsDone)
            FailRound(group, Messenger.TimedOut(group, this, Timeout));
        EndRound(group);
    }

    /// <summary>
    /// A posted round is left to itself for a while: the background thread moves it if nobody else does. Within <see cref="EnterPosts"/>.
    /// </summary>
    internal void LeavePosted() => Messenger.Engine.CountAsynchronous(+1, urgent: false);

    /// <summary>The caller of <see cref="LeavePosted"/> is back to wait.</summary>
    internal void TakePosted()
    {
        lock (Messenger.Gate)
            Messenger.Engine.CountAsynchronous(-1);
    }

    /// <summary>A round that was left to itself is given up.</summary>
    internal void AbandonPosted(CompletionGroup group, Exception reason)
    {
        lock (Messenger.Gate)
        {
            Messenger.Engine.CountAsynchronous(-1);
            if (IsDisposed)
                group.Fail(reason);
            else
                FailRound(group, reason);
            group.Clear();
        }
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

    /// <summary>Ends a round that will not be completed; the others are told by a revocation. The caller holds the gate.</summary>
    internal void FailRound(CompletionGroup group, Exception error)
    {
        group.Fail(error);
        Messenger.Revoke(this, error.Message, Messenger.Rank);
    }

    private static int TagOf(CompletionGroup group) => (int)(group.Sequence & int.MaxValue);

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
