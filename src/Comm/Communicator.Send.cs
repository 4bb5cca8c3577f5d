using System.Buffers;
using BoxerMpi.Internal;

namespace BoxerMpi;

public unsafe partial class Communicator
{
    /// <summary>Sends elements to a rank; returns when the memory may be used again.</summary>
    /// <param name="data">The elements.</param>
    /// <param name="destination">Rank that receives them; may be this one, or <see cref="NoRank"/>.</param>
    /// <param name="tag">Zero or more; the receiver can select by it.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout"/> when null.</param>
    /// <remarks>
    /// Up to the eager limit (64 KiB) it does not wait for the receiver; above, it may wait until the receive is posted.
    /// MPI 4.1 §3.2.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">No such rank, or a negative tag.</exception>
    /// <exception cref="MpiException">The rank is gone, cannot be reached, or did not receive in time.</exception>
    public void Send<T>(ReadOnlySpan<T> data, int destination, int tag = 0, TimeSpan? timeout = null)
        where T : unmanaged => Send(data, destination, tag, synchronous: false, timeout);

    /// <summary>Sends one value.</summary>
    /// <inheritdoc cref="Send{T}(ReadOnlySpan{T}, int, int, TimeSpan?)"/>
    public void Send<T>(T value, int destination, int tag = 0)
        where T : unmanaged => Send(new ReadOnlySpan<T>(in value), destination, tag);

    /// <summary>Sends elements and returns only when the receiver has matched them. MPI 4.1 §3.4.</summary>
    /// <inheritdoc cref="Send{T}(ReadOnlySpan{T}, int, int, TimeSpan?)"/>
    public void SynchronousSend<T>(ReadOnlySpan<T> data, int destination, int tag = 0, TimeSpan? timeout = null)
        where T : unmanaged => Send(data, destination, tag, synchronous: true, timeout);

    /// <summary>Starts sending elements; the task ends when the memory may be used again.</summary>
    /// <param name="data">The elements; not to be changed before the task ends.</param>
    /// <param name="destination">Rank that receives them.</param>
    /// <param name="tag">Zero or more.</param>
    /// <param name="cancellationToken">Withdraws the send, unless its message leaves or the receiver has matched it: it then ends well. A cancelled message is never received.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such rank, or a negative tag.</exception>
    public ValueTask SendAsync<T>(ReadOnlyMemory<T> data, int destination, int tag = 0, CancellationToken cancellationToken = default)
        where T : unmanaged => StartSendAsync(data, destination, tag, synchronous: false, cancellationToken);

    /// <summary>Starts sending one value.</summary>
    /// <inheritdoc cref="SendAsync{T}(ReadOnlyMemory{T}, int, int, CancellationToken)"/>
    public ValueTask SendAsync<T>(T value, int destination, int tag = 0, CancellationToken cancellationToken = default)
        where T : unmanaged => SendAsync<T>(new[] { value }, destination, tag, cancellationToken);

    /// <summary>Starts sending elements; the task ends when the receiver has matched them and the memory may be used again.</summary>
    /// <inheritdoc cref="SendAsync{T}(ReadOnlyMemory{T}, int, int, CancellationToken)"/>
    public ValueTask SynchronousSendAsync<T>(
        ReadOnlyMemory<T> data, int destination, int tag = 0, CancellationToken cancellationToken = default)
        where T : unmanaged => StartSendAsync(data, destination, tag, synchronous: true, cancellationToken);

    /// <summary>Starts sending elements, for code that polls: see <see cref="Request"/>.</summary>
    /// <inheritdoc cref="SendAsync{T}(ReadOnlyMemory{T}, int, int, CancellationToken)"/>
    public Request StartSend<T>(ReadOnlyMemory<T> data, int destination, int tag = 0)
        where T : unmanaged
    {
        CheckSend(destination, tag);
        if (destination == NoRank)
            return new Request(this, Status.OfNoRank);
        MemoryHandle pin = data.Pin();
        lock (Messenger.Gate)
        {
            SendOperation? send = StartPinned(pin, data.Length * (long)sizeof(T), destination, tag, synchronous: false);
            return new Request(this, send);
        }
    }

    private void Send<T>(ReadOnlySpan<T> data, int destination, int tag, bool synchronous, TimeSpan? timeout)
        where T : unmanaged
    {
        CheckSend(destination, tag);
        TimeSpan limit = TimeoutOr(timeout);
        if (destination == NoRank)
            return;
        fixed (T* pointer = data)
            Messenger.Send(
                this, Queue, ToWorldRank(destination), tag, (byte*)pointer, (long)data.Length * sizeof(T), synchronous, limit);
    }

    private ValueTask StartSendAsync<T>(
        ReadOnlyMemory<T> data, int destination, int tag, bool synchronous, CancellationToken cancellationToken)
        where T : unmanaged
    {
        CheckSend(destination, tag);
        cancellationToken.ThrowIfCancellationRequested();
        if (destination == NoRank)
            return ValueTask.CompletedTask;
        MemoryHandle pin = data.Pin();
        lock (Messenger.Gate)
        {
            SendOperation? send = StartPinned(pin, data.Length * (long)sizeof(T), destination, tag, synchronous);
            if (send is null)
                return ValueTask.CompletedTask;
            if (!send.IsDone)
            {
                Messenger.WatchDeadline(send, Timeout);
                send.MakeAsynchronous(cancellationToken);
                return new ValueTask(send, send.Version);
            }

            try
            {
                send.Outcome();
                return ValueTask.CompletedTask;
            }
            catch (MpiException exception)
            {
                return ValueTask.FromException(exception);
            }
            finally
            {
                Messenger.Pool.Return(send);
            }
        }
    }

    private SendOperation? StartPinned(MemoryHandle pin, long length, int destination, int tag, bool synchronous)
    {
        bool kept = false;
        try
        {
            SendOperation? send = Messenger.StartSend(this, Queue, ToWorldRank(destination), tag, (byte*)pin.Pointer, length, synchronous);
            if (send is not null)
            {
                send.Pin = pin;
                kept = true;
            }

            return send;
        }
        finally
        {
            if (!kept)
                pin.Dispose();
        }
    }
}
