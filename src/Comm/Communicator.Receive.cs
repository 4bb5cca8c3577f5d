using System.Buffers;
using System.Runtime.CompilerServices;
using BoxerMpi.Internal;

namespace BoxerMpi;

public unsafe partial class Communicator
{
    /// <summary>Receives elements into a buffer; waits until they have come.</summary>
    /// <param name="buffer">Where they go; may be longer than the message.</param>
    /// <param name="source">Rank that sends them, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Their tag, or <see cref="AnyTag"/>.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout"/> when null.</param>
    /// <returns>Who sent, with which tag, how many bytes.</returns>
    /// <remarks>Messages of one rank with the same tag arrive in the order they were sent. MPI 4.1 §3.2.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">No such rank or tag.</exception>
    /// <exception cref="MessageTruncatedException">The message was longer than the buffer; it is consumed.</exception>
    /// <exception cref="WireFormatException">The message was sent as an object.</exception>
    /// <exception cref="MpiException">The sender is gone, or sent nothing in time.</exception>
    public Status Receive<T>(Span<T> buffer, int source = AnySource, int tag = AnyTag, TimeSpan? timeout = null)
        where T : unmanaged
    {
        CheckReceive(source, tag);
        TimeSpan limit = TimeoutOr(timeout);
        if (source == NoRank)
            return Status.OfNoRank;
        fixed (T* pointer = buffer)
        {
            Status status = Messenger.Receive(this, Queue, ToWorldRank(source), tag, (byte*)pointer, (long)buffer.Length * sizeof(T), limit);
            return typeof(T) != typeof(byte) && ObjectFormat.IsMarked((byte*)pointer, status.ByteCount)
                && ObjectFormat.Refusal(new ReadOnlySpan<byte>(pointer, (int)status.ByteCount), typeof(T), this, status) is { } refusal
                ? throw refusal
                : status;
        }
    }

    /// <summary>Receives one value; the default from <see cref="NoRank"/>.</summary>
    /// <exception cref="MpiException">The message was not exactly one value, or did not come.</exception>
    public T Receive<T>(int source = AnySource, int tag = AnyTag)
        where T : unmanaged
    {
        T value = default;
        Status status = Receive(new Span<T>(ref value), source, tag);
        if (source != NoRank)
            CheckWhole<T>(status, 1);
        return value;
    }

    /// <summary>Starts receiving elements; the task ends when they are in the buffer.</summary>
    /// <param name="buffer">Where they go; not to be used before the task ends.</param>
    /// <param name="source">Rank that sends them, or <see cref="AnySource"/>.</param>
    /// <param name="tag">Their tag, or <see cref="AnyTag"/>.</param>
    /// <param name="cancellationToken">Withdraws the receive, unless its message is arriving: it then ends well.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such rank or tag.</exception>
    public ValueTask<Status> ReceiveAsync<T>(
        Memory<T> buffer, int source = AnySource, int tag = AnyTag, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        CheckReceive(source, tag);
        cancellationToken.ThrowIfCancellationRequested();
        if (source == NoRank)
            return new ValueTask<Status>(Status.OfNoRank);
        lock (Messenger.Gate)
        {
            ReceiveOperation receive = StartPinned(buffer, source, tag);
            if (!receive.IsDone)
                Messenger.Engine.Poll();
            return AwaitReceiveAsync(receive, cancellationToken);
        }
    }

    /// <summary>Starts receiving elements, for code that polls: see <see cref="Request"/>.</summary>
    /// <inheritdoc cref="ReceiveAsync{T}(Memory{T}, int, int, CancellationToken)"/>
    public Request StartReceive<T>(Memory<T> buffer, int source = AnySource, int tag = AnyTag)
        where T : unmanaged
    {
        CheckReceive(source, tag);
        if (source == NoRank)
            return new Request(this, Status.OfNoRank);
        lock (Messenger.Gate)
            return new Request(this, StartPinned(buffer, source, tag));
    }

    /// <summary>Sends to one rank and receives from another at once, so that no order of the two can block. MPI 4.1 §3.10.</summary>
    /// <param name="send">Elements to send.</param>
    /// <param name="destination">Rank that receives them, or <see cref="NoRank"/>.</param>
    /// <param name="receive">Buffer for what comes; may not overlap <paramref name="send"/>.</param>
    /// <param name="source">Rank that sends to this one, <see cref="AnySource"/> or <see cref="NoRank"/>.</param>
    /// <param name="tag">Tag of the message sent.</param>
    /// <param name="receiveTag">Tag of the message received, or <see cref="AnyTag"/>; <paramref name="tag"/> when null.</param>
    public Status SendReceive<T>(ReadOnlySpan<T> send, int destination, Span<T> receive, int source, int tag = 0, int? receiveTag = null)
        where T : unmanaged
    {
        CheckSend(destination, tag);
        CheckReceive(source, receiveTag ?? tag);
        CheckOverlap(send, receive);
        if (source == NoRank)
        {
            Send(send, destination, tag);
            return Status.OfNoRank;
        }

        if (destination == NoRank)
            return Receive(receive, source, receiveTag ?? tag);
        fixed (T* outgoing = send, incoming = receive)
        {
            lock (Messenger.Gate)
            {
                ReceiveOperation operation = Messenger.Pool.RentReceive();
                operation.Prepare(
                    Queue, ToWorldRank(source), receiveTag ?? tag, (byte*)incoming, (long)receive.Length * sizeof(T), ownsBuffer: false);
                operation.Communicator = this;
                operation.Elements = typeof(T);
                SendOperation? sending = null;
                try
                {
                    Messenger.StartReceive(operation);
                    sending = Messenger.StartSend(
                        this, Queue, ToWorldRank(destination), tag, (byte*)outgoing, (long)send.Length * sizeof(T), synchronous: false);
                    if (sending is null)
                        Messenger.WaitFor(operation, Timeout);
                    else
                        Messenger.WaitForBoth(sending, operation, Timeout);
                    return operation.Outcome();
                }
                finally
                {
                    EndEarly(operation);
                    if (sending is not null)
                        EndEarly(sending);
                }
            }
        }
    }

    /// <summary>Sends the buffer's elements and receives others into it.</summary>
    /// <inheritdoc cref="SendReceive{T}(ReadOnlySpan{T}, int, Span{T}, int, int, int?)"/>
    public Status SendReceiveReplace<T>(Span<T> buffer, int destination, int source, int tag = 0, int? receiveTag = null)
        where T : unmanaged
    {
        T[] copy = ArrayPool<T>.Shared.Rent(buffer.Length);
        try
        {
            buffer.CopyTo(copy);
            return SendReceive(copy.AsSpan(0, buffer.Length), destination, buffer, source, tag, receiveTag);
        }
        finally
        {
            ArrayPool<T>.Shared.Return(copy);
        }
    }

    internal ValueTask<Status> AwaitReceiveAsync(ReceiveOperation receive, CancellationToken cancellationToken)
    {
        if (!receive.IsDone)
        {
            Messenger.WatchDeadline(receive, Timeout);
            receive.MakeAsynchronous(cancellationToken);
            return new ValueTask<Status>(receive, receive.Version);
        }

        try
        {
            return new ValueTask<Status>(receive.Outcome());
        }
        catch (MpiException exception)
        {
            return ValueTask.FromException<Status>(exception);
        }
        finally
        {
            if (!receive.OwnsBuffer)
                Messenger.Pool.Return(receive);
        }
    }

    internal void CheckWhole<T>(Status status, long count)
    {
        if (status.ByteCount == count * Unsafe.SizeOf<T>())
            return;
        throw new MessageTruncatedException(
            $"Receive on \"{Name}\": expected {count} value(s) of {Unsafe.SizeOf<T>()} bytes from rank {status.Source} (tag " +
            $"{status.Tag}), got {status.ByteCount} bytes.")
        {
            ExpectedBytes = count * Unsafe.SizeOf<T>(),
            ActualBytes = status.ByteCount,
            Peer = status.Source,
            Tag = status.Tag,
            Rank = Messenger.Rank,
            Communicator = Name,
            Operation = "Receive",
        };
    }

    /// <summary>Gives an operation back to its pool, after giving it up if it has not ended.</summary>
    internal void EndEarly(Operation operation)
    {
        if (operation is { IsDone: false, IsStarted: true })
            operation.GiveUp(error: null);

        Messenger.Pool.ReturnAny(operation);
    }

    private ReceiveOperation StartPinned<T>(Memory<T> buffer, int source, int tag)
        where T : unmanaged
    {
        MemoryHandle pin = buffer.Pin();
        ReceiveOperation receive = Messenger.Pool.RentReceive();
        receive.Prepare(Queue, ToWorldRank(source), tag, (byte*)pin.Pointer, (long)buffer.Length * sizeof(T), ownsBuffer: false);
        receive.Communicator = this;
        receive.Elements = typeof(T);
        receive.Pin = pin;
        try
        {
            Messenger.StartReceive(receive);
        }
        catch
        {
            Messenger.Pool.Return(receive);
            throw;
        }

        return receive;
    }
}
