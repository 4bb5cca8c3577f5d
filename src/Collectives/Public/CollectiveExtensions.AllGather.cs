using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Every rank sends a block to all.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's block; of the same length on every rank.</param>
    /// <param name="receive"><c>Size</c> blocks, block i from rank i. May not overlap <paramref name="send"/>.</param>
    /// <remarks>Collective. MPI 4.1 §6.7.</remarks>
    /// <exception cref="ArgumentException">The receive buffer does not hold one block for each rank, or overlaps.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void AllGather<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged => Run(communicator, AllGatherKey(communicator, send, receive), send, receive);

    /// <inheritdoc cref="AllGather{T}(Communicator, ReadOnlySpan{T}, Span{T})"/>
    public static ValueTask AllGatherAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, AllGatherKey(communicator, send.Span, receive.Span), send, receive, op: null, cancellationToken);

    /// <summary>Every rank sends a block to all, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">
    /// <c>Size</c> blocks; this rank's block is in its place when the call is made, the others come from theirs.
    /// </param>
    /// <remarks>Collective. MPI 4.1 §6.7, MPI_IN_PLACE.</remarks>
    /// <exception cref="ArgumentException">The length is not a multiple of the communicator's size.</exception>
    public static void AllGather<T>(this Communicator communicator, Span<T> buffer)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = AllGatherInPlace<T>(communicator, buffer.Length);
        Run(communicator, key, buffer.Slice(start, length), buffer);
    }

    /// <inheritdoc cref="AllGather{T}(Communicator, Span{T})"/>
    public static ValueTask AllGatherAsync<T>(
        this Communicator communicator, Memory<T> buffer, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = AllGatherInPlace<T>(communicator, buffer.Length);
        return RunAsync(communicator, key, buffer.Slice(start, length), buffer, op: null, cancellationToken);
    }

    /// <summary>Every rank sends a value to all.</summary>
    /// <returns>The value of each rank.</returns>
    public static T[] AllGather<T>(this Communicator communicator, T value)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = new T[communicator.Size];
        communicator.AllGather(new ReadOnlySpan<T>(in value), values);
        return values;
    }

    /// <inheritdoc cref="AllGather{T}(Communicator, T)"/>
    public static async ValueTask<T[]> AllGatherAsync<T>(
        this Communicator communicator, T value, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        T[] values = new T[communicator.Size];
        values[communicator.Rank] = value;
        await communicator.AllGatherAsync(values.AsMemory(), cancellationToken).ConfigureAwait(false);
        return values;
    }

    /// <summary>Every rank sends a block of its own length to all.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">This rank's block.</param>
    /// <param name="receive">Where the blocks go. May not overlap <paramref name="send"/>.</param>
    /// <param name="layout">Where the block of each rank goes; with the same counts on every rank.</param>
    /// <remarks>Collective. MPI 4.1 §6.7.</remarks>
    /// <exception cref="ArgumentException">The layout does not fit the communicator, the receive buffer or this rank's block.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its block arrived.</exception>
    public static void AllGatherV<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout layout)
        where T : unmanaged => Run(communicator, AllGatherVKey(communicator, send, receive, layout), send, receive);

    /// <inheritdoc cref="AllGatherV{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout)"/>
    public static ValueTask AllGatherVAsync<T>(
        this Communicator communicator,
        ReadOnlyMemory<T> send,
        Memory<T> receive,
        BlockLayout layout,
        CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, AllGatherVKey(communicator, send.Span, receive.Span, layout), send, receive, op: null, cancellationToken);

    private static PlanKey AllGatherKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckLength(
            communicator, Collective.AllGather, nameof(receive), receive.Length, (long)send.Length * communicator.Size,
            "a block for each rank");
        _ = Arguments.AreSame(Collective.AllGather, send, receive, mayBeSame: communicator.Size == 1);
        return Key<T>(Collective.AllGather, send.Length);
    }

    private static (PlanKey Key, int Start, int Length) AllGatherInPlace<T>(Communicator communicator, long length)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        int block = (int)Arguments.BlockOf(communicator, Collective.AllGather, "buffer", length);
        return (Key<T>(Collective.AllGather, block), communicator.Rank * block, block);
    }

    private static PlanKey AllGatherVKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout layout)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckTarget(communicator, Collective.AllGatherV, nameof(layout), layout, nameof(receive), receive.Length);
        Arguments.CheckLength(
            communicator, Collective.AllGatherV, nameof(send), send.Length, layout.Count(communicator.Rank),
            "this rank's count in the layout");
        _ = Arguments.AreSame(Collective.AllGatherV, send, receive, mayBeSame: false);
        return Key<T>(Collective.AllGatherV, send.Length) with { ReceiveLayout = layout };
    }
}
