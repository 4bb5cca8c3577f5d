using BoxerMpi.Internal;

namespace BoxerMpi;

public sealed unsafe partial class Communicator
{
    /// <summary>Waits for a message and takes it out of the queue, so that only the returned handle can receive it.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout"/> when null.</param>
    /// <exception cref="MpiException">The sender is gone, or sent nothing in time.</exception>
    public MatchedMessage Probe(int source = AnySource, int tag = AnyTag, TimeSpan? timeout = null)
    {
        CheckReceive(source, tag);
        lock (Messenger.Gate)
        {
            ProbeOperation probe = NewProbe(source, tag);
            Messenger.WaitFor(probe, TimeoutOr(timeout));
            probe.Outcome();
            return new MatchedMessage(this, probe.Message!);
        }
    }

    /// <summary>Takes a message that is there, or returns null at once.</summary>
    /// <inheritdoc cref="Probe"/>
    public MatchedMessage? TryProbe(int source = AnySource, int tag = AnyTag)
    {
        CheckReceive(source, tag);
        lock (Messenger.Gate)
        {
            Messenger.Engine.Poll();
            return Messenger.TryMatch(Queue, ToWorldRank(source), tag) is { } message ? new MatchedMessage(this, message) : null;
        }
    }

    /// <summary>Starts waiting for a message.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<MatchedMessage> ProbeAsync(int source = AnySource, int tag = AnyTag, CancellationToken cancellationToken = default)
    {
        CheckReceive(source, tag);
        cancellationToken.ThrowIfCancellationRequested();
        ProbeOperation probe;
        ValueTask<Status> done = default;
        lock (Messenger.Gate)
        {
            probe = NewProbe(source, tag);
            if (!probe.IsDone)
            {
                Messenger.WatchDeadline(probe, Timeout);
                probe.MakeAsynchronous(cancellationToken);
                done = new ValueTask<Status>(probe, probe.Version);
            }
        }

        await done.ConfigureAwait(false);
        return new MatchedMessage(this, probe.Message!);
    }

    /// <summary>Receives a message whose length is not known beforehand.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout"/> when null.</param>
    /// <returns>The elements in memory of their own, to be disposed.</returns>
    public Received<T> ReceiveOwned<T>(int source = AnySource, int tag = AnyTag, TimeSpan? timeout = null)
        where T : unmanaged
    {
        CheckReceive(source, tag);
        lock (Messenger.Gate)
        {
            ReceiveOperation receive = PrepareOwned(source, tag);
            try
            {
                Messenger.StartReceive(receive);
                Messenger.WaitFor(receive, TimeoutOr(timeout));
                return TakeOwned<T>(receive, receive.Outcome());
            }
            finally
            {
                Messenger.Recycle(receive);
            }
        }
    }

    /// <summary>Starts receiving a message whose length is not known beforehand.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Withdraws the receive.</param>
    public async ValueTask<Received<T>> ReceiveOwnedAsync<T>(int source = AnySource, int tag = AnyTag, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        CheckReceive(source, tag);
        cancellationToken.ThrowIfCancellationRequested();
        ReceiveOperation receive;
        ValueTask<Status> done;
        lock (Messenger.Gate)
        {
            receive = PrepareOwned(source, tag);
            Messenger.StartReceive(receive);
            if (!receive.IsDone)
                Messenger.Engine.Poll();
            done = AwaitReceive(receive, cancellationToken);
        }

        Status status = await done.ConfigureAwait(false);
        lock (Messenger.Gate)
        {
            try
            {
                return TakeOwned<T>(receive, status);
            }
            finally
            {
                Messenger.Recycle(receive);
            }
        }
    }

    internal static Received<T> TakeOwned<T>(ReceiveOperation receive, Status status)
        where T : unmanaged
    {
        _ = status.Count<T>();
        byte* block = receive.Buffer;
        receive.Buffer = null;
        return new Received<T>(block, status.ByteCount, status);
    }

    private ReceiveOperation PrepareOwned(int source, int tag)
    {
        ReceiveOperation receive = Messenger.RentReceive();
        receive.Prepare(Queue, ToWorldRank(source), tag, null, 0, ownsBuffer: true);
        receive.Communicator = this;
        return receive;
    }

    private ProbeOperation NewProbe(int source, int tag)
    {
        ProbeOperation probe = new(Messenger, Queue, ToWorldRank(source), tag) { Communicator = this };
        Messenger.StartProbe(probe);
        if (!probe.IsDone)
            Messenger.Engine.Poll();
        return probe;
    }
}
