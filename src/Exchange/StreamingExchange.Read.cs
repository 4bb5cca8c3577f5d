using System.Buffers;
using System.Runtime.CompilerServices;
using BoxerMpi.Transport;

namespace BoxerMpi;

public sealed partial class StreamingExchange<T>
{
    /// <summary>
    /// The blocks in the order of their arrival, until every rank has completed. Dispose each one: that makes room for the next.
    /// </summary>
    /// <remarks>Several readers share the blocks. A reader waits as long as the communicator's timeout allows for one block.</remarks>
    /// <exception cref="MpiTimeoutException">Nothing arrived within the communicator's timeout.</exception>
    /// <exception cref="PeerFailedException">A rank was lost; what had arrived before was delivered.</exception>
    public async IAsyncEnumerable<Arrival<T>> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        do
        {
            while (_arrivals.Reader.TryRead(out Arrival<T>? arrival))
                yield return arrival;
        }
        while (await WaitForArrivalAsync(cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<bool> WaitForArrivalAsync(CancellationToken cancellationToken)
    {
        Task<bool> wait = _arrivals.Reader.WaitToReadAsync(cancellationToken).AsTask();
        if (wait.IsCompleted)
            return await wait.ConfigureAwait(false);

        TimeSpan limit = _timeout;
        try
        {
            return await wait.WaitAsync(limit, RunningTime.Instance, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            int[] missing = [.. Enumerable.Range(0, Size).Where(rank => !Volatile.Read(ref _ended[rank]))];
            MpiTimeoutException timeout = TimedOut(
                "Read", limit, missing,
                $"no rows from {missing.Length} ranks that have not completed: {string.Join(", ", missing.Take(16))}.");
            Fail(timeout);
            throw timeout;
        }
    }

    // Keeps a few receives posted, so that blocks land in their final memory, and hands them on in the order of posting: the receives
    // take any source, and matching in order keeps the rows of one source in order.
    private async Task PumpAsync()
    {
        Queue<(Task<Status> Receive, T[] Block)> posted = new();
        try
        {
            for (int open = Size - 1; open > 0;)
            {
                // Never more receives than ranks that have not ended: each of those sends at least its end marker, so none is left over.
                while (posted.Count < Math.Min(open, _maxPosted) && await HasRoomAsync(mustWait: posted.Count == 0).ConfigureAwait(false))
                {
                    T[] buffer = ArrayPool<T>.Shared.Rent(_blockCount);
                    posted.Enqueue((_communicator.ReceiveAsync<T>(
                        buffer.AsMemory(0, _blockCount), Communicator.AnySource, Communicator.AnyTag, _stop.Token).AsTask(), buffer));
                }

                (Task<Status> receive, T[] block) = posted.Peek();
                Status status = await receive.ConfigureAwait(false);
                posted.Dequeue();
                if (status.Tag == EndTag)
                {
                    ArrayPool<T>.Shared.Return(block);
                    _roomForOthers.Release();
                    End(status.Source);
                    open--;
                }
                else
                {
                    Interlocked.Add(ref _receivedBytes, status.ByteCount);
                    Deliver(new Arrival<T>(status.Source, block, (int)(status.ByteCount / Unsafe.SizeOf<T>()), _roomForOthers));
                }
            }
        }
        catch (Exception ex)
        {
            // Blocks of receives that did not end well are left to the collector: a detached receive may still write to them.
            Fail(ex);
        }
    }

    private async ValueTask<bool> HasRoomAsync(bool mustWait)
    {
        if (TryEnter(_roomForOthers))
            return true;
        if (!mustWait)
            return false;
        await _roomForOthers.WaitAsync(_stop.Token).ConfigureAwait(false);
        return true;
    }

    private void Deliver(Arrival<T> arrival)
    {
        if (!_arrivals.Writer.TryWrite(arrival))
            arrival.Dispose();
    }

    private void End(int rank)
    {
        Volatile.Write(ref _ended[rank], true);
        if (Interlocked.Decrement(ref _unfinished) == 0)
            _arrivals.Writer.TryComplete();
    }

    private MpiTimeoutException TimedOut(string operation, TimeSpan limit, int[] missing, string state) =>
        new($"{operation} on the exchange \"{_name}\" ({Size} ranks) timed out after {limit.TotalSeconds:F1} s on rank {_communicator.Rank}: {state}")
        {
            Operation = operation,
            Communicator = _name,
            Rank = _communicator.Rank,
            Deadline = limit,
            Elapsed = limit,
            MissingRanks = missing,
        };
}
