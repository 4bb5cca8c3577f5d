namespace BoxerMpi;

/// <summary>A whole streaming exchange in one call.</summary>
public static class ShuffleExtensions
{
    /// <summary>Sends every row to the rank that owns it and hands over the rows that arrive, both at the same time.</summary>
    /// <typeparam name="T">The row type.</typeparam>
    /// <param name="communicator">The ranks that exchange; all of them call it.</param>
    /// <param name="rows">This rank's rows.</param>
    /// <param name="ownerOf">The rank that a row goes to; must not depend on the rank that asks.</param>
    /// <param name="onArrival">
    /// Takes rows from a source. Never called twice at once, but while <paramref name="ownerOf"/> runs; the memory is valid for the call.
    /// </param>
    /// <param name="options">Block size and bounds; the same on all ranks.</param>
    /// <param name="cancellationToken">Ends the exchange on all ranks.</param>
    /// <returns>How much was moved.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ownerOf"/> named a rank that does not exist.</exception>
    /// <exception cref="PeerFailedException">A rank was lost.</exception>
    public static ValueTask<ShuffleCounts> ShuffleAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> rows, Func<T, int> ownerOf, Action<int, ReadOnlyMemory<T>> onArrival,
        ExchangeOptions? options = null, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        communicator.ShuffleAsync(OnceAsync(rows), ownerOf, onArrival, options, cancellationToken);

    /// <param name="communicator">The ranks that exchange; all of them call it.</param>
    /// <param name="rows">
    /// This rank's rows in pieces, such as the row groups of a file; a piece is used up before the next one is asked for.
    /// </param>
    /// <param name="ownerOf">The rank that a row goes to; must not depend on the rank that asks.</param>
    /// <param name="onArrival">
    /// Takes rows from a source. Never called twice at once, but while <paramref name="ownerOf"/> runs; the memory is valid for the call.
    /// </param>
    /// <param name="options">Block size and bounds; the same on all ranks.</param>
    /// <param name="cancellationToken">Ends the exchange on all ranks.</param>
    /// <inheritdoc cref="ShuffleAsync{T}(Communicator, ReadOnlyMemory{T}, Func{T, int}, Action{int, ReadOnlyMemory{T}}, ExchangeOptions?, CancellationToken)"/>
    public static async ValueTask<ShuffleCounts> ShuffleAsync<T>(
        this Communicator communicator, IAsyncEnumerable<ReadOnlyMemory<T>> rows, Func<T, int> ownerOf,
        Action<int, ReadOnlyMemory<T>> onArrival, ExchangeOptions? options = null, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(ownerOf);
        ArgumentNullException.ThrowIfNull(onArrival);

        StreamingExchange<T> exchange = communicator.OpenExchange<T>(options);
        await using (exchange.ConfigureAwait(false))
        {
            // Reading begins first: until something has arrived it takes no thread, and afterwards it runs beside the writing.
            Task reading = exchange.GuardAsync(() => ReadAsync(exchange, onArrival, cancellationToken));
            Task writing = exchange.GuardAsync(() => WriteAsync(exchange, rows, ownerOf, cancellationToken));
            await Task.WhenAll(writing, reading).ConfigureAwait(false);
            exchange.ThrowIfFailed();
            return new ShuffleCounts(exchange.SentBytes, exchange.ReceivedBytes);
        }
    }

    private static async Task ReadAsync<T>(
        StreamingExchange<T> exchange, Action<int, ReadOnlyMemory<T>> onArrival, CancellationToken cancellationToken)
        where T : unmanaged
    {
        await foreach (Arrival<T> arrival in exchange.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            using (arrival)
                onArrival(arrival.Source, arrival.Memory);
        }
    }

    private static async Task WriteAsync<T>(
        StreamingExchange<T> exchange, IAsyncEnumerable<ReadOnlyMemory<T>> pieces, Func<T, int> ownerOf,
        CancellationToken cancellationToken)
        where T : unmanaged
    {
        await foreach (ReadOnlyMemory<T> piece in pieces.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            ReadOnlyMemory<T> rest = piece;
            while (!rest.IsEmpty)
            {
                int full = exchange.Append(rest.Span, ownerOf, out int appended);
                rest = rest[appended..];
                if (full >= 0)
                    await exchange.SendFullAsync(full, cancellationToken).ConfigureAwait(false);
            }
        }

        await exchange.CompleteAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<T>> OnceAsync<T>(ReadOnlyMemory<T> rows)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return rows;
    }
}

/// <summary>What a shuffle moved between this rank and the others.</summary>
/// <param name="SentBytes">Bytes of rows sent to other ranks.</param>
/// <param name="ReceivedBytes">Bytes of rows received from other ranks.</param>
public readonly record struct ShuffleCounts(long SentBytes, long ReceivedBytes);
