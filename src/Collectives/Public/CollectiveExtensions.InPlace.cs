using BoxerMpi.Collectives;

namespace BoxerMpi;

// Rooted calls and all-gathers with counts in which a rank's own block is already where it belongs. MPI 4.1 §6, MPI_IN_PLACE.
public static partial class CollectiveExtensions
{
    /// <summary>Every rank sends a block to the root, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">At the root <c>Size</c> blocks, of which its own is in its place; elsewhere this rank's block.</param>
    /// <param name="root">The rank that gets the blocks.</param>
    /// <inheritdoc cref="Gather{T}(Communicator, ReadOnlySpan{T}, Span{T}, int)"/>
    public static void Gather<T>(this Communicator communicator, Span<T> buffer, int root = 0)
        where T : unmanaged
    {
        (int start, int length) = OwnAtRoot(communicator, Collective.Gather, buffer.Length, root);
        Run(communicator, Key<T>(Collective.Gather, length) with { Root = root }, buffer.Slice(start, length), buffer);
    }

    /// <inheritdoc cref="Gather{T}(Communicator, Span{T}, int)"/>
    public static ValueTask GatherAsync<T>(
        this Communicator communicator, Memory<T> buffer, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        (int start, int length) = OwnAtRoot(communicator, Collective.Gather, buffer.Length, root);
        PlanKey key = Key<T>(Collective.Gather, length) with { Root = root };
        return RunAsync(communicator, key, buffer.Slice(start, length), buffer, op: null, cancellationToken);
    }

    /// <summary>The root sends a block to every rank, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">At the root <c>Size</c> blocks, of which its own stays in its place; elsewhere where this rank's block goes.</param>
    /// <param name="root">The rank that has the blocks.</param>
    /// <inheritdoc cref="Scatter{T}(Communicator, ReadOnlySpan{T}, Span{T}, int)"/>
    public static void Scatter<T>(this Communicator communicator, Span<T> buffer, int root = 0)
        where T : unmanaged
    {
        (int start, int length) = OwnAtRoot(communicator, Collective.Scatter, buffer.Length, root);
        Run(communicator, Key<T>(Collective.Scatter, length) with { Root = root }, (ReadOnlySpan<T>)buffer, buffer.Slice(start, length));
    }

    /// <inheritdoc cref="Scatter{T}(Communicator, Span{T}, int)"/>
    public static ValueTask ScatterAsync<T>(
        this Communicator communicator, Memory<T> buffer, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        (int start, int length) = OwnAtRoot(communicator, Collective.Scatter, buffer.Length, root);
        PlanKey key = Key<T>(Collective.Scatter, length) with { Root = root };
        return RunAsync(communicator, key, buffer, buffer.Slice(start, length), op: null, cancellationToken);
    }

    /// <summary>Folds the vectors of all ranks into one at the root, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">This rank's vector; at the root, then the fold. Of the same length on every rank.</param>
    /// <param name="op">How two ranks' elements fold; the same on every rank.</param>
    /// <param name="root">The rank that gets the fold.</param>
    /// <inheritdoc cref="Reduce{T}(Communicator, ReadOnlySpan{T}, Span{T}, ReduceOp{T}, int)"/>
    public static void Reduce<T>(this Communicator communicator, Span<T> buffer, ReduceOp<T> op, int root = 0)
        where T : unmanaged => communicator.Reduce((ReadOnlySpan<T>)buffer, buffer, op, root);

    /// <inheritdoc cref="Reduce{T}(Communicator, Span{T}, ReduceOp{T}, int)"/>
    public static ValueTask ReduceAsync<T>(
        this Communicator communicator, Memory<T> buffer, ReduceOp<T> op, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged => communicator.ReduceAsync((ReadOnlyMemory<T>)buffer, buffer, op, root, cancellationToken);

    /// <summary>Every rank sends a block of its own length to all, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">Where the blocks go; this rank's block is in its place when the call is made.</param>
    /// <param name="layout">Where the block of each rank is; with the same counts on every rank.</param>
    /// <inheritdoc cref="AllGatherV{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout)"/>
    public static void AllGatherV<T>(this Communicator communicator, Span<T> buffer, BlockLayout layout)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = AllGatherVInPlace<T>(communicator, buffer.Length, layout);
        Run(communicator, key, buffer.Slice(start, length), buffer);
    }

    /// <inheritdoc cref="AllGatherV{T}(Communicator, Span{T}, BlockLayout)"/>
    public static ValueTask AllGatherVAsync<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout layout, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = AllGatherVInPlace<T>(communicator, buffer.Length, layout);
        return RunAsync(communicator, key, buffer.Slice(start, length), buffer, op: null, cancellationToken);
    }

    /// <summary>Where this rank's block is in a buffer that holds all blocks at the root and one block elsewhere.</summary>
    private static (int Start, int Length) OwnAtRoot(Communicator communicator, Collective collective, int length, int root)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        if (communicator.Rank != root)
            return (0, length);
        int block = (int)Arguments.BlockOf(communicator, collective, "buffer", length);
        return (root * block, block);
    }

    private static (PlanKey Key, int Start, int Length) AllGatherVInPlace<T>(Communicator communicator, int length, BlockLayout layout)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckLayout(communicator, Collective.AllGatherV, nameof(layout), layout, "buffer", length);
        int own = (int)layout.Count(communicator.Rank);
        int start = own == 0 ? 0 : (int)layout.Displacement(communicator.Rank);
        return (Key<T>(Collective.AllGatherV, own) with { ReceiveLayout = layout }, start, own);
    }
}
