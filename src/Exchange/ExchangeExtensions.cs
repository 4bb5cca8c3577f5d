using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

/// <summary>Shuffles: every rank gives rows to every rank, without knowing how many it will get.</summary>
public static class ExchangeExtensions
{
    /// <summary>Every rank gives a part to every rank; the counts are found on the way.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="communicator">The ranks that exchange.</param>
    /// <param name="parts">
    /// Size parts of any length; part i goes to rank i. Parts that stand one after the other in one array are not copied.
    /// </param>
    /// <param name="cancellationToken">Cancelling it revokes the communicator on all ranks.</param>
    /// <returns>What the ranks sent here, in pooled memory that the caller disposes.</returns>
    /// <remarks>
    /// Collective: all ranks call it. An AllToAll of the counts, then an AllToAllV (MPI 4.1 §6.8); empty parts send nothing.
    /// </remarks>
    /// <exception cref="ArgumentException">There is not one part for each rank.</exception>
    /// <exception cref="OverflowException">More than <see cref="Array.MaxLength"/> elements are sent or received by this rank.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its part arrived.</exception>
    public static async ValueTask<Exchanged<T>> ExchangeAsync<T>(
        this Communicator communicator, IReadOnlyList<ReadOnlyMemory<T>> parts, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using PackedParts<T> packed = PackedParts<T>.From(parts, communicator.Size);
        try
        {
            return await communicator.ExchangeAsync(packed.All, packed.Layout, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            packed.Abandon();
            throw;
        }
    }

    /// <summary>Every rank gives a block of one buffer to every rank; the counts are found on the way.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="communicator">The ranks that exchange.</param>
    /// <param name="send">The rows of all destinations.</param>
    /// <param name="layout">Which of them go to which rank.</param>
    /// <param name="cancellationToken">Cancelling it revokes the communicator on all ranks.</param>
    /// <inheritdoc cref="ExchangeAsync{T}(Communicator, IReadOnlyList{ReadOnlyMemory{T}}, CancellationToken)"/>
    public static async ValueTask<Exchanged<T>> ExchangeAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, BlockLayout layout, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        Check(communicator, send.Length, layout);
        using CollectiveSteps steps = new(communicator, nameof(Exchange));
        long[] outgoing = layout.Counts.ToArray();
        long[] incoming = new long[communicator.Size];
        PlanKey key = CollectiveExtensions.AllToAllKey<long>(communicator, outgoing, incoming);
        await steps.RunAsync<long>(key, outgoing, incoming, cancellationToken).ConfigureAwait(false);

        // When the collective fails its buffers may still be in use by it, so nothing goes back to the pool then.
        Exchanged<T> received = Exchanged<T>.Rent(incoming);
        key = CollectiveExtensions.AllToAllVKey(communicator, send.Span, layout, received.Writable.Span, received.Layout);
        await steps.RunAsync(key, send, received.Writable, cancellationToken).ConfigureAwait(false);
        return received;
    }

    /// <summary>Every rank gives a part to every rank; the counts are found on the way. Blocks the calling thread.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="communicator">The ranks that exchange.</param>
    /// <param name="parts">Size parts of any length; part i goes to rank i.</param>
    /// <inheritdoc cref="ExchangeAsync{T}(Communicator, IReadOnlyList{ReadOnlyMemory{T}}, CancellationToken)"/>
    public static Exchanged<T> Exchange<T>(this Communicator communicator, IReadOnlyList<ReadOnlyMemory<T>> parts)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        using PackedParts<T> packed = PackedParts<T>.From(parts, communicator.Size);
        try
        {
            return communicator.Exchange(packed.All.Span, packed.Layout);
        }
        catch
        {
            packed.Abandon();
            throw;
        }
    }

    /// <summary>Every rank gives a block of one buffer to every rank; the counts are found on the way. Blocks the calling thread.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="communicator">The ranks that exchange.</param>
    /// <param name="send">The rows of all destinations.</param>
    /// <param name="layout">Which of them go to which rank.</param>
    /// <inheritdoc cref="ExchangeAsync{T}(Communicator, IReadOnlyList{ReadOnlyMemory{T}}, CancellationToken)"/>
    public static Exchanged<T> Exchange<T>(this Communicator communicator, ReadOnlySpan<T> send, BlockLayout layout)
        where T : unmanaged
    {
        Check(communicator, send.Length, layout);
        using CollectiveSteps steps = new(communicator, nameof(Exchange));
        long[] incoming = new long[communicator.Size];
        steps.Run(CollectiveExtensions.AllToAllKey(communicator, layout.Counts, incoming), layout.Counts, incoming);

        Exchanged<T> received = Exchanged<T>.Rent(incoming);
        Span<T> receive = received.Writable.Span;
        steps.Run(CollectiveExtensions.AllToAllVKey(communicator, send, layout, receive, received.Layout), send, receive);
        return received;
    }

    /// <summary>Opens a streaming exchange: rows leave while they are produced and arrive while they are consumed.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="communicator">The ranks that exchange.</param>
    /// <param name="options">Block size and bounds; the same on all ranks.</param>
    /// <remarks>
    /// All ranks open their exchanges in the same order, but nothing is sent by it. Rows go directly from rank to rank, also where the
    /// topology has no link; the job's off-topology policy decides how, and <c>refuse</c> makes writing there a
    /// <see cref="LinkException"/>.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The communicator was disposed.</exception>
    public static StreamingExchange<T> OpenExchange<T>(this Communicator communicator, ExchangeOptions? options = null)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        return new StreamingExchange<T>(communicator, options ?? ExchangeOptions.Default);
    }

    private static void Check(Communicator communicator, int length, BlockLayout layout)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(layout);
        if (layout.Size != communicator.Size)
            throw new ArgumentException(
                $"The layout is for {layout.Size} ranks, the communicator has {communicator.Size}.", nameof(layout));
        if (layout.Extent > length)
            throw new ArgumentException($"The layout reaches to element {layout.Extent}, the buffer has {length}.", nameof(layout));
    }
}
