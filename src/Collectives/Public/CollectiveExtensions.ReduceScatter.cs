using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

public static partial class CollectiveExtensions
{
    /// <summary>Folds the vectors of all ranks into one and hands every rank a block of it.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send"><c>Size</c> blocks, of the same length on every rank. Not changed.</param>
    /// <param name="receive">One block: the fold of everybody's block for this rank. May not overlap <paramref name="send"/>.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>Collective. Operations that do not commute fold in the order of the ranks. MPI 4.1 §6.10.</remarks>
    /// <exception cref="ArgumentException">The send buffer does not hold one block for each rank, or overlaps.</exception>
    /// <exception cref="PeerFailedException">A rank was lost before its blocks arrived.</exception>
    public static void ReduceScatterBlock<T>(this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, ReduceScatterBlockKey(communicator, send, receive, op), send, receive, op);

    /// <inheritdoc cref="ReduceScatterBlock{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T})"/>
    public static ValueTask ReduceScatterBlockAsync<T>(
        this Communicator communicator, ReadOnlyMemory<T> send, Memory<T> receive, ReduceOp<T> op, CancellationToken cancellationToken =
            default)
        where T : unmanaged =>
        RunAsync(communicator, ReduceScatterBlockKey(communicator, send.Span, receive.Span, op), send, receive, op, cancellationToken);

    /// <summary>Folds the vectors of all ranks into one and hands every rank a block of it, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">
    /// <c>Size</c> blocks; afterwards this rank's block of the fold lies at the start, and the rest is undefined.
    /// </param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>Collective. MPI 4.1 §6.10, MPI_IN_PLACE.</remarks>
    /// <exception cref="ArgumentException">The length is not a multiple of the communicator's size.</exception>
    public static void ReduceScatterBlock<T>(this Communicator communicator, Span<T> buffer, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, ReduceScatterBlockInPlace(communicator, buffer.Length, op), buffer, buffer, op);

    /// <inheritdoc cref="ReduceScatterBlock{T}(Communicator, Span{T}, ReduceOp{T})"/>
    public static ValueTask ReduceScatterBlockAsync<T>(
        this Communicator communicator, Memory<T> buffer, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, ReduceScatterBlockInPlace(communicator, buffer.Length, op), buffer, buffer, op, cancellationToken);

    /// <summary>Folds the vectors of all ranks into one and hands every rank a block of its own length of it.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="send">The blocks of all ranks, one after the other; of the same length on every rank. Not changed.</param>
    /// <param name="receive">This rank's block: the fold of everybody's block for it. May not overlap <paramref name="send"/>.</param>
    /// <param name="layout">How long the block of each rank is, without gaps; with the same counts on every rank.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>Collective. Operations that do not commute fold in the order of the ranks. MPI 4.1 §6.10, MPI_Reduce_scatter.</remarks>
    /// <exception cref="ArgumentException">
    /// The layout does not fit the communicator or a buffer, or has gaps; or the buffers overlap.
    /// </exception>
    /// <exception cref="PeerFailedException">A rank was lost before its blocks arrived.</exception>
    public static void ReduceScatter<T>(
        this Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, ReduceScatterKey(communicator, send, receive, layout, op), send, receive, op);

    /// <inheritdoc cref="ReduceScatter{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout, ReduceOp{T})"/>
    public static ValueTask ReduceScatterAsync<T>(
        this Communicator communicator,
        ReadOnlyMemory<T> send,
        Memory<T> receive,
        BlockLayout layout,
        ReduceOp<T> op,
        CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, ReduceScatterKey(communicator, send.Span, receive.Span, layout, op), send, receive, op, cancellationToken);

    /// <summary>Folds the vectors of all ranks into one and hands every rank a block of its own length of it, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">
    /// The blocks of all ranks; afterwards this rank's block of the fold lies at the start, and the rest is undefined.
    /// </param>
    /// <param name="layout">How long the block of each rank is, without gaps; with the same counts on every rank.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <remarks>Collective. MPI 4.1 §6.10, MPI_IN_PLACE.</remarks>
    /// <exception cref="ArgumentException">The layout does not fit the communicator or the buffer, or has gaps.</exception>
    public static void ReduceScatter<T>(this Communicator communicator, Span<T> buffer, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged => Run(communicator, ReduceScatterInPlace(communicator, buffer.Length, layout, op), buffer, buffer, op);

    /// <inheritdoc cref="ReduceScatter{T}(Communicator, Span{T}, BlockLayout, ReduceOp{T})"/>
    public static ValueTask ReduceScatterAsync<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout layout, ReduceOp<T> op, CancellationToken cancellationToken = default)
        where T : unmanaged =>
        RunAsync(communicator, ReduceScatterInPlace(communicator, buffer.Length, layout, op), buffer, buffer, op, cancellationToken);

    private static PlanKey ReduceScatterBlockKey<T>(Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, ReduceOp<T> op)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckLength(
            communicator, Collective.ReduceScatterBlock, nameof(send), send.Length, (long)receive.Length * communicator.Size,
            "a block for each rank");
        _ = Arguments.AreSame(Collective.ReduceScatterBlock, send, receive, mayBeSame: communicator.Size == 1);
        return Key<T>(Collective.ReduceScatterBlock, receive.Length) with { Commutative = op.IsCommutative };
    }

    private static PlanKey ReduceScatterBlockInPlace<T>(Communicator communicator, long length, ReduceOp<T> op)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        long block = Arguments.BlockOf(communicator, Collective.ReduceScatterBlock, "buffer", length);
        return Key<T>(Collective.ReduceScatterBlock, block) with { Commutative = op.IsCommutative, StageSend = communicator.Size > 1 };
    }

    private static PlanKey ReduceScatterKey<T>(
        Communicator communicator, ReadOnlySpan<T> send, Span<T> receive, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged
    {
        PlanKey key = ReduceScatterLayout(communicator, send.Length, nameof(send), layout, op);
        Arguments.CheckLength(
            communicator, Collective.ReduceScatter, nameof(receive), receive.Length, layout.Count(communicator.Rank),
            "this rank's count in the layout");
        _ = Arguments.AreSame(Collective.ReduceScatter, send, receive, mayBeSame: communicator.Size == 1);
        return key;
    }

    private static PlanKey ReduceScatterInPlace<T>(Communicator communicator, long length, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged =>
        ReduceScatterLayout(communicator, length, "buffer", layout, op) with { StageSend = communicator.Size > 1 };

    private static PlanKey ReduceScatterLayout<T>(Communicator communicator, long length, string buffer, BlockLayout layout, ReduceOp<T> op)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        ArgumentNullException.ThrowIfNull(op);
        Arguments.CheckLayout(communicator, Collective.ReduceScatter, nameof(layout), layout, buffer, length);
        if (!layout.IsContiguous)
        {
            throw new ArgumentException(
                $"{Collective.ReduceScatter} on \"{communicator.Name}\": the blocks lie one after the other, the layout has gaps or " +
                $"another order. " +
                "Make it from counts alone.", nameof(layout));
        }

        Arguments.CheckLength(communicator, Collective.ReduceScatter, buffer, length, layout.Total, "the sum of the layout's counts");
        return Key<T>(Collective.ReduceScatter, layout.Count(communicator.Rank)) with
        {
            Commutative = op.IsCommutative,
            SendLayout = layout,
        };
    }
}
