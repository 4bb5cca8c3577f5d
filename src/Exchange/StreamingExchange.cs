using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace BoxerMpi;

/// <summary>An all-to-all without a size: blocks leave as they fill and are read as they arrive.</summary>
/// <typeparam name="T">The element type.</typeparam>
/// <remarks>
/// Every rank writes rows for any destination, calls <see cref="CompleteAsync"/>, and reads arrivals until all ranks have completed.
/// A writer whose destination does not read waits (<see cref="ExchangeOptions.BlocksInFlight"/>,
/// <see cref="ExchangeOptions.ArrivalBytes"/>),
/// so read while you write, or use <see cref="ShuffleExtensions"/>. Rows of one source to one destination arrive in the order of writing.
/// Different destinations may be written from different threads at once, one destination from one at a time.
/// The exchange has a communicator of its own; messages of the program never mix with it.
/// </remarks>
public sealed partial class StreamingExchange<T> : IAsyncDisposable
    where T : unmanaged
{
    private const int DataTag = 0;
    private const int EndTag = 1;

    private readonly Communicator _communicator;
    private readonly string _name;
    private readonly TimeSpan _timeout;
    private readonly int _blockCount;
    private readonly int _blocksInFlight;
    private readonly Outlet?[] _outlets;

    // Room for arrived blocks: one count for blocks from others, posted receives included, and one for blocks to oneself. Were they one,
    // receives could take all of it on every rank while every rank waits to write to itself.
    private readonly SemaphoreSlim _roomForOthers;
    private readonly SemaphoreSlim _roomForSelf;
    private readonly int _maxPosted;

    private readonly Channel<Arrival<T>> _arrivals = Channel.CreateUnbounded<Arrival<T>>();
    private readonly bool[] _ended;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _pump;
    private Exception? _failure;
    private int _unfinished;
    private bool _completed;
    private bool _disposed;
    private long _sentBytes;
    private long _receivedBytes;

    internal StreamingExchange(Communicator parent, ExchangeOptions options)
    {
        // A power of two, because that is what the array pool hands out.
        int elements = Math.Max(1, options.BlockBytes / Unsafe.SizeOf<T>());
        _blockCount = 1 << BitOperations.Log2((uint)elements);
        _blocksInFlight = options.BlocksInFlight;
        long blockBytes = (long)_blockCount * Unsafe.SizeOf<T>();
        int room = (int)Math.Clamp(options.ArrivalBytes / blockBytes, 2, 1 << 24);
        _roomForOthers = new SemaphoreSlim(room);
        _roomForSelf = new SemaphoreSlim(room);
        _maxPosted = Math.Min(room, 16);

        _name = $"{parent.Name}.exchange<{typeof(T).Name}>";
        _timeout = parent.Timeout.TotalMilliseconds < int.MaxValue ? parent.Timeout : Timeout.InfiniteTimeSpan;
        int[] members = [.. Enumerable.Range(0, parent.Size)];
        _communicator = parent.CreateChild(members, _name);

        // Receives are posted long before anybody sends; the deadline is that of the reader who waits, or of the writer.
        _communicator.Timeout = Timeout.InfiniteTimeSpan;
        _outlets = new Outlet[_communicator.Size];
        _ended = new bool[_communicator.Size];
        _unfinished = _communicator.Size;
        _pump = PumpAsync();
    }

    /// <summary>The ranks that take part; destinations and sources are below it.</summary>
    public int Size => _outlets.Length;

    /// <summary>Bytes of rows written for other ranks so far, those still collecting in blocks not included.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>Bytes of rows that have arrived from other ranks so far.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Ends the exchange; when it was not finished, the other ranks' operations on it fail too instead of waiting.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;

        if (_failure is not null || !_completed || Volatile.Read(ref _unfinished) > 0)
        {
            // The others cannot know: without the revocation they would wait for rows until their timeout.
            Fail(new ObjectDisposedException(
                nameof(StreamingExchange<>), $"Rank {_communicator.Rank} disposed the exchange before it had finished."));
            _communicator.Revoke(_failure!.Message);
        }

        await _pump.ConfigureAwait(false);
        while (_arrivals.Reader.TryRead(out Arrival<T>? unread))
            unread.Dispose();
        foreach (Outlet? outlet in _outlets)
            outlet?.Dispose();
        await _communicator.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Runs one side of a shuffle; its failure ends the other side too and is thrown by <see cref="ThrowIfFailed"/>.</summary>
    internal async Task GuardAsync(Func<Task> side)
    {
        try
        {
            await side().ConfigureAwait(false);
        }
        catch (Exception ex)
        {
            Fail(ex);
        }
    }

    // The first failure is the reason for all that follows: waiting writers are woken by the token, readers by the channel's end.
    private void Fail(Exception failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is not null)
            return;
        _arrivals.Writer.TryComplete(failure);
        _stop.Cancel();
    }
}
