using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>A message that was probed and is now this holder's alone to receive, once. MPI 4.1 §3.8.2.</summary>
/// <remarks>Disposing it unreceived drops the message.</remarks>
public sealed unsafe class MatchedMessage : IDisposable
{
    private readonly Communicator _communicator;
    private UnexpectedMessage? _message;
    private bool _isTaken;

    /// <param name="communicator">Where it was probed.</param>
    /// <param name="message">The message; null for none, from <see cref="Communicator.NoRank"/>.</param>
    internal MatchedMessage(Communicator communicator, UnexpectedMessage? message)
    {
        (_communicator, _message) = (communicator, message);
        if (message is null)
        {
            (Source, Tag, ByteCount) = Status.OfNoRank;
            return;
        }

        Source = communicator.FromWorldRank(message.Source);
        Tag = message.Tag;
        ByteCount = message.Length;
    }

    /// <summary>Rank that sent it.</summary>
    public int Source { get; }

    /// <summary>Its tag.</summary>
    public int Tag { get; }

    /// <summary>Its length in bytes.</summary>
    public long ByteCount { get; }

    /// <summary>Its length in elements of <typeparamref name="T"/>.</summary>
    public long Count<T>()
        where T : unmanaged => new Status(Source, Tag, ByteCount).Count<T>();

    /// <summary>Receives it into a buffer.</summary>
    /// <exception cref="InvalidOperationException">It was received before.</exception>
    /// <exception cref="MessageTruncatedException">The buffer is shorter.</exception>
    public Status Receive<T>(Span<T> buffer)
        where T : unmanaged
    {
        if (TakeNothing())
            return Status.OfNoRank;
        fixed (T* pointer = buffer)
        {
            lock (_communicator.Messenger.Gate)
            {
                ReceiveOperation receive = Start<T>((byte*)pointer, (long)buffer.Length * sizeof(T), ownsBuffer: false);
                try
                {
                    _communicator.Messenger.WaitFor(receive, _communicator.Timeout);
                    return receive.Outcome();
                }
                finally
                {
                    _communicator.Messenger.Pool.Return(receive);
                }
            }
        }
    }

    /// <summary>Starts receiving it into a buffer.</summary>
    /// <inheritdoc cref="Receive{T}(Span{T})"/>
    public ValueTask<Status> ReceiveAsync<T>(Memory<T> buffer, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TakeNothing())
            return new ValueTask<Status>(Status.OfNoRank);
        lock (_communicator.Messenger.Gate)
        {
            System.Buffers.MemoryHandle pin = buffer.Pin();
            ReceiveOperation receive;
            try
            {
                receive = Start<T>((byte*)pin.Pointer, (long)buffer.Length * sizeof(T), ownsBuffer: false);
            }
            catch
            {
                pin.Dispose();
                throw;
            }

            receive.Pin = pin;
            return _communicator.AwaitReceiveAsync(receive, cancellationToken);
        }
    }

    /// <summary>Receives it into memory of its own.</summary>
    /// <exception cref="InvalidOperationException">It was received before.</exception>
    public Received<T> ReceiveOwned<T>()
        where T : unmanaged
    {
        if (TakeNothing())
            return new Received<T>(block: null, bytes: 0, Status.OfNoRank);
        lock (_communicator.Messenger.Gate)
        {
            ReceiveOperation receive = Start<T>(null, 0, ownsBuffer: true);
            try
            {
                _communicator.Messenger.WaitFor(receive, _communicator.Timeout);
                return Communicator.TakeOwned<T>(receive, receive.Outcome());
            }
            finally
            {
                _communicator.Messenger.Pool.Return(receive);
            }
        }
    }

    /// <summary>Drops the message if it was not received.</summary>
    public void Dispose()
    {
        _isTaken = true;
        if (Interlocked.Exchange(ref _message, null) is { } message)
            _communicator.Messenger.Drop(message);
    }

    /// <summary>Receives it if it is none, from <see cref="Communicator.NoRank"/>; that can be done once, too.</summary>
    private bool TakeNothing()
    {
        if (Source != Communicator.NoRank)
            return false;
        return !Interlocked.Exchange(ref _isTaken, true) ? true : throw TakenBefore();
    }

    private static InvalidOperationException TakenBefore() =>
        new("This message was received or dropped before; a matched message can be received once.");

    private ReceiveOperation Start<T>(byte* buffer, long capacity, bool ownsBuffer)
        where T : unmanaged
    {
        UnexpectedMessage message = Interlocked.Exchange(ref _message, null) ?? throw TakenBefore();
        ReceiveOperation receive = _communicator.Messenger.Pool.RentReceive();
        receive.Prepare(_communicator.Queue, message.Source, message.Tag, buffer, capacity, ownsBuffer);
        receive.Communicator = _communicator;
        receive.Elements = typeof(T);
        _communicator.Messenger.StartReceive(receive, message);
        return receive;
    }
}
