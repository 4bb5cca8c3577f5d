using BoxerMpi.Internal;

namespace BoxerMpi;

// Asynchronous calls of more than one step. The others return the operation itself as their task.
public partial class Communicator
{
    /// <summary>Starts sending to one rank and receiving from another; the task ends when both are done.</summary>
    /// <inheritdoc cref="SendReceive{T}(ReadOnlySpan{T}, int, Span{T}, int, int, int?)"/>
    public async ValueTask<Status> SendReceiveAsync<T>(
        ReadOnlyMemory<T> send,
        int destination,
        Memory<T> receive,
        int source,
        int tag = 0,
        int? receiveTag = null,
        CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        CheckSend(destination, tag);
        CheckReceive(source, receiveTag ?? tag);
        CheckOverlap(send.Span, receive.Span);
        using CancellationTokenSource withdrawal = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<Status> receiving = ReceiveAsync(receive, source, receiveTag ?? tag, withdrawal.Token).AsTask();
        Task sending = Task.CompletedTask;
        try
        {
            sending = SendAsync(send, destination, tag, withdrawal.Token).AsTask();
            await (await Task.WhenAny(sending, receiving).ConfigureAwait(false)).ConfigureAwait(false);
            await sending.ConfigureAwait(false);
            return await receiving.ConfigureAwait(false);
        }
        catch
        {
            // The other half is not left behind; its own outcome matters less than why the first one failed.
            await withdrawal.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <summary>Starts waiting for a message; it stays where it is, for whichever receive gets it. MPI 4.1 §3.8.1.</summary>
    /// <param name="source">Rank that sends it, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<Status> ProbeAsync(int source = AnySource, int tag = AnyTag, CancellationToken cancellationToken = default)
    {
        CheckReceive(source, tag);
        cancellationToken.ThrowIfCancellationRequested();
        return source == NoRank ? Status.OfNoRank : (await FindAsync(source, tag, takes: false, cancellationToken).ConfigureAwait(false)).Outcome();
    }

    /// <summary>Starts waiting for a message, which only the returned handle can receive. MPI 4.1 §3.8.2.</summary>
    /// <param name="source">Rank that sends it, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async ValueTask<MatchedMessage> MatchedProbeAsync(
        int source = AnySource, int tag = AnyTag, CancellationToken cancellationToken = default)
    {
        CheckReceive(source, tag);
        cancellationToken.ThrowIfCancellationRequested();
        if (source == NoRank)
            return new MatchedMessage(this, message: null);
        ProbeOperation probe = await FindAsync(source, tag, takes: true, cancellationToken).ConfigureAwait(false);
        return new MatchedMessage(this, probe.Message!);
    }

    /// <summary>Starts receiving a message whose length is not known beforehand.</summary>
    /// <param name="source">Rank that sends it, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Withdraws the receive, unless its message is arriving.</param>
    public async ValueTask<Received<T>> ReceiveOwnedAsync<T>(
        int source = AnySource, int tag = AnyTag, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        CheckReceive(source, tag);
        cancellationToken.ThrowIfCancellationRequested();
        if (source == NoRank)
            return OwnedOfNoRank<T>();
        ReceiveOperation receive = StartOwned<T>(source, tag, cancellationToken, out ValueTask<Status> done);
        try
        {
            Status status = await done.ConfigureAwait(false);
            return TakeOwned<T>(receive, status);
        }
        finally
        {
            lock (Messenger.Gate)
                Messenger.Pool.Return(receive);
        }
    }

    private async ValueTask<ProbeOperation> FindAsync(int source, int tag, bool takes, CancellationToken cancellationToken)
    {
        ProbeOperation probe;
        ValueTask<Status> done = default;
        lock (Messenger.Gate)
        {
            probe = NewProbe(source, tag, takes);
            if (!probe.IsDone)
            {
                Messenger.WatchDeadline(probe, Timeout);
                probe.MakeAsynchronous(cancellationToken);
                done = new ValueTask<Status>(probe, probe.Version);
            }
        }

        await done.ConfigureAwait(false);
        return probe;
    }
}
