using System.Buffers;
using System.Runtime.CompilerServices;
using BoxerMpi.Transport;

namespace BoxerMpi;

public sealed partial class StreamingExchange<T>
{
    /// <summary>Writes one row; blocks the calling thread while the destination has as many blocks in flight as allowed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    /// <exception cref="InvalidOperationException">This rank has completed its writing.</exception>
    /// <exception cref="MpiTimeoutException">The destination did not take a block within the communicator's timeout.</exception>
    /// <exception cref="PeerFailedException">A rank was lost.</exception>
    public void Write(int destination, T row)
    {
        if (!TryAppend(destination, row))
            SendFullAsync(destination, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Writes rows, which are copied; waits while the destination has as many blocks in flight as allowed.</summary>
    /// <param name="destination">The rank that gets the rows.</param>
    /// <param name="rows">Any number of rows.</param>
    /// <param name="cancellationToken">Cancels the wait; a part of the rows may have been written.</param>
    /// <inheritdoc cref="Write(int, T)"/>
    public async ValueTask WriteAsync(int destination, ReadOnlyMemory<T> rows, CancellationToken cancellationToken = default)
    {
        Outlet outlet = OutletFor(destination);
        while (!rows.IsEmpty)
        {
            T[] block = outlet.Block ??= ArrayPool<T>.Shared.Rent(_blockCount);
            int count = Math.Min(rows.Length, _blockCount - outlet.Filled);
            rows.Span[..count].CopyTo(block.AsSpan(outlet.Filled));
            rows = rows[count..];
            outlet.Filled += count;
            if (outlet.Filled == _blockCount)
                await SendBlockAsync(destination, outlet, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends what has collected for all destinations, full block or not; the rows' arrival is not awaited.</summary>
    /// <exception cref="PeerFailedException">A rank was lost.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfUnusable();

        // From the next rank round, so that the ranks do not all flush to rank 0 first.
        for (int i = 1; i <= Size; i++)
        {
            int destination = (_communicator.Rank + i) % Size;
            if (_outlets[destination] is { Filled: > 0 } outlet)
                await SendBlockAsync(destination, outlet, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Sends what is left and the end marker to every rank; ends when all that this rank wrote has left it. Nothing can be written
    /// afterwards.
    /// </summary>
    /// <exception cref="InvalidOperationException">It was called already.</exception>
    /// <exception cref="MpiTimeoutException">A destination did not take its blocks within the communicator's timeout.</exception>
    /// <exception cref="PeerFailedException">A rank was lost.</exception>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfUnusable();

        // An end marker tells the others that all rows are there: none leaves after the cancellation.
        cancellationToken.ThrowIfCancellationRequested();
        _completed = true;

        // All at once: a rank that does not read yet must not hold back the others' end markers.
        Task[] ends = new Task[Size];
        for (int i = 1; i <= Size; i++)
        {
            int destination = (_communicator.Rank + i) % Size;
            ends[i - 1] = EndAsync(destination, cancellationToken).AsTask();
        }

        await Task.WhenAll(ends).ConfigureAwait(false);
        ThrowIfFailed();
    }

    /// <summary>Appends rows until a block is full: its destination, or -1 when all rows are in.</summary>
    internal int Append(ReadOnlySpan<T> rows, Func<T, int> destinationOf, out int appended)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            int destination = destinationOf(rows[i]);
            if (!TryAppend(destination, rows[i]))
            {
                appended = i + 1;
                return destination;
            }
        }

        appended = rows.Length;
        return -1;
    }

    internal ValueTask SendFullAsync(int destination, CancellationToken cancellationToken) =>
        SendBlockAsync(destination, _outlets[destination]!, cancellationToken);

    // The row is in in any case; false says that its block is full and has to leave before the next row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAppend(int destination, T row)
    {
        Outlet outlet = OutletFor(destination);
        T[] block = outlet.Block ??= ArrayPool<T>.Shared.Rent(_blockCount);
        block[outlet.Filled] = row;
        return ++outlet.Filled < _blockCount;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Outlet OutletFor(int destination)
    {
        if (_completed || _failure is not null)
            ThrowIfUnusable();
        if ((uint)destination >= (uint)_outlets.Length)
        {
            throw new ArgumentOutOfRangeException(
                nameof(destination), destination, $"The exchange \"{_name}\" has ranks 0 to {_outlets.Length - 1}.");
        }

        return _outlets[destination] ??= new Outlet(_blocksInFlight);
    }

    private async ValueTask SendBlockAsync(int destination, Outlet outlet, CancellationToken cancellationToken)
    {
        if (destination == _communicator.Rank)
        {
            await WaitForRoomAsync(_roomForSelf, destination, cancellationToken).ConfigureAwait(false);
            (T[] own, int ownCount) = outlet.Take();
            Deliver(new Arrival<T>(destination, own, ownCount, _roomForSelf));
            return;
        }

        await WaitForRoomAsync(outlet.Room, destination, cancellationToken).ConfigureAwait(false);
        (T[] block, int count) = outlet.Take();
        Interlocked.Add(ref _sentBytes, (long)count * Unsafe.SizeOf<T>());
        _ = FinishSendAsync(_communicator.SendAsync<T>(block.AsMemory(0, count), destination, DataTag, _stop.Token), outlet, block);
    }

    // Runs to its end at once when the send does. Its failure reaches the writer by way of _failure.
    private async Task FinishSendAsync(ValueTask send, Outlet outlet, T[]? block)
    {
        try
        {
            await send.ConfigureAwait(false);
            if (block is not null)
                ArrayPool<T>.Shared.Return(block);
        }
        catch (Exception ex)
        {
            // The block is not returned: a detached send may still read it.
            Fail(ex);
        }
        finally
        {
            outlet.Room.Release();
        }
    }

    private async ValueTask EndAsync(int destination, CancellationToken cancellationToken)
    {
        Outlet? outlet = _outlets[destination];
        if (outlet is { Filled: > 0 })
            await SendBlockAsync(destination, outlet, cancellationToken).ConfigureAwait(false);
        if (destination == _communicator.Rank)
        {
            End(destination);
            return;
        }

        // The end marker is one more block of no rows. All room is free again when the last one has left.
        outlet ??= _outlets[destination] = new Outlet(_blocksInFlight);
        await WaitForRoomAsync(outlet.Room, destination, cancellationToken).ConfigureAwait(false);
        _ = FinishSendAsync(_communicator.SendAsync(ReadOnlyMemory<T>.Empty, destination, EndTag, _stop.Token), outlet, block: null);
        for (int i = 0; i < _blocksInFlight; i++)
            await WaitForRoomAsync(outlet.Room, destination, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask WaitForRoomAsync(SemaphoreSlim room, int destination, CancellationToken cancellationToken) =>
        TryEnter(room) ? ValueTask.CompletedTask : WaitLongerAsync(room, destination, cancellationToken);

    private static bool TryEnter(SemaphoreSlim room) => room.Wait(0);

    private async ValueTask WaitLongerAsync(SemaphoreSlim room, int destination, CancellationToken cancellationToken)
    {
        TimeSpan limit = _timeout;
        using CancellationTokenSource late = new(limit, RunningTime.Instance);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellationToken, late.Token);
        bool entered = false;
        try
        {
            await room.WaitAsync(either.Token).ConfigureAwait(false);
            entered = true;
        }
        catch (OperationCanceledException) when (
            late.IsCancellationRequested && !_stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Told below.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            ThrowIfFailed();
            throw;
        }

        if (!entered)
        {
            string state = destination == _communicator.Rank
                ? "this rank does not read the rows that it wrote for itself"
                : $"rank {destination} has not taken {_blocksInFlight} blocks of {_blockCount} rows";
            MpiTimeoutException timeout = TimedOut(
                "Write", limit, [destination],
                $"{state}. Read arrivals while writing (ShuffleAsync does both), or raise " +
                $"{nameof(ExchangeOptions)}.{nameof(ExchangeOptions.ArrivalBytes)}.");
            Fail(timeout);
            throw timeout;
        }

        ThrowIfFailed();
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ThrowIfFailed();
        if (_completed)
            throw new InvalidOperationException("This rank has completed its part of the exchange; nothing can be written to it any more.");
    }

    internal void ThrowIfFailed()
    {
        if (_failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
    }

    // What collects for one destination, and how many blocks may be on their way there.
    private sealed class Outlet(int blocksInFlight) : IDisposable
    {
        public readonly SemaphoreSlim Room = new(blocksInFlight);
        public T[]? Block;
        public int Filled;

        public (T[] Block, int Count) Take()
        {
            (T[] Block, int Count) taken = (Block!, Filled);
            (Block, Filled) = (null, 0);
            return taken;
        }

        public void Dispose()
        {
            if (Block is not null)
                ArrayPool<T>.Shared.Return(Block);
            Block = null;

            // Room is left alone: a send that was just cancelled still releases it.
        }
    }
}
