using BoxerMpi.Internal;

namespace BoxerMpi;

public unsafe partial class Communicator
{
    /// <summary>Waits for a message and leaves it where it is, for whichever receive gets it. MPI 4.1 §3.8.1.</summary>
    /// <param name="source">Rank that sends it, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout"/> when null.</param>
    /// <returns>Who sent it, its tag and its length.</returns>
    /// <remarks>
    /// The next receive from that rank with that tag gets it, unless another thread receives meanwhile: with several threads use
    /// <see cref="MatchedProbe"/>.
    /// </remarks>
    /// <exception cref="MpiException">The sender is gone, or sent nothing in time.</exception>
    public Status Probe(int source = AnySource, int tag = AnyTag, TimeSpan? timeout = null)
    {
        CheckReceive(source, tag);
        TimeSpan limit = TimeoutOr(timeout);
        if (source == NoRank)
            return Status.OfNoRank;
        lock (Messenger.Gate)
        {
            ProbeOperation probe = NewProbe(source, tag, takes: false);
            Messenger.WaitFor(probe, limit);
            return probe.Outcome();
        }
    }

    /// <summary>Tells of a message that is there and leaves it where it is, or returns null at once. MPI 4.1 §3.8.1.</summary>
    /// <param name="source">Rank that sends it, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <exception cref="MpiException">There is none, and none can come any more: the sender is gone.</exception>
    public Status? TryProbe(int source = AnySource, int tag = AnyTag)
    {
        CheckReceive(source, tag);
        if (source == NoRank)
            return Status.OfNoRank;
        lock (Messenger.Gate)
        {
            Messenger.Engine.Poll();
            return Messenger.TryProbe(this, ToWorldRank(source), tag, take: false) is { } message
                ? new Status(FromWorldRank(message.Source), message.Tag, message.Length)
                : null;
        }
    }

    /// <summary>Waits for a message and takes it out of the queue, so that only the returned handle can receive it. MPI 4.1 §3.8.2.</summary>
    /// <param name="source">Rank that sends it, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout"/> when null.</param>
    /// <exception cref="MpiException">The sender is gone, or sent nothing in time.</exception>
    public MatchedMessage MatchedProbe(int source = AnySource, int tag = AnyTag, TimeSpan? timeout = null)
    {
        CheckReceive(source, tag);
        TimeSpan limit = TimeoutOr(timeout);
        if (source == NoRank)
            return new MatchedMessage(this, message: null);
        lock (Messenger.Gate)
        {
            ProbeOperation probe = NewProbe(source, tag, takes: true);
            Messenger.WaitFor(probe, limit);
            probe.Outcome();
            return new MatchedMessage(this, probe.Message!);
        }
    }

    /// <summary>Takes a message that is there, or returns null at once. MPI 4.1 §3.8.2.</summary>
    /// <param name="source">Rank that sends it, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Its tag, or <see cref="AnyTag"/>.</param>
    /// <exception cref="MpiException">There is none, and none can come any more: the sender is gone.</exception>
    public MatchedMessage? TryMatchedProbe(int source = AnySource, int tag = AnyTag)
    {
        CheckReceive(source, tag);
        if (source == NoRank)
            return new MatchedMessage(this, message: null);
        lock (Messenger.Gate)
        {
            Messenger.Engine.Poll();
            return Messenger.TryProbe(this, ToWorldRank(source), tag, take: true) is { } message ? new MatchedMessage(this, message) : null;
        }
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
        TimeSpan limit = TimeoutOr(timeout);
        if (source == NoRank)
            return OwnedOfNoRank<T>();
        lock (Messenger.Gate)
        {
            ReceiveOperation receive = PrepareOwned<T>(source, tag);
            try
            {
                Messenger.StartReceive(receive);
                Messenger.WaitFor(receive, limit);
                return TakeOwned<T>(receive, receive.Outcome());
            }
            finally
            {
                Messenger.Pool.Return(receive);
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

    private static Received<T> OwnedOfNoRank<T>()
        where T : unmanaged => new(block: null, bytes: 0, Status.OfNoRank);

    private ReceiveOperation PrepareOwned<T>(int source, int tag)
        where T : unmanaged
    {
        ReceiveOperation receive = Messenger.Pool.RentReceive();
        receive.Prepare(Queue, ToWorldRank(source), tag, null, 0, ownsBuffer: true);
        receive.Communicator = this;
        receive.Elements = typeof(T);
        return receive;
    }

    private ReceiveOperation StartOwned<T>(int source, int tag, CancellationToken cancellationToken, out ValueTask<Status> done)
        where T : unmanaged
    {
        lock (Messenger.Gate)
        {
            ReceiveOperation receive = PrepareOwned<T>(source, tag);
            try
            {
                Messenger.StartReceive(receive);
            }
            catch
            {
                Messenger.Pool.Return(receive);
                throw;
            }

            if (!receive.IsDone)
                Messenger.Engine.Poll();
            done = AwaitReceiveAsync(receive, cancellationToken);
            return receive;
        }
    }

    private ProbeOperation NewProbe(int source, int tag, bool takes)
    {
        ProbeOperation probe = new(Messenger, Queue, ToWorldRank(source), tag, takes) { Communicator = this };
        Messenger.StartProbe(probe);
        if (!probe.IsDone)
            Messenger.Engine.Poll();
        return probe;
    }
}
