using BoxerMpi.Collectives;
using BoxerMpi.Schedules;

namespace BoxerMpi;

// Rooted calls, and calls with counts, in which a rank's own block is already where it belongs. MPI 4.1 §6, MPI_IN_PLACE.
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

    /// <summary>Every rank sends a block of its own length to the root, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">At the root where the blocks go, its own in its place already; elsewhere this rank's block.</param>
    /// <param name="layout">At the root, where the block of each rank goes; ignored elsewhere, where it may be null.</param>
    /// <param name="root">The rank that gets the blocks.</param>
    /// <inheritdoc cref="GatherV{T}(Communicator, ReadOnlySpan{T}, Span{T}, BlockLayout?, int)"/>
    public static void GatherV<T>(this Communicator communicator, Span<T> buffer, BlockLayout? layout, int root = 0)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = GatherVInPlace<T>(communicator, buffer.Length, layout, root);
        Run(communicator, key, buffer.Slice(start, length), buffer);
    }

    /// <inheritdoc cref="GatherV{T}(Communicator, Span{T}, BlockLayout?, int)"/>
    public static ValueTask GatherVAsync<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout? layout, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = GatherVInPlace<T>(communicator, buffer.Length, layout, root);
        return RunAsync(communicator, key, buffer.Slice(start, length), buffer, op: null, cancellationToken);
    }

    /// <summary>The root sends a block to every rank, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">
    /// At the root <c>Size</c> blocks, of which its own stays in its place; elsewhere where this rank's block goes.
    /// </param>
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

    /// <summary>The root sends a block of its own length to every rank, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">
    /// At the root where the blocks are, of which its own stays in its place; elsewhere where this rank's block goes.
    /// </param>
    /// <param name="layout">At the root, where the block for each rank is; ignored elsewhere, where it may be null.</param>
    /// <param name="root">The rank that has the blocks.</param>
    /// <inheritdoc cref="ScatterV{T}(Communicator, ReadOnlySpan{T}, BlockLayout?, Span{T}, int)"/>
    public static void ScatterV<T>(this Communicator communicator, Span<T> buffer, BlockLayout? layout, int root = 0)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = ScatterVInPlace<T>(communicator, buffer.Length, layout, root);
        Run(communicator, key, (ReadOnlySpan<T>)buffer, buffer.Slice(start, length));
    }

    /// <inheritdoc cref="ScatterV{T}(Communicator, Span{T}, BlockLayout?, int)"/>
    public static ValueTask ScatterVAsync<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout? layout, int root = 0, CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        (PlanKey key, int start, int length) = ScatterVInPlace<T>(communicator, buffer.Length, layout, root);
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

    /// <summary>Every rank swaps a block of any length with every rank, in place.</summary>
    /// <param name="communicator">The communicator.</param>
    /// <param name="buffer">What goes to the others, and afterwards what came from them.</param>
    /// <param name="layout">Where the block for each rank is, and where the one from it goes: as long as what that rank sends here.</param>
    /// <inheritdoc cref="AllToAllV{T}(Communicator, ReadOnlySpan{T}, BlockLayout, Span{T}, BlockLayout)"/>
    public static void AllToAllV<T>(this Communicator communicator, Span<T> buffer, BlockLayout layout)
        where T : unmanaged => communicator.AllToAllV((ReadOnlySpan<T>)buffer, layout, buffer, layout);

    /// <inheritdoc cref="AllToAllV{T}(Communicator, Span{T}, BlockLayout)"/>
    public static ValueTask AllToAllVAsync<T>(
        this Communicator communicator, Memory<T> buffer, BlockLayout layout, CancellationToken cancellationToken = default)
        where T : unmanaged => communicator.AllToAllVAsync((ReadOnlyMemory<T>)buffer, layout, buffer, layout, cancellationToken);

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

    private static (PlanKey Key, int Start, int Length) GatherVInPlace<T>(
        Communicator communicator, int length, BlockLayout? layout, int root)
        where T : unmanaged
    {
        (int start, int own) = OwnAtRoot(communicator, Collective.GatherV, length, layout, root);
        BlockLayout? known = communicator.Rank == root ? layout : null;
        return (Key<T>(Collective.GatherV, own) with { Root = root, ReceiveLayout = known }, start, own);
    }

    private static (PlanKey Key, int Start, int Length) ScatterVInPlace<T>(
        Communicator communicator, int length, BlockLayout? layout, int root)
        where T : unmanaged
    {
        (int start, int own) = OwnAtRoot(communicator, Collective.ScatterV, length, layout, root);
        BlockLayout? known = communicator.Rank == root ? layout : null;
        return (Key<T>(Collective.ScatterV, own) with { Root = root, SendLayout = known }, start, own);
    }

    /// <summary>As the other form, with blocks that lie at the root as a layout says.</summary>
    private static (int Start, int Length) OwnAtRoot(
        Communicator communicator, Collective collective, int length, BlockLayout? layout, int root)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckRoot(communicator, root);
        if (communicator.Rank != root)
            return (0, length);
        if (collective == Collective.GatherV)
            Arguments.CheckTarget(communicator, collective, nameof(layout), layout!, "buffer", length);
        else
            Arguments.CheckLayout(communicator, collective, nameof(layout), layout!, "buffer", length);
        return OwnIn(layout!, root);
    }

    /// <summary>The place of a rank's block; that of an empty one may lie anywhere, also outside of the buffer.</summary>
    private static (int Start, int Length) OwnIn(BlockLayout layout, int rank)
    {
        int length = (int)layout.Count(rank);
        return (length == 0 ? 0 : (int)layout.Displacement(rank), length);
    }

    private static (PlanKey Key, int Start, int Length) AllGatherVInPlace<T>(Communicator communicator, int length, BlockLayout layout)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(communicator);
        Arguments.CheckTarget(communicator, Collective.AllGatherV, nameof(layout), layout, "buffer", length);
        (int start, int own) = OwnIn(layout, communicator.Rank);
        return (Key<T>(Collective.AllGatherV, own) with { ReceiveLayout = layout }, start, own);
    }
}
